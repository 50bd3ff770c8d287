/**
 * A UDP socket that knows at which local address each datagram was received, and sends from any of them.
 * @module
 */

import {
  AF_INET,
  AF_INET6,
  EACCES,
  EADDRINUSE,
  EADDRNOTAVAIL,
  EAFNOSUPPORT,
  EINVAL,
  EMSGSIZE,
  F_DUPFD_CLOEXEC,
  IP_MTU_DISCOVER,
  IP_PKTINFO,
  IP_PMTUDISC_DONT,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_UDP,
  IPV6_FREEBIND,
  IPV6_RECVPKTINFO,
  IPV6_V6ONLY,
  MSG_DONTWAIT,
  MSG_WAITFORONE,
  SK_MEMINFO_DROPS,
  SK_MEMINFO_VARS,
  SO_DOMAIN,
  SO_MEMINFO,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_RCVTIMEO,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SO_TYPE,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOL_SOCKET,
  UDP_GRO,
  UDP_SEGMENT,
} from "../ffi/constants.ts";
import { errnoMessage, SystemError } from "../ffi/errno.ts";
import { sockaddr_in, sockaddr_in6 } from "../ffi/layouts.ts";
import * as libc from "../ffi/libc.ts";
import { Memory } from "../ffi/memory.ts";
import { endpointText, isIPv4 } from "./address.ts";
import {
  type Endpoint,
  readAddress,
  readSocketAddress,
  requireAddress,
  resolve,
  type ResolvedAddress,
  writeSocketAddress,
} from "./endpoint.ts";
import { MessageBatch } from "./message_batch.ts";
import { Replies } from "./replies.ts";
import { SegmentationRefusals } from "./segmentation.ts";

/** What {@link UdpSocket.bind} binds. */
export interface BindOptions {
  /** Port, 1 to 65,535; 0 for one that the kernel picks. */
  readonly port: number;
  /**
   * The local address: IPv4, IPv6, link-local with zone (`fe80::1%eth0`), or a name that resolves to one. If absent,
   * all addresses of the host, IPv4 and IPv6.
   */
  readonly address?: string | undefined;
  /** 4 for IPv4 only, 6 for IPv6 only. */
  readonly family?: 4 | 6 | undefined;
  /** Receive buffer to ask the kernel for, in bytes. */
  readonly receiveBuffer?: number | undefined;
}

/** Send buffer to ask the kernel for: more than the queue of a usual network device holds. */
const SEND_BUFFER_BYTES = 4 << 20;

/** A bound UDP socket. */
export class UdpSocket {
  /** `AF_INET` or `AF_INET6`: the family of the socket's own addresses. */
  readonly domain: number;
  /** Families that it receives: `IPv4`, `IPv6`, or `IPv4 and IPv6`. */
  readonly families: string;
  /** The local address. */
  readonly address: ResolvedAddress;
  /** The local port. */
  readonly port: number;
  /** Receive buffer that the kernel granted, in bytes of datagrams with their bookkeeping. */
  readonly receiveBuffer: number;
  /** What the host or its kernel lacks, a sentence each, for people. */
  readonly notices: readonly string[];
  /** Datagrams dropped by the kernel that {@link drops} has seen. */
  #drops = 0;
  #dropsWord = 0;
  #fd: number;
  #connected = false;
  #single: MessageBatch | undefined;
  readonly #segmentation: boolean;
  readonly #refusals = new SegmentationRefusals();
  readonly #replies = new Map<MessageBatch, Replies>();
  #lastBatch: MessageBatch | undefined;
  #lastReplies: Replies | undefined;

