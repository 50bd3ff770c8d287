/**
 * Options that every socket of the program has.
 * @module
 */

import {
  AF_INET,
  AF_INET6,
  F_GETFL,
  F_SETFL,
  IP_MTU_DISCOVER,
  IP_MULTICAST_ALL,
  IP_PKTINFO,
  IP_PMTUDISC_DONT,
  IP_RECVERR,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_UDP,
  IPV6_RECVERR,
  IPV6_RECVPKTINFO,
  O_NONBLOCK,
  SO_BROADCAST,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SO_TIMESTAMPING,
  SOCK_DGRAM,
  SOL_SOCKET,
  UDP_CORK,
  UDP_GRO,
  UDP_SEGMENT,
} from "../../ffi/constants.ts";
import { check } from "../../ffi/errno.ts";
import { close, fcntl, getsockopt, setsockopt, socket } from "../../ffi/libc.ts";

/** The greatest value of an `int`. */
export const INT_MAX = 2 ** 31 - 1;

/** Send buffer to request, in bytes: more than the queue of a usual network device holds. */
const SEND_BUFFER_BYTES = 4 << 20;

/** Properties of a configured socket. */
export interface Configuration {
  /** Whether the kernel knows `UDP_GRO` and `UDP_SEGMENT`. */
  readonly segmentation: boolean;
  /** Receive buffer that the kernel granted, in bytes. */
  readonly receiveBuffer: number;
}

/**
 * Configures a socket: local addresses, trains, fragmentation, buffers.
 * @param domain `AF_INET` or `AF_INET6`
 * @param receiveBuffer bytes to request, 0 for none
 * @throws {SystemError} if the kernel cannot report local addresses
 */
export function configure(fd: number, domain: number, receiveBuffer: number): Configuration {
  check("setsockopt", setsockopt(fd, IPPROTO_IP, IP_PKTINFO, 1));
  if (domain === AF_INET6) check("setsockopt", setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1));
  // A dual-stack socket, unlike an IPv4 one, would not receive groups that it has not joined, such as 224.0.0.1.
  setsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, 1);
  // Routers may fragment a large reply where the way back is narrower. IPv6 has no such routers: there the kernel learns
  // the MTU from the first reply that is too large.
  setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
  const receivesTrains = setsockopt(fd, IPPROTO_UDP, UDP_GRO, 1) >= 0;
  const sendsTrains = getsockopt(fd, IPPROTO_UDP, UDP_SEGMENT) >= 0;
  requestBuffer(fd, SO_SNDBUF, SO_SNDBUFFORCE, SEND_BUFFER_BYTES);
  requestBuffer(fd, SO_RCVBUF, SO_RCVBUFFORCE, receiveBuffer);
  return { segmentation: receivesTrains && sendsTrains, receiveBuffer: getsockopt(fd, SOL_SOCKET, SO_RCVBUF) / 2 };
}

/** Requests a buffer, beyond the system's limit if the process may. It never shrinks a buffer. socket(7) */
function requestBuffer(fd: number, name: number, forceName: number, bytes: number): void {
  const granted = getsockopt(fd, SOL_SOCKET, name);
  // The kernel doubles a request, to make room for its bookkeeping.
  if (bytes * 2 <= granted || setsockopt(fd, SOL_SOCKET, forceName, bytes) >= 0) return;
  // The system's limit may be below what the socket has: find out with another one.
  const trial = socket(AF_INET, SOCK_DGRAM);
  setsockopt(trial, SOL_SOCKET, name, bytes);
  if (getsockopt(trial, SOL_SOCKET, name) > granted) setsockopt(fd, SOL_SOCKET, name, bytes);
  close(trial);
}

/**
 * Resets options of an adopted socket that would change how it works: errors and times in a queue that nobody drains,
 * replies to broadcast addresses (a forged source would choose them), datagrams held back, reads that do not wait.
 */
export function resetInherited(fd: number, domain: number): void {
  setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, 0);
  // To reset IP_RECVERR empties the error queue.
  setsockopt(fd, IPPROTO_IP, IP_RECVERR, 0);
  if (domain === AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, 0);
  setsockopt(fd, SOL_SOCKET, SO_BROADCAST, 0);
  setsockopt(fd, IPPROTO_UDP, UDP_CORK, 0);
  if (isNonblocking(fd)) fcntl(fd, F_SETFL, fcntl(fd, F_GETFL, 0) & ~O_NONBLOCK);
}

/** Whether calls on a descriptor do not wait. All processes that share the open file share this flag. fcntl(2) */
export function isNonblocking(fd: number): boolean {
  const flags = fcntl(fd, F_GETFL, 0);
  return flags > 0 && (flags & O_NONBLOCK) !== 0;
}
