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
  EAGAIN,
  EBADF,
  EINVAL,
  EISCONN,
  EMSGSIZE,
  F_DUPFD_CLOEXEC,
  F_GETFL,
  F_SETFL,
  IP_MTU_DISCOVER,
  IP_PKTINFO,
  IP_PMTUDISC_DONT,
  IP_RECVERR,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_UDP,
  IPV6_FREEBIND,
  IPV6_RECVERR,
  IPV6_RECVPKTINFO,
  IPV6_V6ONLY,
  MSG_DONTWAIT,
  MSG_WAITFORONE,
  O_NONBLOCK,
  SK_MEMINFO_DROPS,
  SK_MEMINFO_VARS,
  SO_BROADCAST,
  SO_DOMAIN,
  SO_MEMINFO,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_RCVTIMEO,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SO_TIMESTAMPING,
  SO_TYPE,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOL_SOCKET,
  UDP_GRO,
  UDP_SEGMENT,
} from "../../ffi/constants.ts";
import { ERRNO_COUNT, errnoMessage, errnoName, SystemError } from "../../ffi/errno.ts";
import { sockaddr_in, sockaddr_in6 } from "../../ffi/layouts.ts";
import * as libc from "../../ffi/libc.ts";
import { Memory } from "../../ffi/memory.ts";
import { endpointText, isIPv4 } from "../net/address.ts";
import {
  type Endpoint,
  readAddress,
  readSocketAddress,
  requireAddress,
  requirePort,
  resolve,
  type ResolvedAddress,
  writeSocketAddress,
} from "../net/endpoint.ts";
import { MessageBatch, type Route } from "./message_batch.ts";
import type { Path } from "./path.ts";
import { forget, readable } from "./readiness.ts";
import { Replies } from "./batch_sender.ts";
import { SegmentationRefusals } from "./segmentation_refusals.ts";
import { SendBuffer } from "./send_buffer.ts";
import { describe, invalid, requireInteger, requireObject, requireString } from "../net/checks.ts";

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
  /** Receive buffer to ask the kernel for, in bytes; the system's default, if absent or 0. */
  readonly receiveBuffer?: number | undefined;
  /** Whether it may send to broadcast addresses, as DHCP servers do. `SO_BROADCAST`, socket(7) */
  readonly broadcast?: boolean | undefined;
}

/** Send buffer to ask the kernel for: more than the queue of a usual network device holds. */
const SEND_BUFFER_BYTES = 4 << 20;

/** Descriptors that sockets of this process have. */
const owned = new Set<number>();

/** Closes the sockets that were forgotten. */
const forgotten = new FinalizationRegistry(release);

