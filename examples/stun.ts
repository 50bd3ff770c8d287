/**
 * A STUN server: tells clients the source address of their datagrams. RFC 8489, and RFC 3489 for old clients
 *
 *   deno run --allow-ffi examples/stun.ts 3478      turnutils_stunclient -p 3478 127.0.0.2
 */
import process from "node:process";
import { type Endpoint, parseAddress, serve } from "@echo-ts/udp";

const HEADER_SIZE = 20;
const BINDING_REQUEST = 0x0001;
const BINDING_RESPONSE = 0x0101;
const MAGIC_COOKIE = 0x2112a442;

const MAPPED_ADDRESS = 0x0001;
const XOR_MAPPED_ADDRESS = 0x0020;
/** The source of the response, which only a server that knows its local address can tell. RFC 5780, 7.3 */
const RESPONSE_ORIGIN = 0x802b;

/** Encodes an endpoint as an attribute. Its bytes are XORed with those of `mask`, if given. */
function endpointAttribute(type: number, { address, port }: Endpoint, mask?: Uint8Array): Uint8Array {
  const { bytes } = parseAddress(address)!;
  const value = Uint8Array.of(0, bytes.length === 4 ? 1 : 2, port >> 8, port, ...bytes);
  if (mask) {
    for (let i = 0; i < 2; i++) value[2 + i]! ^= mask[i]!;
    for (let i = 0; i < bytes.length; i++) value[4 + i]! ^= mask[i]!;
  }
  return Uint8Array.of(type >> 8, type, 0, value.length, ...value);
}

function answer(request: Uint8Array, peer: Endpoint, local: Endpoint): Uint8Array | undefined {
  if (request.length < HEADER_SIZE) return;
  const view = new DataView(request.buffer, request.byteOffset, request.length);
  if (view.getUint16(0) !== BINDING_REQUEST || view.getUint16(2) !== request.length - HEADER_SIZE) return;
  const old = view.getUint32(4) !== MAGIC_COOKIE;
  // The magic cookie and the transaction ID. The response repeats both.
  const id = request.subarray(4, HEADER_SIZE);
  const attributes = old ? [endpointAttribute(MAPPED_ADDRESS, peer)] : [
    endpointAttribute(XOR_MAPPED_ADDRESS, peer, id),
    endpointAttribute(RESPONSE_ORIGIN, local),
  ];
  const length = attributes.reduce((sum, attribute) => sum + attribute.length, 0);
  const words = [BINDING_RESPONSE, length].flatMap((word) => [word >> 8, word]);
  return Uint8Array.of(...words, ...id, ...attributes.flatMap((attribute) => [...attribute]));
}

await serve({
  port: Number(process.argv[2] ?? 3478),
  // Only requests are answered, so two servers cannot exchange datagrams without end.
  guard: false,
  onListen: ({ socket }) => console.log(`answering on ${socket.endpoint}`),
}, ({ payload, peer, local }) => answer(payload, peer, local));
