/**
 * An SNTP server that gives the time of this host. RFC 4330
 *
 *   deno run --allow-ffi examples/sntp.ts 1123      chronyd -Q 'server 127.0.0.2 port 1123 iburst'
 */
import process from "node:process";
import { serve } from "@echo-ts/udp";

const PACKET_SIZE = 48;
const CLIENT = 3;
const SERVER = 4;
/** A secondary server, far from any reference clock. RFC 4330, 4 */
const STRATUM = 10;
/** Precision of the clock: about a microsecond, as a power of two in seconds. */
const PRECISION = -20;
/** Seconds between the epochs of NTP (1900) and Unix (1970). */
const NTP_EPOCH = 2_208_988_800;

/** Returns the time now, in seconds since 1900 and fractions of 2^-32 seconds. */
function now(): [seconds: number, fraction: number] {
  const time = (performance.timeOrigin + performance.now()) / 1000 + NTP_EPOCH;
  return [Math.floor(time), (time % 1) * 2 ** 32];
}

function answer(request: Uint8Array): Uint8Array | undefined {
  const [seconds, fraction] = now();
  if (request.length < PACKET_SIZE || (request[0]! & 7) !== CLIENT) return;
  const version = request[0]! >> 3 & 7;
  const reply = new Uint8Array(PACKET_SIZE);
  const view = new DataView(reply.buffer);
  reply[0] = version << 3 | SERVER;
  reply[1] = STRATUM;
  reply[2] = request[2]!; // poll interval of the client
  view.setInt8(3, PRECISION);
  view.setUint32(8, 1 << 16 >> 10); // root dispersion: a millisecond
  reply.set(new TextEncoder().encode("LOCL"), 12);
  view.setUint32(16, seconds); // reference timestamp: when the clock was last set
  reply.set(request.subarray(40, 48), 24); // originate timestamp: when the client sent the request
  [seconds, fraction, ...now()].forEach((word, i) => view.setUint32(32 + i * 4, word));
  return reply;
}

await serve({
  port: Number(process.argv[2] ?? 123),
  // Only requests are answered, so two servers cannot exchange datagrams without end.
  guard: false,
  onListen: ({ socket }) => console.log(`giving the time on ${socket.endpoint}`),
}, ({ payload }) => answer(payload));
