/**
 * UDP sockets that know the local address of each datagram, and handle datagrams in batches.
 * @module
 */

import {
  AF_INET,
  AF_INET6,
  EAFNOSUPPORT,
  EAGAIN,
  EBADF,
  IPPROTO_IPV6,
  IPV6_FREEBIND,
  MSG_DONTWAIT,
  MSG_WAITFORONE,
  POLLIN,
  SO_RCVTIMEO,
  SOL_SOCKET,
} from "../../ffi/constants.ts";
import { check, errnoMessage, SystemError } from "../../ffi/errno.ts";
import { sockaddr_in6 } from "../../ffi/layouts.ts";
import * as libc from "../../ffi/libc.ts";
import { Memory } from "../../ffi/memory.ts";
import { SocketMemory } from "../../ffi/socket_memory.ts";
import { endpointText, isIPv4 } from "../net/address.ts";
import { INTERNAL, invalid, requireInteger, requireInternal, requireType } from "../net/checks.ts";
import { type Endpoint, requireAddress, requirePort } from "../net/endpoint.ts";
import { writeResolvedAddress } from "../net/socket_address.ts";
import { type AdoptOptions, adoptSocket } from "./adopt.ts";
import { BatchSender } from "./batch_sender.ts";
import { type BindOptions, bindSocket, type Bound, readBindOptions } from "./bind.ts";
import { own, release } from "./descriptors.ts";
import { MessageBatch, messagesOf } from "./message_batch.ts";
import type { Messages } from "./messages.ts";
import { dropOwnSources } from "./own_source_filter.ts";
import { noReach } from "./route.ts";
import { INT_MAX, isNonblocking } from "./socket_options.ts";

/**
 * The descriptor of an open socket. It accepts a `BatchSocket` only: no other object has the private field.
 * @throws {SystemError} `EINVAL` for another value, `EBADF` for a closed socket
 */
export let descriptorOf: (syscall: string, socket: BatchSocket) => number;

/**
 * A bound UDP socket that receives and sends batches of datagrams, and blocks the thread while it waits: what a program
 * needs that does nothing else. `UdpSocket` adds single datagrams, and waiting while the event loop goes on.
 *
 * Errors are a {@link SystemError} whose message says what to do. The garbage collector closes an unreachable socket.
 */
export class BatchSocket {
  readonly #bound: Bound;
  readonly #memory: SocketMemory;
  readonly #sender: BatchSender;
  #fd: number;
  #receiveTimeout = 0;
  #ownSources = "";