/**
 * A bound UDP socket.
 *
 * Errors are a `SystemError` with `code`, `syscall`, and a sentence that says what to do: `EBADF` for what is asked of a
 * closed socket, `EINVAL` for arguments that make no sense, and what the kernel says. A socket that is forgotten is
 * closed when the garbage collector finds it.
 */
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
  /** Whether it was taken over: then another process may have it too, and go on with it. */
  readonly adopted: boolean;
  /** What the host or its kernel lacks, a sentence each, for people. */
  readonly notices: readonly string[];
  /** Datagrams dropped by the kernel that {@link drops} has seen. */
  #drops = 0;
  #dropsWord: number;
  #fd: number;
  #connected: { readonly address: ResolvedAddress; readonly port: number } | undefined;
  #readable: Promise<boolean> | undefined;
  #lastReceived: MessageBatch | undefined;
  #single: MessageBatch | undefined;
  readonly #segmentation: boolean;
  readonly #refusals = new SegmentationRefusals();
  readonly #sendBuffer: SendBuffer;
  readonly #failed = new Float64Array(ERRNO_COUNT);
  #replies = new WeakMap<MessageBatch, Replies>();
  #lastBatch: MessageBatch | undefined;
  #lastReplies: Replies | undefined;

  private constructor(fd: number, domain: number, dual: boolean, features: Features, adopted: boolean) {
    const memory = new Memory(sockaddr_in6.size);
    check("getsockname", libc.getsockname(fd, memory, 0, sockaddr_in6.size));
    this.#fd = fd;
    this.#segmentation = features.segmentation;
    this.#sendBuffer = new SendBuffer(fd);
    // Of a socket that was taken over, what was dropped before does not count.
    this.#dropsWord = Math.max(0, dropsWord(fd));
    this.adopted = adopted;
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
    owned.add(fd);
    forgotten.register(this, fd, this);
  }

  /**
   * Binds a socket.
   * @throws {SystemError} with a sentence for the user, where the address can't be bound
   */
  static bind(options: BindOptions): UdpSocket {
    checkOptions(options);
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
      if (options.broadcast) check("setsockopt", libc.setsockopt(fd, SOL_SOCKET, SO_BROADCAST, 1));
      const error = libc.bind(fd, memory, 0, length);
      if (error < 0) throw bindError(name, -error);
      return new UdpSocket(fd, domain, name.dual, features, false);
    } catch (error) {
      libc.close(fd);
      throw error;
    }
  }

  /**
   * Takes over a UDP socket that somebody else has bound, as a service manager does for socket activation. Options that
   * it came with, and that would change what this class does, are reset: `SO_BROADCAST`, `IP_RECVERR`, `SO_TIMESTAMPING`.
   * @param fd its descriptor
   * @throws {SystemError} with a sentence for the user, where it is none, or another `UdpSocket` has it
   */
  static adopt(fd: number, options: { readonly receiveBuffer?: number } = {}): UdpSocket {
    requireInteger("getsockopt", "a descriptor", fd, 0, INT_MAX);
    checkReceiveBuffer(requireObject("setsockopt", "the options", options).receiveBuffer);
    if (owned.has(fd)) {
      throw new SystemError("getsockopt", EINVAL, `cannot take over descriptor ${fd}: another UdpSocket has it`);
    }
    const domain = libc.getsockopt(fd, SOL_SOCKET, SO_DOMAIN);
    const type = libc.getsockopt(fd, SOL_SOCKET, SO_TYPE);
    if ((domain !== AF_INET && domain !== AF_INET6) || type !== SOCK_DGRAM) {
      const reason = type < 0 ? errnoMessage(-type) : "it is no UDP socket";
      const errno = type < 0 ? -type : EINVAL;
      throw new SystemError("getsockopt", errno, `cannot take over descriptor ${fd}: ${reason}`);
    }
    const dual = domain === AF_INET6 && libc.getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY) === 0;
    const socket = new UdpSocket(fd, domain, dual, configure(fd, domain, options.receiveBuffer ?? 0, []), true);
    // On a nonblocking socket, to wait for datagrams would be to ask for them without end.
    const flags = libc.fcntl(fd, F_GETFL, 0);
    if (flags > 0 && (flags & O_NONBLOCK) !== 0) libc.fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
    if (socket.port !== 0) {
      // Errors and times that nobody reads would fill the receive buffer. To reset IP_RECVERR empties their queue.
      libc.setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, 0);
      libc.setsockopt(fd, IPPROTO_IP, IP_RECVERR, 0);
      if (domain === AF_INET6) libc.setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, 0);
      // Whoever forges the source of a datagram decides where its reply goes.
      libc.setsockopt(fd, SOL_SOCKET, SO_BROADCAST, 0);
      return socket;
    }
    // It is not this one's to close.
    forgotten.unregister(socket);
    owned.delete(fd);
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
    for (const number of [level, name, value]) requireInteger("setsockopt", "an option", number, INT_MIN, INT_MAX);
    check("setsockopt", libc.setsockopt(this.#open("setsockopt"), level, name, value));
  }

  /** Makes a batch for this socket, with memory for `capacity` messages, 1 to 1024: about 64 KiB each. */
  batch(capacity: number): MessageBatch {
    return new MessageBatch(this.domain, capacity);
  }

  /**
   * Connects the socket: from now on it receives only from `to`, sends only there whatever a batch says, and learns from
   * its `receive` and `send` when the peer refuses. connect(2)
   * @throws {SystemError} where there is no way to it
   */
  connect(to: Endpoint): void {
    const fd = this.#open("connect");
    const { address, port } = requireObject("connect", "where to connect to", to);
    const peer = requireAddress(address);
    requirePort("connect", port, 1);
    const memory = new Memory(sockaddr_in6.size);
    const length = writeSocketAddress(memory, 0, this.domain, peer, port);
    const error = libc.connect(fd, memory, 0, length);
    if (error < 0) {
      throw new SystemError("connect", -error, `cannot connect to ${address}: ${errnoMessage(-error)}`);
    }
    this.#connected = { address: peer, port };
    this.#replies = new WeakMap();
    this.#lastBatch = undefined;
  }

  /**
   * Sends one datagram, to a peer or along the path of one that was received. For one now and then; {@link send} is for
   * many. It never waits.
   * @throws {SystemError} where an address can't be used (`EAFNOSUPPORT`) or is not local (`EADDRNOTAVAIL`), where the
   *   payload is too large (`EMSGSIZE`), or the kernel refuses it
   */
  sendTo(payload: Uint8Array, route: Route | Path): void {
    this.#open("sendmmsg");
    const batch = this.#single ??= this.batch(1);
    batch.clear();
    batch.add(payload, route);
    this.#checkReach(batch);
    if (this.send(batch) === 1) return;
    throw sendError(batch, 0);
  }

  /** How long {@link receive} waits at most, in milliseconds; without an end if 0, as it is at first. */
  setReceiveTimeout(milliseconds: number): void {
    requireInteger("setsockopt", "a time in milliseconds", milliseconds, 0, INT_MAX);
    check("setsockopt", libc.setsockoptTime(this.#open("setsockopt"), SOL_SOCKET, SO_RCVTIMEO, milliseconds));
  }

  /**
   * Waits, while the event loop goes on, until there is something to receive. It keeps the process alive meanwhile.
   * @returns true; or false as soon as the socket is closed
   */
  readable(): Promise<boolean> {
    const fd = this.#open("poll");
    return this.#readable ??= readable(fd).finally(() => this.#readable = undefined);
  }

  /**
   * Receives the messages that are there into a batch. With `wait` it waits for the first one, and the event loop stands
   * still; {@link readable} is for waiting otherwise. It allocates nothing.
   * @returns how many, or the negative error: `-EAGAIN` (-11) if nothing came in time, `-EINTR` (-4) if a signal did
   */
  receive(batch: MessageBatch, wait: boolean): number {
    if (batch !== this.#lastReceived) this.#lastReceived = this.#checkBatch("recvmmsg", batch);
    const received = batch.received.receive(this.#fd, batch.capacity, wait ? MSG_WAITFORONE : MSG_DONTWAIT);
    batch.read(received < 0 ? 0 : received);
    if (received === -EBADF) throw closed("recvmmsg");
    return received;
  }

  /**
   * Sends the messages of a batch that are marked as replies, each from its local address to its peer. It never waits,
   * and allocates nothing after the first call with a batch.
   * @returns how many datagrams went; the others are counted in {@link failed}, and `MessageBatch.error` tells why
   */
  send(batch: MessageBatch): number {
    if (this.#fd < 0) throw closed("sendmmsg");
    if (batch !== this.#lastBatch) {
      this.#lastBatch = this.#checkBatch("sendmmsg", batch);
      let replies = this.#replies.get(batch);
      if (replies === undefined) {
        replies = new Replies(
          batch,
          this.#fd,
          this.#connected === undefined,
          this.#segmentation,
          this.#refusals,
          this.#sendBuffer,
          this.#failed,
        );
        this.#replies.set(batch, replies);
      }
      this.#lastReplies = replies;
    }
    return this.#lastReplies!.send();
  }

  /** Datagrams that the kernel refused to send since the start, by error number. */
  failed(errno: number): number {
    return this.#failed[errno] ?? 0;
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
    const word = dropsWord(this.#fd);
    if (word >= 0) {
      this.#drops += (word - this.#dropsWord) >>> 0;
      this.#dropsWord = word;
    }
    return this.#drops;
  }

  /** Closes the socket. Closing it again does nothing. */
  close(): void {
    if (this.#fd < 0) return;
    forgotten.unregister(this);
    release(this.#fd);
    this.#fd = -1;
  }

  /** Closes the socket at the end of a block that declared it with `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** The descriptor, of a socket that is not closed. */
  #open(syscall: string): number {
    if (this.#fd < 0) throw closed(syscall);
    return this.#fd;
  }

  /** Requires that this socket can send message 0 of a batch to its peer. */
  #checkReach(batch: MessageBatch): void {
    if (this.families === "IPv6" && batch.isIPv4(0)) {
      const { address } = batch.peer(0);
      const message = `an IPv6 socket does not reach the IPv4 address ${address}; bind one for both, or for IPv4`;
      throw new SystemError("sendmmsg", EAFNOSUPPORT, message);
    }
    if (this.#connected === undefined) return;
    const { address, port } = this.#connected;
    const at = batch.peerAddressAt(0);
    const same = address.bytes.every((byte, i) => byte === batch.memory.bytes[at + i]);
    if (same && batch.peerPort(0) === port) return;
    const other = batch.peer(0);
    const message = `cannot send to ${other.address} port ${other.port}: the socket is connected to ` +
      `${endpointText(address.bytes, address.zone, port)}`;
    throw new SystemError("sendmmsg", EISCONN, message);
  }

  /** Requires a batch of this socket's family. */
  #checkBatch(syscall: string, batch: unknown): MessageBatch {
    if (!(batch instanceof MessageBatch)) throw invalid(syscall, `a batch is a MessageBatch, not ${describe(batch)}`);
    if (batch.family === this.domain) return batch;
    const message = "the batch belongs to a socket of the other family; use one that this socket's `batch` makes";
    throw new SystemError(syscall, EAFNOSUPPORT, message);
  }
}

/** Datagrams that the kernel has dropped of a socket, modulo 2^32; the negative error where it does not say. */
function dropsWord(fd: number): number {
  // The same counter as SO_RXQ_OVFL's, which comes only with the next datagram, and with each.
  return libc.getsockoptWord(fd, SOL_SOCKET, SO_MEMINFO, SK_MEMINFO_VARS, SK_MEMINFO_DROPS);
}

/** Closes a descriptor that somebody may wait for. */
function release(fd: number): void {
  owned.delete(fd);
  forget(fd);
  libc.close(fd);
}

/** The error for what is asked of a closed socket. */
export function closed(syscall: string): SystemError {
  return new SystemError(syscall, EBADF, "the socket is closed; bind a new one");
}

const INT_MAX = 2 ** 31 - 1;
const INT_MIN = -(2 ** 31);

function checkOptions(options: BindOptions): void {
  requireObject("bind", "the options", options);
  const { port, address, family, receiveBuffer } = options;
  requirePort("bind", port, 0);
  if (address !== undefined) requireString("bind", "`address`", address);
  if (family !== undefined && family !== 4 && family !== 6) {
    throw invalid("bind", `\`family\` is 4 or 6, or left out for both, not ${describe(family)}`);
  }
  checkReceiveBuffer(receiveBuffer);
}

function checkReceiveBuffer(bytes: number | undefined): void {
  if (bytes !== undefined) requireInteger("setsockopt", "`receiveBuffer`", bytes, 0, INT_MAX);
}

/** The error for message `i` of a batch, which `UdpSocket.send` could not send. */
export function sendError(batch: MessageBatch, i: number): SystemError {
  const { address, port } = batch.peer(i);
  const errno = batch.error(i);
  const message = `cannot send ${batch.size(i)} bytes to ${address} port ${port}: ${
    sendAdvice(errno, batch.isIPv4(i))
  }`;
  return new SystemError("sendmmsg", errno, message);
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
    if (family === 6) throw noIPv6();
    notices.push("this host has no IPv6: answering on IPv4 only");
    return { address: readAddress("0.0.0.0")!, port, dual: false };
  }
  return { address: readAddress(family === 4 ? "0.0.0.0" : "::")!, port, dual: family === undefined };
}

function noIPv6(): SystemError {
  return new SystemError(
    "socket",
    EAFNOSUPPORT,
    "cannot use IPv6: this host has none, or has it switched off (sysctl net.ipv6.conf.all.disable_ipv6; ipv6.disable=1 " +
      "on the kernel's command line; RestrictAddressFamilies= of systemd); leave out -6, or give an IPv4 address",
  );
}

/** Whether IPv6 is built in, allowed, and switched on; or off, and some interface has an address all the same. */
function hasIPv6(): boolean {
  const fd = libc.socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  libc.close(fd);
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
  const fd = libc.socket(domain, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd === -EAFNOSUPPORT && domain === AF_INET6) throw noIPv6();
  check("socket", fd);
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

function sendAdvice(errno: number, ipv4: boolean): string {
  if (errno === EMSGSIZE) return `too large; a datagram carries ${ipv4 ? "65507 bytes over IPv4" : "65527 over IPv6"}`;
  if (errno === EINVAL) return "the address to send from is not on this host; `ip address` lists what is";
  if (errno === EACCES) return "permission denied; a broadcast address needs a socket bound with `broadcast: true`";
  if (errno === EAGAIN) return "the send buffer is full; try again later";
  return `${errnoMessage(errno)} (${errnoName(errno)})`;
}

function check(syscall: string, result: number): number {
  if (result < 0) throw new SystemError(syscall, -result);
  return result;
}
