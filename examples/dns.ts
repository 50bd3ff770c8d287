/**
 * An authoritative DNS server for one name, whose address is the one that the server was asked at: RFC 1035.
 *
 *   deno run --allow-ffi examples/dns.ts 5300      dig @127.0.0.2 -p 5300 here.test
 */
import process from "node:process";
import { parseAddress, serve } from "echo.ts";

const NAME = "here.test";
const [A, AAAA, IN] = [1, 28, 1];
const [NO_ERROR, FORMAT_ERROR, NOT_IMPLEMENTED, REFUSED] = [0, 1, 4, 5];
const [RESPONSE, OPCODE, AUTHORITATIVE, RECURSION_DESIRED] = [0x8000, 0x7800, 0x0400, 0x0100];

/** Reads the question after the header: its name, type and class, and where it ends. */
function readQuestion(query: Uint8Array) {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at++]; length; length = query[at++]) {
    labels.push(String.fromCharCode(...query.subarray(at, at + length)).toLowerCase());
    at += length;
  }
  if (at + 4 > query.length) return undefined;
  const view = new DataView(query.buffer, query.byteOffset + at, 4);
  return { name: labels.join("."), type: view.getUint16(0), class: view.getUint16(2), end: at + 4 };
}

function answer(query: Uint8Array, localAddress: string): Uint8Array | undefined {
  if (query.length < 12) return;
  const asked = new DataView(query.buffer, query.byteOffset, query.length);
  const flags = asked.getUint16(2);
  if (flags & RESPONSE) return;
  const question = asked.getUint16(4) === 1 ? readQuestion(query) : undefined;
  const ours = question?.name === NAME && question.class === IN;
  const code = flags & OPCODE ? NOT_IMPLEMENTED : !question ? FORMAT_ERROR : ours ? NO_ERROR : REFUSED;

  const ipv4 = !localAddress.includes(":");
  const address = parseAddress(localAddress.split("%")[0]!)!.subarray(ipv4 ? 12 : 0);
  const found = code === NO_ERROR && question?.type === (ipv4 ? A : AAAA);
  const end = question?.end ?? 12;
  const reply = new Uint8Array(end + (found ? 12 + address.length : 0));
  reply.set(query.subarray(0, end));
  const view = new DataView(reply.buffer);
  view.setUint16(2, RESPONSE | flags & (OPCODE | RECURSION_DESIRED) | (ours ? AUTHORITATIVE : 0) | code);
  [question ? 1 : 0, found ? 1 : 0, 0, 0].forEach((count, i) => view.setUint16(4 + i * 2, count));
  if (found) {
    // The name is the one at 12, the header's end. It may be kept for 60 seconds.
    [0xc00c, question!.type, IN, 0, 60, address.length].forEach((word, i) => view.setUint16(end + i * 2, word));
    reply.set(address, end + 12);
  }
  return reply;
}

await serve({
  port: Number(process.argv[2] ?? 53),
  onListen: (socket) => console.log(`answering for ${NAME} on ${socket.endpoint}`),
}, ({ payload, local }) => answer(payload, local.address));
