/**
 * A DNS forwarder. Queries and answers leave in batches, one for each turn of the event loop. RFC 1035
 *
 *   deno run --allow-ffi examples/dns_forwarder.ts 5300 9.9.9.9      dig @127.0.0.2 -p 5300 example.com
 */
import process from "node:process";
import { type Path, serve, type UdpServer } from "@echo-ts/udp";

const HEADER_SIZE = 12;
const TIMEOUT_MILLISECONDS = 5000;
const [address = "127.0.0.53", port = "53"] = process.argv.slice(3);

/** Queries that wait for an answer, by the number that they have upstream. */
const waiting = new Map<number, (answer: Uint8Array) => void>();
let upstream: UdpServer | undefined;
let path: Path | undefined;

/** The number in the header of a message. */
const numberOf = (message: Uint8Array) => message[0]! << 8 | message[1]!;

/** Asks the upstream server, under a number that no other query has. */
function ask(query: Uint8Array): Promise<Uint8Array | undefined> {
  const [random] = crypto.getRandomValues(new Uint16Array(1));
  let number = random!;
  while (waiting.has(number)) number = (number + 1) & 0xffff;
  const [high, low] = query;
  query.set([number >> 8, number & 255]);
  upstream!.send(query, path!);
  return new Promise((resolve) => {
    const timer = setTimeout(() => (waiting.delete(number), resolve(undefined)), TIMEOUT_MILLISECONDS);
    waiting.set(number, (answer) => {
      clearTimeout(timer);
      waiting.delete(number);
      answer.set([high!, low!]);
      resolve(answer);
    });
  });
}

void serve({
  port: 0,
  // Only the upstream server may answer.
  onListen: (server) => {
    server.socket.connect({ address, port: Number(port) });
    path = server.socket.path({ to: { address, port: Number(port) } });
    upstream = server;
  },
}, ({ payload }) => waiting.get(numberOf(payload))?.(payload));

await serve({
  port: Number(process.argv[2] ?? 53),
  // Fewer than there are numbers.
  maxPending: 50_000,
  // Only queries are answered, so two servers cannot exchange datagrams without end.
  guard: false,
  onListen: ({ socket }) => console.log(`asking ${address} for clients on ${socket.endpoint}`),
}, ({ payload }) => payload.length < HEADER_SIZE || payload[2]! & 0x80 ? undefined : ask(payload));
