/**
 * UDP sockets that know their local address, for Deno, Bun and Node.js on Linux.
 *
 * A socket bound to all addresses of a host reports the local address of each datagram, and replies from it. `node:dgram`,
 * `Deno.listenDatagram` and `Bun.udpSocket` cannot.
 *
 * {@link serve} suffices for most servers: a function from request to reply.
 *
 * ```ts
 * import { serve } from "@echo-ts/udp";
 *
 * const encoder = new TextEncoder();
 * await serve({ port: 5301, signal: AbortSignal.timeout(100) }, ({ peer, local }) => {
 *   return encoder.encode(`${peer.address} asked ${local.address} on ${local.interfaceName}\n`);
 * });
 * ```
 *
 * It is built on {@link UdpSocket} and {@link MessageBatch}: many datagrams a system call, in memory that is allocated
 * once.
 *
 * ```ts
 * import { MULTICAST, UdpSocket } from "@echo-ts/udp";
 *
 * using server = UdpSocket.bind({ port: 0 });
 * using client = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
 * client.sendTo(new TextEncoder().encode("hello"), { to: { address: "127.0.0.2", port: server.port } });
 *
 * const batch = server.batch(16);
 * while (await server.readable()) {
 *   server.tryReceive(batch);
 *   for (let i = 0; i < batch.count; i++) {
 *     if (batch.destination(i) !== MULTICAST) batch.markForSend(i);
 *     console.log(`${batch.size(i)} bytes for ${batch.localAddress(i)}`);
 *   }
 *   if (server.send(batch) > 0) break;
 * }
 *
 * await client.readable();
 * const answers = client.batch(1);
 * client.tryReceive(answers);
 * if (answers.peer(0).address !== "127.0.0.2") throw new Error("answered from another address");
 * ```
 *
 * An {@link ErrorQueue} reports the errors that sent datagrams met, the hosts that reported them, and times of departure.
 *
 * It needs Linux on x86-64 or aarch64, and on Deno the permission `--allow-ffi`. Errors are a {@link SystemError}, or a
 * {@link LibraryError} if libc cannot be called.
 * @module
 */

export { LibraryError } from "../ffi/contract.ts";
export { SystemError } from "../ffi/errno.ts";
export type { Endpoint, ResolvedAddress } from "./net/endpoint.ts";
export { formatAddress, type IpAddress, parseAddress } from "./net/ip_address.ts";
export type { AdoptOptions } from "./socket/adopt.ts";
export { BatchSocket } from "./socket/batch_socket.ts";
export type { BindOptions } from "./socket/bind.ts";
export { constants } from "./socket/constants.ts";
export { BROADCAST, type Destination, MULTICAST, UNICAST, UNKNOWN } from "./socket/control_message.ts";
export { type Datagram, datagrams } from "./socket/datagram.ts";
export { type Departure, ErrorQueue, type ErrorReport } from "./socket/error_queue.ts";
export { type GroupOptions, joinGroup, leaveGroup } from "./socket/groups.ts";
export { MessageBatch } from "./socket/message_batch.ts";
export { PAYLOAD_SIZE_MAX } from "./socket/messages.ts";
export type { SocketOptions, UdpBindOptions } from "./socket/options.ts";
export { type LocalEndpoint, Path } from "./socket/path.ts";
export type { WaitOptions } from "./socket/readiness.ts";
export type { Route } from "./socket/route.ts";
export { serve } from "./socket/serve.ts";
export type { ServeOptions, UdpHandler, UdpReply, UdpRequest, UdpServer } from "./socket/serve_options.ts";
export { isServicePort, SERVICE_PORTS } from "./socket/service_ports.ts";
export { UdpSocket } from "./socket/udp_socket.ts";
