/**
 * Errors of datagrams that could not be sent, as sentences.
 * @module
 */

import {
  AF_INET,
  AF_INET6,
  EACCES,
  EAGAIN,
  EINVAL,
  EISCONN,
  EMSGSIZE,
  IP_MTU,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_MTU,
  SOCK_DGRAM,
} from "../../ffi/constants.ts";
import { errnoMessage, errnoName, SystemError } from "../../ffi/errno.ts";
import { sockaddr_in6 } from "../../ffi/layouts.ts";
import { close, connect, getsockopt, socket } from "../../ffi/libc.ts";
import { Memory } from "../../ffi/memory.ts";
import type { Endpoint } from "../net/endpoint.ts";
import { writeSocketAddress } from "../net/socket_address.ts";
import type { MessageBatch } from "./message_batch.ts";

/** The error of message `i` of a batch, which `UdpSocket.send` could not send. */
export function sendError(batch: MessageBatch, i: number): SystemError {
  const { address, port } = batch.peer(i);
  const errno = batch.error(i);
  const reason = errno === EMSGSIZE ? tooLarge(batch, i) : reasonOf(errno);
  return new SystemError("sendmmsg", errno, `cannot send ${batch.size(i)} bytes to ${address} port ${port}: ${reason}`);
}

/** The error of a datagram to another peer than the one that the socket is connected to. */
export function otherPeer({ address, port }: Endpoint, connected: Endpoint): SystemError {
  const to = `${connected.address} port ${connected.port}`;
  const message = `cannot send to ${address} port ${port}: the socket is connected to ${to}`;
  return new SystemError("sendmmsg", EISCONN, message);
}

function tooLarge(batch: MessageBatch, i: number): string {
  const ipv4 = batch.isIPv4(i);
  const sizeMax = ipv4 ? 65_507 : 65_527;
  if (batch.size(i) > sizeMax) return `a datagram carries at most ${sizeMax} bytes over ${ipv4 ? "IPv4" : "IPv6"}`;
  const mtu = pathMtu(batch, i);
  const fits = mtu > 0 ? ` of ${mtu} bytes, which carries ${mtu - (ipv4 ? 28 : 48)}` : "";
  return `it exceeds the MTU of the path${fits}, and must not be fragmented`;
}

/** MTU of the path to the peer of message `i` in bytes; negative if it is unknown. ip(7), ipv6(7) */
function pathMtu(batch: MessageBatch, i: number): number {
  const family = batch.isIPv4(i) ? AF_INET : AF_INET6;
  const memory = new Memory(sockaddr_in6.size);
  const scope = batch.peerScope(i);
  const length = writeSocketAddress(memory, 0, family, batch.addresses, batch.peerWord(i), batch.peerPort(i), scope);
  // The kernel tells it of connected sockets only.
  const fd = socket(family, SOCK_DGRAM);
  connect(fd, memory, length);
  const mtu = family === AF_INET ? getsockopt(fd, IPPROTO_IP, IP_MTU) : getsockopt(fd, IPPROTO_IPV6, IPV6_MTU);
  close(fd);
  return mtu;
}

function reasonOf(errno: number): string {
  switch (errno) {
    case EINVAL:
      return "the source address is not on this host; `ip address` lists its addresses";
    case EACCES:
      return "permission denied; a broadcast address needs a socket bound with `broadcast: true`";
    case EAGAIN:
      return "the send buffer is full; try again later";
    default:
      return `${errnoMessage(errno)} (${errnoName(errno)})`;
  }
}
