/**
 * Several sockets on one port: the source of a datagram decides which of them receives it.
 * @module
 */

import {
  AF_INET6,
  BPF_A,
  BPF_ADD,
  BPF_ALU,
  BPF_JEQ,
  BPF_JMP,
  BPF_K,
  BPF_MISC,
  BPF_MUL,
  BPF_RET,
  BPF_RSH,
  BPF_TAX,
  BPF_X,
  EADDRINUSE,
  ETH_P_IPV6,
  F_SETFD,
  FD_CLOEXEC,
  IP_PKTINFO,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_RECVPKTINFO,
  IPV6_V6ONLY,
  SKF_AD_OFF,
  SKF_AD_PROTOCOL,
  SKF_NET_OFF,
  SO_ATTACH_REUSEPORT_CBPF,
  SO_BINDTOIFINDEX,
  SO_REUSEPORT,
  SOCK_DGRAM,
  SOL_SOCKET,
} from "../../ffi/constants.ts";
import { errnoMessage, SystemError } from "../../ffi/errno.ts";
import { sockaddr_in, sockaddr_in6 } from "../../ffi/layouts.ts";
import { bind, fcntl, getsockname, getsockopt, setsockopt, socket } from "../../ffi/libc.ts";
import { Memory } from "../../ffi/memory.ts";
import { attachProgram, type Instruction, loadWord } from "../../ffi/socket_filter.ts";
import { BatchSocket } from "../socket/batch_socket.ts";

/** Offset of the source address in an IPv6 header. RFC 8200, 3 */
const IPV6_SOURCE = 8;
/** Offset of the source address in an IPv4 header, and of the second word of that in an IPv6 header. RFC 791, 3.1 */
const SOURCE = 12;

/**
 * Binds more sockets to the address and port of a socket, and steers each source to one of them all.
 * @param first a bound socket, the first of them
 * @param count number of sockets with the first
 * @returns the others
 * @throws {SystemError} with a sentence for the user if the kernel refuses it
 */
export function sharePort(first: BatchSocket, count: number): BatchSocket[] {
  // After the first bind: before it, another program of the same user could share the port unnoticed.
  check("setsockopt", setsockopt(first.fd, SOL_SOCKET, SO_REUSEPORT, 1));
  // An adopted socket may lack it, and workers must not inherit the sockets of others.
  fcntl(first.fd, F_SETFD, FD_CLOEXEC);
  const { receiveBuffer } = first;
  const others = Array.from({ length: count - 1 }, () => BatchSocket.adopt(bindBeside(first), { receiveBuffer }));
  check("setsockopt", attachProgram(first.fd, SO_ATTACH_REUSEPORT_CBPF, steeringProgram(count)));
  return others;
}

/** Binds a socket to the address and port of another one; returns its descriptor. */
function bindBeside({ fd: first, domain }: BatchSocket): number {
  const fd = check("socket", socket(domain, SOCK_DGRAM));
  // The kernel groups sockets that agree in these.
  const copy = (level: number, name: number) => setsockopt(fd, level, name, getsockopt(first, level, name));
  if (domain === AF_INET6) copy(IPPROTO_IPV6, IPV6_V6ONLY);
  if (getsockopt(first, SOL_SOCKET, SO_BINDTOIFINDEX) > 0) copy(SOL_SOCKET, SO_BINDTOIFINDEX);
  check("setsockopt", setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, 1));
  // Before bind, so that the kernel reports the local address of the first datagram too.
  setsockopt(fd, IPPROTO_IP, IP_PKTINFO, 1);
  if (domain === AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
  const size = domain === AF_INET6 ? sockaddr_in6.size : sockaddr_in.size;
  const name = new Memory(size);
  check("getsockname", getsockname(first, name, size));
  check("bind", bind(fd, name, size));
  return fd;
}

function check(syscall: string, result: number): number {
  if (result >= 0) return result;
  const reason = result === -EADDRINUSE ? "another user has bound the socket" : `${syscall}: ${errnoMessage(-result)}`;
  const message = `cannot share the port among workers: ${reason}; leave out --workers`;
  throw new SystemError(syscall, -result, message);
}

const multiply = (factor: number): Instruction => [BPF_ALU | BPF_MUL | BPF_K, 0, 0, factor];
const shiftRight = (bits: number): Instruction => [BPF_ALU | BPF_RSH | BPF_K, 0, 0, bits];

/**
 * The program that steers each source, an IPv4 address or an IPv6 /64, to one of `count` sockets: so one worker limits
 * its rate, and its datagrams keep their order.
 *
 * The hash is multiply-shift with odd factors. (Dietzfelbinger et al., "A Reliable Randomized Algorithm for the
 * Closest-Pair Problem", 1997.) They are random, so that no sender can choose a worker.
 * @param count at most 65,536
 */
export function steeringProgram(count: number, factors: ArrayLike<number> = randomFactors()): Instruction[] {
  return [
    loadWord(SKF_AD_OFF + SKF_AD_PROTOCOL),
    // X stays 0 for IPv4.
    [BPF_JMP | BPF_JEQ | BPF_K, 0, 3, ETH_P_IPV6],
    loadWord(SKF_NET_OFF + IPV6_SOURCE),
    multiply(factors[0]!),
    [BPF_MISC | BPF_TAX, 0, 0, 0],
    loadWord(SKF_NET_OFF + SOURCE),
    multiply(factors[1]!),
    [BPF_ALU | BPF_ADD | BPF_X, 0, 0, 0],
    // The upper half of the hash, as a fraction of 2^16, times the number of sockets.
    shiftRight(16),
    multiply(count),
    shiftRight(16),
    [BPF_RET | BPF_A, 0, 0, 0],
  ];
}

function randomFactors(): ArrayLike<number> {
  return crypto.getRandomValues(new Int32Array(2)).map((factor) => factor | 1);
}