  /** Only the library calls it: use {@link bind} or {@link adopt}. */
  protected constructor(key: symbol, bound: Bound) {
    requireInternal("socket", key, "a socket is made by `bind` or `adopt`");
    const { fd, domain, segmentation } = bound;
    this.#fd = fd;
    this.#bound = bound;
    this.#memory = new SocketMemory(fd);
    this.#sender = new BatchSender({ fd, segmentation, socketMemory: this.#memory });
    // An IPv6 address that only a route makes local needs this as a source. After bind, for it lets bind accept any
    // address, a mistyped one too.
    if (domain === AF_INET6) libc.setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1);
    own(this, fd);
  }

  static {
    descriptorOf = (syscall, socket) => {
      if (typeof socket !== "object" || socket === null || !(#fd in socket)) {
        throw invalid(syscall, "a socket must be a UdpSocket or a BatchSocket");
      }
      return socket.#open(syscall);
    };
  }

  /**
   * Binds a socket.
   * @throws {SystemError} with a sentence for the user if the address cannot be bound
   */
  static bind(options: BindOptions): BatchSocket {
    return new BatchSocket(INTERNAL, bindSocket(readBindOptions(options)));
  }

  /**
   * Adopts a bound UDP socket, as a service manager passes it for socket activation. It resets options that would change
   * how this class works: `SO_BROADCAST`, `IP_RECVERR`, `SO_TIMESTAMPING`, `UDP_CORK`, `O_NONBLOCK`.
   * @param fd its descriptor
   * @param options see {@link AdoptOptions}
   * @throws {SystemError} with a sentence for the user if it is no bound UDP socket, or another socket of this process has it
   */
  static adopt(fd: number, options: AdoptOptions = {}): BatchSocket {
    return new BatchSocket(INTERNAL, adoptSocket(fd, options));
  }

  /** `AF_INET` (2) or `AF_INET6` (10). */
  get domain(): number {
    return this.#bound.domain;
  }

  /** Address families that it receives: `IPv4`, `IPv6`, or `IPv4 and IPv6`. */
  get families(): string {
    return this.#bound.domain === AF_INET ? "IPv4" : this.#bound.dualStack ? "IPv4 and IPv6" : "IPv6";
  }

  /** Whether it can exchange datagrams with addresses of the family. */
  reaches(ipv4: boolean): boolean {
    return ipv4 ? this.#bound.domain === AF_INET || this.#bound.dualStack : this.#bound.domain === AF_INET6;
  }

  /** The local port. */
  get port(): number {
    return this.#bound.port;
  }

  /** The local endpoint as text: `[::]:9000`. */
  get endpoint(): string {
    const { address: { bytes, zone }, port } = this.#bound;
    return endpointText(bytes, zone, port);
  }

  /** Receive buffer that the kernel granted, in bytes of datagrams with their bookkeeping. */
  get receiveBuffer(): number {
    return this.#bound.receiveBuffer;
  }

  /** Whether it was adopted: then other processes may share it. */
  get adopted(): boolean {
    return this.#bound.adopted;
  }

  /** Shortcomings of the host or its kernel, a sentence each. */
  get notices(): readonly string[] {
    return this.#bound.notices;
  }

  /** The descriptor, for poll(2); -1 after {@link close}. */
  get fd(): number {
    return this.#fd;
  }

  /**
   * Sets an option whose value is an `int`, by the kernel's numbers. setsockopt(2), ip(7), ipv6(7), socket(7)
   * @throws {SystemError} if the kernel refuses it
   */
  setOption(level: number, name: number, value: number): void {
    for (const number of [level, name, value]) requireInteger("setsockopt", "an option", number, ~INT_MAX, INT_MAX);
    check("setsockopt", libc.setsockopt(this.#open("setsockopt"), level, name, value));
  }

  /**
   * Allocates a batch for this socket: `capacity` messages, 1 to 1024, of about 64 KiB each.
   * @param headers see {@link MessageBatch}
   */
  batch(capacity: number, headers?: Uint8Array<ArrayBuffer>): MessageBatch {
    return new MessageBatch(this.#bound.domain, capacity, headers);
  }

  /**
   * Connects the socket: it then receives only from the peer, sends only to it, whatever a batch says, and its `receive`
   * and `send` report ICMP errors. connect(2)
   * @throws {SystemError} if there is no route to the peer
   */
  connect(to: Endpoint): void {
    const { address: text, port } = requireType("connect", "the peer", to, "object");
    const address = requireAddress(text);
    requirePort("connect", port, 1);
    // Not before: a getter of the peer may close the socket.
    const fd = this.#open("connect");
    if (!this.reaches(isIPv4(address.bytes))) throw noReach("connect", text, isIPv4(address.bytes));
    const memory = new Memory(sockaddr_in6.size);
    const error = libc.connect(fd, memory, writeResolvedAddress(memory, this.#bound.domain, address, port));
    if (error < 0) throw new SystemError("connect", -error, `cannot connect to ${text}: ${errnoMessage(-error)}`);
    this.#sender.connected = true;
  }

  /** Sets the longest time that {@link receive} waits, in milliseconds; 0, the default, for no limit. */
  setReceiveTimeout(milliseconds: number): void {
    requireInteger("setsockopt", "a time in milliseconds", milliseconds, 0, INT_MAX);
    // Two numbers of 64 bits: seconds and microseconds.
    const timeval = [Math.floor(milliseconds / 1000), 0, (milliseconds % 1000) * 1000, 0];
    check("setsockopt", libc.setsockopt(this.#open("setsockopt"), SOL_SOCKET, SO_RCVTIMEO, ...timeval));
    this.#receiveTimeout = milliseconds;
  }

  /**
   * Receives messages into a batch. With `wait` it blocks until there is one, and the event loop with it.
   * It allocates nothing.
   * @returns the number of messages; `-EAGAIN` (-11) if none came in time, `-EINTR` (-4) after a signal, `-ESHUTDOWN`
   *   (-108) after a process that shares the socket has shut it down, or another negative error number
   */
  receive(batch: MessageBatch, wait: boolean): number {
    const messages = this.#messagesOf("recvmmsg", batch);
    messages.localPort = this.#bound.port;
    const received = messages.receive(this.#fd, wait ? MSG_WAITFORONE : MSG_DONTWAIT);
    if (received !== -EAGAIN || !wait || !this.#bound.adopted || !isNonblocking(this.#fd)) return received;
    // A process that shares the socket has made it nonblocking, which it may need.
    libc.poll(this.#fd, POLLIN, this.#receiveTimeout || -1);
    return messages.receive(this.#fd, MSG_DONTWAIT);
  }

  /**
   * Sends the marked messages of a batch, each from its local address to its peer. It never waits. It allocates only
   * for a peer that is refused a train, or whose datagrams fill the send buffer.
   * @returns the number of datagrams sent; {@link failed} counts the others, and `MessageBatch.error` has their errors
   */
  send(batch: MessageBatch): number {
    return this.#sender.send(this.#messagesOf("sendmmsg", batch));
  }

  /**
   * Datagrams that could not be sent, by error number.
   * @throws {SystemError} `EINVAL` for another value
   */
  failed(errno: number): number {
    requireInteger("sendmmsg", "an error number", errno, 0, INT_MAX);
    return this.#sender.failed[errno] ?? 0;
  }

  /** Error number of the last datagram that could not be sent; 0 if all could. */
  get lastError(): number {
    return this.#sender.lastError;
  }

  /** Whether a network device refused a train. */
  get deviceRefusedTrains(): boolean {
    return this.#sender.deviceRefusedTrains;
  }

  /**
   * Datagrams that the kernel dropped because the receive buffer was full. The kernel counts modulo 2^32, and a train as
   * one. `sk_drops`, net/core/sock.c
   */
  drops(): number {
    return this.#memory.readDrops();
  }

  /**
   * Drops IPv6 datagrams from other hosts that forge an address of this host as their source, as the kernel does for
   * IPv4. {@link drops} counts them. It follows the host's addresses as they are now: call it from time to time.
   */
  dropForgedOwnSources(): void {
    const fd = this.#open("setsockopt");
    if (this.#bound.domain === AF_INET6) this.#ownSources = dropOwnSources(fd, this.#ownSources);
  }

  /** Closes the socket. Closing it again has no effect. */
  close(): void {
    if (this.#fd < 0) return;
    release(this, this.#fd);
    this.#fd = -1;
  }

  /** Closes the socket at the end of a block that declared it with `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** The descriptor of the socket, which must be open. */
  #open(syscall: string): number {
    if (this.#fd >= 0) return this.#fd;
    throw new SystemError(syscall, EBADF, "the socket is closed; bind a new one");
  }

  /** The messages of a batch, which must fit this socket and have its memory. */
  #messagesOf(syscall: string, batch: MessageBatch): Messages {
    this.#open(syscall);
    const messages = messagesOf(syscall, batch);
    if (messages.family !== this.#bound.domain) {
      const message = "the batch belongs to a socket of the other family; use one that this socket's `batch` makes";
      throw new SystemError(syscall, EAFNOSUPPORT, message);
    }
    // The kernel has the address of that memory, and would write to it all the same.
    if (messages.payloads.bytes.length === 0) {
      throw invalid(syscall, "the payloads of the batch were transferred to another thread; make a new batch");
    }
    return messages;
  }
}
