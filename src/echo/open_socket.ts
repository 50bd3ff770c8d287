/**
 * The socket of a server.
 * @module
 */

import { AF_INET6, IP_RECVTOS, IPPROTO_IP, IPPROTO_IPV6, IPV6_RECVTCLASS } from "../../ffi/constants.ts";
import { BatchSocket } from "../socket/batch_socket.ts";
import type { EchoSettings } from "./options.ts";

/**
 * Binds the socket of this process, or adopts one.
 * @param fd descriptor of a bound socket, if any
 */
export function openSocket(settings: EchoSettings, fd: number | undefined): BatchSocket {
  const { port, address, family, receiveBufferBytes: receiveBuffer } = settings;
  const socket = fd === undefined
    ? BatchSocket.bind({ port, address, family, receiveBuffer })
    : BatchSocket.adopt(fd, { receiveBuffer });
  if (settings.reflectTos) {
    // A socket for both families needs both.
    socket.setOption(IPPROTO_IP, IP_RECVTOS, 1);
    if (socket.domain === AF_INET6) socket.setOption(IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
  }
  return socket;
}
