/**
 * An authoritative DNS server for one name. Its address is the address that the query was sent to. RFC 1035
 *
 *   deno run --allow-ffi examples/dns.ts 5300      dig @127.0.0.2 -p 5300 here.test
 */
import process from "node:process";
import { parseAddress, serve } from "@echo-ts/udp";

const NAME = "here.test";
const [A, AAAA, IN] = [1, 28, 1];
const [NO_ERROR, FORMAT_ERROR, NOT_IMPLEMENTED, REFUSED] = [0, 1, 4, 5];
const HEADER_SIZE = 12;
const [RESPONSE, OPCODE, AUTHORITATIVE, RECURSION_DESIRED] = [0x8000, 0x7800, 0x0400, 0x0100];

/** Reads the question after the header: its name, type, class, and end; undefined if it is incomplete. */
function readQuestion(query: Uint8Array) {
  const labels: string[] = [];
  let offset = HEADER_SIZE;
  for (let length = query[offset++]; length; length = query[offset++]) {
    labels.push(String.fromCharCode(...query.subarray(offset, offset + length)).toLowerCase());
    offset += length;
  }
  if (offset + 4 > query.length) return undefined;
  const view = new DataView(query.buffer, query.byteOffset + offset, 4);
  return { name: labels.join("."), type: view.getUint16(0), class: view.getUint16(2), end: offset + 4 };
}

function answer(query: Uint8Array, localAddress: string): Uint8Array | undefined {
  if (query.length < HEADER_SIZE) return;
  const header = new DataView(query.buffer, query.byteOffset, HEADER_SIZE);
  const flags = header.getUint16(2);
  if (flags & RESPONSE) return;
  const question = header.getUint16(4) === 1 ? readQuestion(query) : undefined;
  const ours = question?.name === NAME && question.class === IN;
  const code = flags & OPCODE ? NOT_IMPLEMENTED : !question ? FORMAT_ERROR : ours ? NO_ERROR : REFUSED;

  const { bytes: address } = parseAddress(localAddress)!;
  const found = code === NO_ERROR && question?.type === (address.length === 4 ? A : AAAA);
  const end = question?.end ?? HEADER_SIZE;
  const reply = new Uint8Array(end + (found ? 12 + address.length : 0));
  reply.set(query.subarray(0, end));
  const view = new DataView(reply.buffer);
  view.setUint16(2, RESPONSE | flags & (OPCODE | RECURSION_DESIRED) | (ours ? AUTHORITATIVE : 0) | code);
  [question ? 1 : 0, found ? 1 : 0, 0, 0].forEach((count, i) => view.setUint16(4 + i * 2, count));
  if (found) {
    // A pointer to the name in the question, and a TTL of 60 seconds. RFC 1035, 4.1.3 and 4.1.4
    [0xc000 | HEADER_SIZE, question!.type, IN, 0, 60, address.length].forEach((word, i) =>
      view.setUint16(end + i * 2, word)
    );
    reply.set(address, end + 12);
  }
  return reply;
}

await serve({
  port: Number(process.argv[2] ?? 53),
  // Only requests are answered, so two servers cannot exchange datagrams without end.
  guard: false,
  onListen: ({ socket }) => console.log(`answering for ${NAME} on ${socket.endpoint}`),
}, ({ payload, local }) => answer(payload, local.address));