  private constructor(fd: number, domain: number, dual: boolean, features: Features) {
    const memory = new Memory(sockaddr_in6.size);
    check("getsockname", libc.getsockname(fd, memory, 0, sockaddr_in6.size));
    this.#fd = fd;
    this.#segmentation = features.segmentation;
    this.domain = domain;
    this.address = readSocketAddress(
      memory.bytes.subarray(0, domain === AF_INET ? sockaddr_in.size : sockaddr_in6.size),
    );
    this.port = memory.bytes[sockaddr_in6.sin6_port]! << 8 | memory.bytes[sockaddr_in6.sin6_port + 1]!;
    this.families = domain === AF_INET ? "IPv4" : dual ? "IPv4 and IPv6" : "IPv6";
    this.receiveBuffer = features.receiveBuffer;
    this.notices = features.notices;
    // An IPv6 address that is local only by a route can be answered from with this alone. After bind, for with it a
    // mistyped address would be bound.
    if (domain === AF_INET6) libc.setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1);
  }

  /**
   * Binds a socket.
   * @throws {SystemError} with a sentence for the user, where the address can't be bound
   */
  static bind(options: BindOptions): UdpSocket {
    const notices: string[] = [];
    const name = localName(options, notices);
    const domain = isIPv4(name.address.bytes) ? AF_INET : AF_INET6;
    const fd = open(domain);
    try {
      if (domain === AF_INET6) check("setsockopt", libc.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, name.dual ? 0 : 1));
      // Datagrams know their local address from the first one on, so this comes before bind.
      const features = configure(fd, domain, options.receiveBuffer ?? 0, notices);
      const memory = new Memory(sockaddr_in6.size);
      const length = writeSocketAddress(memory, 0, domain, name.address, name.port);
      const error = libc.bind(fd, memory, 0, length);
      if (error < 0) throw bindError(name, -error);
      return new UdpSocket(fd, domain, name.dual, features);
    } catch (error) {
      libc.close(fd);
      throw error;
    }
  }

  /**
   * Takes over a UDP socket that somebody else has bound, as a service manager does for socket activation.
   * @param fd its descriptor
   * @throws {SystemError} with a sentence for the user, where it is none
   */
  static adopt(fd: number, options: { readonly receiveBuffer?: number } = {}): UdpSocket {
    const domain = libc.getsockopt(fd, SOL_SOCKET, SO_DOMAIN);
    const type = libc.getsockopt(fd, SOL_SOCKET, SO_TYPE);
    if ((domain !== AF_INET && domain !== AF_INET6) || type !== SOCK_DGRAM) {
      const reason = type < 0 ? errnoMessage(-type) : "it is no UDP socket";
      const errno = type < 0 ? -type : EINVAL;
      throw new SystemError("getsockopt", errno, `cannot take over descriptor ${fd}: ${reason}`);
    }
    const dual = domain === AF_INET6 && libc.getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY) === 0;
    const socket = new UdpSocket(fd, domain, dual, configure(fd, domain, options.receiveBuffer ?? 0, []));
    if (socket.port !== 0) return socket;
    throw new SystemError("getsockname", EINVAL, `cannot take over descriptor ${fd}: it is not bound to a port`);
  }

  /** The local endpoint as people write it: `[::]:9000`. */
  get endpoint(): string {
    return endpointText(this.address.bytes, this.address.zone, this.port);
  }

  /** The descriptor, for poll(2); -1 once the socket is closed. */
  get fd(): number {
    return this.#fd;
  }

  /**
   * Sets an option whose value is an `int`, under the kernel's numbers: `setOption(IPPROTO_IP, IP_TTL, 1)`.
   * setsockopt(2), ip(7), ipv6(7), socket(7)
   * @throws {SystemError} where the kernel refuses it
   */
  setOption(level: number, name: number, value: number): void {
    check("setsockopt", libc.setsockopt(this.#fd, level, name, value));
  }

  /** Makes a batch for this socket, with memory for `capacity` messages. */
  batch(capacity: number): MessageBatch {
    return new MessageBatch(this.domain, capacity);
  }

  /**
   * Connects the socket: from now on it receives only from `to`, sends only there, and learns from its `receive` and
   * `send` when the peer refuses. connect(2)
   * @throws {SystemError} where there is no way to it
   */
  connect(to: Endpoint): void {
    const memory = new Memory(sockaddr_in6.size);
    const length = writeSocketAddress(memory, 0, this.domain, requireAddress(to.address), to.port);
    const error = libc.connect(this.#fd, memory, 0, length);
    if (error < 0) {
      throw new SystemError("connect", -error, `cannot connect to ${to.address}: ${errnoMessage(-error)}`);
    }
    this.#connected = true;
    this.#replies.clear();
    this.#lastBatch = undefined;
  }

  /**
   * Sends one datagram. For one now and then; {@link send} is for many. It never waits.
   * @throws {SystemError} where the kernel refuses it
   */
  sendTo(payload: Uint8Array, { to, from }: { to: Endpoint; from?: string | undefined }): void {
    const batch = this.#single ??= this.batch(1);
    batch.clear();
    batch.add(payload, { to, from });
    if (this.send(batch) === 1) return;
    const errno = this.lastError;
    throw new SystemError(
      "sendmsg",
      errno,
      `cannot send ${payload.length} bytes to ${to.address}: ${sendAdvice(errno)}`,
    );
  }

  /** How long {@link receive} waits at most, in milliseconds. */
  setReceiveTimeout(milliseconds: number): void {
    check("setsockopt", libc.setsockoptTime(this.#fd, SOL_SOCKET, SO_RCVTIMEO, milliseconds));
  }

  /**
   * Receives the messages that are there into a batch; with `wait`, it waits for the first one. It allocates nothing.
   * @returns how many, or the negative error: `-EAGAIN` if nothing came in time, `-EINTR` if a signal did
   */
  receive(batch: MessageBatch, wait: boolean): number {
    return batch.receive(this.#fd, wait ? MSG_WAITFORONE : MSG_DONTWAIT);
  }

  /**
   * Sends the messages of a batch that are marked as replies, each from its local address to its peer. It never waits,
   * and allocates nothing after the first call with a batch.
   * @returns how many datagrams went; the others are counted in {@link failed}
   */
  send(batch: MessageBatch): number {
    if (batch !== this.#lastBatch) {
      this.#lastBatch = batch;
      let replies = this.#replies.get(batch);
      if (replies === undefined) {
        replies = new Replies(batch, this.#fd, !this.#connected, this.#segmentation, this.#refusals);
        this.#replies.set(batch, replies);
      }
      this.#lastReplies = replies;
    }
    return this.#lastReplies!.send();
  }

  /** Datagrams that the kernel refused to send since the start, by error number. */
  failed(errno: number): number {
    let sum = 0;
    for (const replies of this.#replies.values()) sum += replies.failed[errno]!;
    return sum;
  }

  /** The error number of the datagram that {@link send} failed to send last; 0 if none did. */
  get lastError(): number {
    return this.#lastReplies?.lastError ?? 0;
  }

  /** Whether a device on the way to some peer has turned out not to take trains of datagrams. */
  get deviceRefusedTrains(): boolean {
    return this.#lastReplies?.deviceRefused ?? false;
  }

  /**
   * Datagrams that the kernel has dropped since the start because the receive buffer was full. Call it at least once in
   * 2^32 of them. A train counts as one, for the kernel counts it so. `sk_drops`, net/core/sock.c
   */
  drops(): number {
    // The same counter as SO_RXQ_OVFL's, which comes only with the next datagram, and with each.
    const word = libc.getsockoptWord(this.#fd, SOL_SOCKET, SO_MEMINFO, SK_MEMINFO_VARS, SK_MEMINFO_DROPS);
    if (word >= 0) {
      this.#drops += (word - this.#dropsWord) >>> 0;
      this.#dropsWord = word;
    }
    return this.#drops;
  }

  /** Closes the socket. Closing it again does nothing. */
  close(): void {
    if (this.#fd >= 0) libc.close(this.#fd);
    this.#fd = -1;
  }
}

/** What is to be bound. */
interface LocalName {
  readonly address: ResolvedAddress;
  readonly port: number;
  /** Whether an IPv6 socket takes IPv4 too. */
  readonly dual: boolean;
}

/** Resolves what the user asked for. */
function localName(options: BindOptions, notices: string[]): LocalName {
  const { address, family, port } = options;
  if (address !== undefined) return { address: resolve(address, family)[0]!, port, dual: false };
  if (family !== 4 && !hasIPv6()) {
    if (family === 6) {
      throw new SystemError(
        "socket",
        EAFNOSUPPORT,
        "cannot use IPv6: it is switched off on this host (sysctl net.ipv6.conf.all.disable_ipv6, or ipv6.disable=1 " +
          "on the kernel's command line); leave out -6",
      );
    }
    notices.push("this host has no IPv6: answering on IPv4 only");
    return { address: readAddress("0.0.0.0")!, port, dual: false };
  }
  return { address: readAddress(family === 4 ? "0.0.0.0" : "::")!, port, dual: family === undefined };
}

/** Whether IPv6 is built in and switched on, or some interface has an address all the same. */
function hasIPv6(): boolean {
  const off = libc.readSmallFile("/proc/sys/net/ipv6/conf/all/disable_ipv6").trim();
  return off === "0" || libc.readSmallFile("/proc/net/if_inet6") !== "";
}

/** What a socket turned out to have. */
interface Features {
  readonly segmentation: boolean;
  readonly receiveBuffer: number;
  readonly notices: readonly string[];
}

/** Sets what every socket of the program has. */
function configure(fd: number, domain: number, receiveBuffer: number, notices: string[]): Features {
  check("setsockopt", libc.setsockopt(fd, IPPROTO_IP, IP_PKTINFO, 1));
  if (domain === AF_INET6) check("setsockopt", libc.setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1));
  // Let routers fragment a large reply where the way back is narrower than the way in. IPv6 has no such routers: there
  // the kernel learns the MTU from the first reply that is too large.
  libc.setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
  const trains = libc.setsockopt(fd, IPPROTO_UDP, UDP_GRO, 1) >= 0;
  const segmentation = libc.getsockopt(fd, IPPROTO_UDP, UDP_SEGMENT) >= 0;
  if (!trains || !segmentation) {
    notices.push("this kernel lacks UDP_GRO or UDP_SEGMENT (Linux 5.0 has both): each datagram goes on its own");
  }
  setBuffer(fd, SO_SNDBUF, SO_SNDBUFFORCE, SEND_BUFFER_BYTES);
  return { segmentation, receiveBuffer: setBuffer(fd, SO_RCVBUF, SO_RCVBUFFORCE, receiveBuffer), notices };
}

function open(domain: number): number {
  const fd = check("socket", libc.socket(domain, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  // Where the program was started with a standard stream closed, the socket would get its number, and what is written
  // there would be sent.
  if (fd > 2) return fd;
  const higher = libc.fcntl(fd, F_DUPFD_CLOEXEC, 3);
  libc.close(fd);
  return check("fcntl", higher);
}

/** Asks for a buffer, beyond the system's limit if that is allowed; returns what was granted, in bytes. */
function setBuffer(fd: number, name: number, forceName: number, bytes: number): number {
  if (bytes > 0 && libc.setsockopt(fd, SOL_SOCKET, forceName, bytes) < 0) {
    libc.setsockopt(fd, SOL_SOCKET, name, bytes);
  }
  // The kernel doubles what is asked for, to make room for its bookkeeping. socket(7)
  return libc.getsockopt(fd, SOL_SOCKET, name) / 2;
}

function bindError(name: LocalName, errno: number): SystemError {
  let advice = "";
  if (errno === EACCES) advice = "; ports below 1024 need CAP_NET_BIND_SERVICE, or try another port";
  if (errno === EADDRINUSE) {
    advice = `; \`ss -ulpn sport = :${name.port}\` shows which program has it, or try another port`;
  }
  const endpoint = endpointText(name.address.bytes, name.address.zone, name.port);
  const reason = errno === EADDRNOTAVAIL
    ? "this address is not on this host; `ip address` lists what is"
    : errnoMessage(errno) + advice;
  return new SystemError("bind", errno, `cannot bind ${endpoint}: ${reason}`);
}

function sendAdvice(errno: number): string {
  if (errno === EMSGSIZE) return "it is too large; a datagram carries 65507 bytes over IPv4, 65527 over IPv6";
  if (errno === EINVAL) return "the address to send from is not on this host";
  return errnoMessage(errno);
}

function check(syscall: string, result: number): number {
  if (result < 0) throw new SystemError(syscall, -result);
  return result;
}
