/**
 * A multicast DNS responder for one name: here.local is the address of the interface that the question came by.
 * RFC 6762
 *
 *   deno run --allow-ffi examples/mdns.ts 5353      avahi-resolve -4 -n here.local
 */
import process from "node:process";
import { MULTICAST, parseAddress, serve, type UdpRequest, type UdpServer } from "@echo-ts/udp";

const NAME = ["here", "local"];
const PORT = 5353;
const GROUP = "224.0.0.251";
const [A, ANY, IN] = [1, 255, 1];
/** In a question: a unicast answer is welcome. In an answer: it replaces older ones. RFC 6762, 5.4 and 10.2 */
const TOP_BIT = 0x8000;
const HEADER_SIZE = 12;
const RESPONSE = 0x8400;
const TTL_SECONDS = 120;
/** Clients that are no mDNS responders must forget answers soon. RFC 6762, 6.7 */
const LEGACY_TTL_SECONDS = 10;

const words = (...values: number[]) => values.flatMap((value) => [value >> 8 & 255, value & 255]);
const name = [...NAME.flatMap((label) => [label.length, ...new TextEncoder().encode(label)]), 0];

/** A question of a query. */
interface Question {
  name: string;
  type: number;
  class: number;
}

/** Reads the questions of a query; undefined if it is none, or damaged. */
function readQuestions(query: Uint8Array): Question[] | undefined {
  if (query.length < HEADER_SIZE) return undefined;
  const view = new DataView(query.buffer, query.byteOffset, query.length);
  if (view.getUint16(2) & RESPONSE) return undefined;
  const questions: Question[] = [];
  let at = HEADER_SIZE;
  for (let count = view.getUint16(4); count > 0; count--) {
    const labels: string[] = [];
    let end = 0;
    // A label, or a pointer to earlier ones. RFC 1035, 4.1.4
    for (let length = query[at]; length !== 0; length = query[at]) {
      if (length === undefined || at >= query.length || labels.length > 127) return undefined;
      if (length >= 0xc0) {
        end ||= at + 1;
        at = (length & 0x3f) << 8 | query[at + 1]!;
        if (at < HEADER_SIZE) return undefined;
        // It must not count for ever: each pointer is as good as a label.
        labels.push("");
        continue;
      }
      labels.push(String.fromCharCode(...query.subarray(at + 1, at + 1 + length)).toLowerCase());
      at += 1 + length;
    }
    at = (end || at) + 1;
    if (at + 4 > query.length) return undefined;
    const text = labels.filter((label) => label !== "").join(".");
    questions.push({ name: text, type: view.getUint16(at), class: view.getUint16(at + 2) });
    at += 4;
  }
  return questions;
}

function answer(request: UdpRequest, { send }: UdpServer): Uint8Array | undefined {
  const { payload: query, peer, local, destination } = request;
  const asked = readQuestions(query)?.find((question) =>
    question.name === NAME.join(".") && (question.type === A || question.type === ANY) &&
    (question.class & ~TOP_BIT) === IN
  );
  if (asked === undefined || local.address === "0.0.0.0") return;
  const { bytes } = parseAddress(local.address)!;
  const legacy = peer.port !== PORT;
  const ttl = legacy ? LEGACY_TTL_SECONDS : TTL_SECONDS;
  const record = [...name, ...words(A, legacy ? IN : IN | TOP_BIT, 0, ttl, bytes.length), ...bytes];
  const question = legacy ? [...name, ...words(asked.type, IN)] : [];
  const id = legacy ? query[0]! << 8 | query[1]! : 0;
  const reply = Uint8Array.of(...words(id, RESPONSE, legacy ? 1 : 0, 1, 0, 0), ...question, ...record);
  console.log(`${local.address} on ${local.interfaceName} for ${peer.address}`);
  if (legacy || asked.class & TOP_BIT || destination !== MULTICAST) return reply;
  // All responders on the link learn from the answer.
  send(reply, { to: { address: GROUP, port: PORT }, from: local.address, interfaceIndex: local.interfaceIndex });
}

await serve({
  port: Number(process.argv[2] ?? PORT),
  family: 4,
  // Other responders of this host have the port too.
  reuseAddress: true,
  multicastTtl: 255,
  // Responders have the same port, and only questions are answered.
  guard: false,
  onListen: ({ socket }) => {
    // On each of these interfaces; by default on the one that the routing table names.
    const interfaces = process.argv.slice(3);
    for (const device of interfaces) socket.joinGroup(GROUP, { interface: device });
    if (interfaces.length === 0) socket.joinGroup(GROUP);
    console.log(`answering for ${NAME.join(".")} on ${socket.endpoint}`);
  },
}, answer);
