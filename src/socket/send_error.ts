/**
 * Errors of datagrams that could not be sent, as sentences.
 * @module
 */

import { EACCES, EAGAIN, EINVAL, EISCONN, EMSGSIZE } from "../../ffi/constants.ts";
import { errnoMessage, errnoName, SystemError } from "../../ffi/errno.ts";
import type { Endpoint } from "../net/endpoint.ts";
import type { MessageBatch } from "./message_batch.ts";

/** The error of message `i` of a batch, which `UdpSocket.send` could not send. */
export function sendError(batch: MessageBatch, i: number): SystemError {
  const { address, port } = batch.peer(i);
  const errno = batch.error(i);
  const reason = reasonOf(errno, batch.size(i), batch.isIPv4(i) ? 65_507 : 65_527);
  return new SystemError("sendmmsg", errno, `cannot send ${batch.size(i)} bytes to ${address} port ${port}: ${reason}`);
}

/** The error of a datagram to another peer than the one that the socket is connected to. */
export function otherPeer({ address, port }: Endpoint, connected: string): SystemError {
  const message = `cannot send to ${address} port ${port}: the socket is connected to ${connected}`;
  return new SystemError("sendmmsg", EISCONN, message);
}

function reasonOf(errno: number, size: number, sizeMax: number): string {
  switch (errno) {
    case EMSGSIZE:
      return size > sizeMax
        ? `a datagram carries at most ${sizeMax} bytes over ${sizeMax === 65_507 ? "IPv4" : "IPv6"}`
        : "it exceeds the MTU of the path, and must not be fragmented";
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
