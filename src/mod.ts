/**
 * UDP servers and clients that know their local address, for Deno and Bun on Linux.
 *
 * A socket that is bound to all addresses of a host knows of each datagram where it was sent to, and answers from there.
 * Neither `node:dgram` nor `Deno.listenDatagram` nor `Bun.udpSocket` can.
 *
 * For most servers {@link serve} is enough: a function from request to reply.
 *
 * ```ts
 * import { serve } from "echo.ts";
 *
 * const encoder = new TextEncoder();
 * await serve({ port: 5301, signal: AbortSignal.timeout(100) }, ({ peer, local }) => {
 *   return encoder.encode(`${peer.address} asked ${local.address} on ${local.interfaceName}\n`);
 * });
 * ```
 *
 * {@link UdpSocket} and {@link MessageBatch} are what it is built on: many datagrams a system call, in memory that is
 * allocated once.
 *
 * ```ts
 * import { MULTICAST, UdpSocket } from "echo.ts";
 *
 * using server = UdpSocket.bind({ port: 0 });
 * using client = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
 * client.sendTo(new TextEncoder().encode("hello"), { to: { address: "127.0.0.2", port: server.port } });
 *
 * const batch = server.batch(16);
 * while (await server.readable()) {
 *   server.receive(batch, false);
 *   for (let i = 0; i < batch.count; i++) {
 *     if (batch.destination(i) !== MULTICAST) batch.reply(i);
 *     console.log(`${batch.size(i)} bytes for ${batch.localAddress(i)}`);
 *   }
 *   if (server.send(batch) > 0) break;
 * }
 *
 * await client.readable();
 * const answers = client.batch(1);
 * client.receive(answers, false);
 * if (answers.peer(0).address !== "127.0.0.2") throw new Error("answered from another address");
 * ```
 *
 * What became of datagrams after they were sent, an {@link ErrorQueue} tells: which errors came of them and who reported
 * those, and when they left.
 *
 * It needs Linux on x86-64 or ARM, and in Deno the permission `--allow-ffi`. Errors are a {@link SystemError}, or a
 * {@link LibraryError} where libc can't be called.
 * @module
 */

export { SystemError } from "../ffi/errno.ts";
export { LibraryError } from "../ffi/contract.ts";
export { TIME_ORIGIN_SECONDS, wallTime } from "../ffi/libc.ts";
export { parseAddress } from "./net/address.ts";
export type { Endpoint, ResolvedAddress } from "./net/endpoint.ts";
export { type Departure, ErrorQueue, type ErrorReport } from "./socket/error_queue.ts";
export {
  type BatchMemory,
  BROADCAST,
  type Destination,
  MessageBatch,
  MULTICAST,
  PAYLOAD_SIZE_MAX,
  type Route,
  UNICAST,
  UNKNOWN,
} from "./socket/message_batch.ts";
export { Path } from "./socket/path.ts";
export {
  type LocalEndpoint,
  serve,
  type ServeOptions,
  type UdpHandler,
  type UdpReply,
  type UdpRequest,
} from "./socket/serve.ts";
export { type BindOptions, UdpSocket } from "./socket/udp_socket.ts";
