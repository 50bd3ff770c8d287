/**
 * UDP sockets for programs with an event loop.
 * @module
 */

import { EAGAIN, EDESTADDRREQ, EINTR, EPOLLIN, EPOLLOUT, ESHUTDOWN, POLLIN, POLLRDHUP } from "../../ffi/constants.ts";
import { check, SystemError } from "../../ffi/errno.ts";
import { yieldToEventLoop } from "../../ffi/event_loop.ts";
import * as libc from "../../ffi/libc.ts";
import { INTERNAL, invalid, requireBytes, requireInteger, requireType } from "../net/checks.ts";
import { zonedText } from "../net/address.ts";
import { type Endpoint, readAddress, type ResolvedAddress, resolveOnThread } from "../net/endpoint.ts";
import { type AdoptOptions, adoptSocket } from "./adopt.ts";
import { BatchSocket, descriptorOf } from "./batch_socket.ts";
import { bindSocket, type Bound, readBindOptions } from "./bind.ts";
import { type Datagram, datagrams } from "./datagram.ts";
import { type GroupOptions, joinGroup, leaveGroup } from "./groups.ts";
import { MessageBatch } from "./message_batch.ts";
import { isPath, type Path } from "./path.ts";
import { waitFor, type WaitOptions } from "./readiness.ts";
import "./reload.ts";
import { noReach, type Route, routePath } from "./route.ts";
import { otherPeer, sendError } from "./send_error.ts";
import { INT_MAX } from "./socket_options.ts";
import {
  prepareSocket,
  readSocketOptions,
  setSocketOptions,
  type SocketOptions,
  type UdpBindOptions,
} from "./options.ts";
import { TurnPolling } from "./turn_polling.ts";

/**
 * Options whose values have pointers, by level and name: `SO_ATTACH_FILTER`, `SO_ATTACH_REUSEPORT_CBPF`, and those of
 * netfilter for IPv4, ARP or bridges, and IPv6. The kernel would read or write wherever the bytes say.
 */
const POINTER_OPTIONS = new Set(["1 26", "1 51", "0 64", "0 65", "0 96", "0 97", "0 128", "0 129", "41 64", "41 65"]);

/** Messages that an iteration receives at a time. */
const ITERATION_CAPACITY = 16;

/**
 * A bound UDP socket: a {@link BatchSocket} that waits while the event loop goes on, and also sends and receives single
 * datagrams.
 *
 * Errors are a {@link SystemError} whose message says what to do. The garbage collector closes an unreachable socket.
 */
export class UdpSocket extends BatchSocket {
  readonly #local: Endpoint;
  readonly #polling = new TurnPolling();
  #connected: Path | undefined;
  #keepsAlive = true;
  #single: MessageBatch | undefined;

  /** Only the library calls it: use {@link bind}, {@link open} or {@link adopt}. */
  protected constructor(key: symbol, bound: Bound) {
    super(key, bound);
    const { address: { bytes, zone }, port } = bound;
    this.#local = Object.freeze({ address: zonedText(bytes, zone), port });
  }

  /**
   * Binds a socket. If `address` is a name, it blocks until the name server answers: {@link open} does not.
   * @throws {SystemError} with a sentence for the user if the address cannot be bound
   */
  static override bind(options: UdpBindOptions): UdpSocket {
    const bindOptions = readBindOptions(options);
    const socketOptions = readSocketOptions(options);
    const bound = bindSocket(bindOptions, (fd, domain) => prepareSocket(fd, domain, socketOptions));
    return new UdpSocket(INTERNAL, bound);
  }

  /**
   * Binds a socket as {@link bind} does. If `address` is a name, the event loop goes on until the name server answers.
   * @throws {SystemError} with a sentence for the user if the address cannot be bound
   */
  static async open(options: UdpBindOptions): Promise<UdpSocket> {
    const checked = { ...readBindOptions(options), ...readSocketOptions(options) };
    if (!isName(checked.address)) return UdpSocket.bind(checked);
    const [{ bytes, zone }] = await resolveOnThread(checked.address, checked.family) as [ResolvedAddress];
    return UdpSocket.bind({ ...checked, address: zonedText(bytes, zone) });
  }

  /**
   * Adopts a bound UDP socket, as a service manager passes it for socket activation. It resets options that would change
   * how this class works: `SO_BROADCAST`, `IP_RECVERR`, `SO_TIMESTAMPING`, `UDP_CORK`, `O_NONBLOCK`.
   * @param fd its descriptor
   * @param options see {@link AdoptOptions}
   * @throws {SystemError} with a sentence for the user if it is no bound UDP socket, or another socket of this process
   *   has it
   */
  static override adopt(fd: number, options: AdoptOptions = {}): UdpSocket {
    return new UdpSocket(INTERNAL, adoptSocket(fd, options));
  }

  /** The local address and port. A frozen object. */
  get local(): Endpoint {
    return this.#local;
  }

  /**
   * Sets options by name.
   * @throws {SystemError} `EINVAL` for a value out of range, or an error of the kernel; the options before it are set
   */
  set(options: SocketOptions): void {
    const checked = readSocketOptions(options);
    setSocketOptions(descriptorOf("setsockopt", this), super.domain, checked);
  }

  /**
   * Sets an option by the kernel's numbers: `constants.IPPROTO_IP`, `constants.IP_TTL`. setsockopt(2), ip(7), ipv6(7)
   * @param value an `int`, or the bytes of another type
   * @throws {SystemError} if the kernel refuses it; `EINVAL` for an option whose value has pointers
   */
  override setOption(level: number, name: number, value: number | Uint8Array): void {
    if (typeof value === "number") return super.setOption(level, name, value);
    requireBytes("setsockopt", "the value of an option", value);
    for (const number of [level, name]) requireInteger("setsockopt", "an option", number, ~INT_MAX, INT_MAX);
    if (POINTER_OPTIONS.has(`${level} ${name}`)) throw invalid("setsockopt", "the value of this option has pointers");
    // A copy, whose length nobody overrides.
    const copy = new Uint8Array(value);
    check("setsockopt", libc.setsockoptBytes(descriptorOf("setsockopt", this), level, name, copy));
  }

  /**
   * Reads an option whose value is an `int` of at least 0, by the kernel's numbers. getsockopt(2)
   * @throws {SystemError} if the kernel refuses it
   */
  getOption(level: number, name: number): number {
    for (const number of [level, name]) requireInteger("getsockopt", "an option", number, ~INT_MAX, INT_MAX);
    return check("getsockopt", libc.getsockopt(descriptorOf("getsockopt", this), level, name));
  }

  /**
   * Joins a multicast group, IPv4 or IPv6, also both on a socket for both families.
   * @param group the address of the group
   * @throws {SystemError} `EINVAL` for another address, `EAFNOSUPPORT` for a family that the socket does not receive, and
   *   errors of the kernel: `ENODEV` without a route to the group if no interface is named, `EADDRINUSE` if it is a member
   */
  joinGroup(group: string, options: GroupOptions = {}): void {
    joinGroup(this, group, options);
  }

  /**
   * Leaves a group that it joined with the same options.
   * @throws {SystemError} as {@link joinGroup} does; `EADDRNOTAVAIL` if it is no member
   */
  leaveGroup(group: string, options: GroupOptions = {}): void {
    leaveGroup(this, group, options);
  }

  /**
   * Connects the socket: it then receives only from the peer, sends only to it, whatever a batch says, and its `receive`
   * and `send` report ICMP errors. connect(2)
   * @throws {SystemError} if there is no route to the peer
   */
  override connect(to: Endpoint): void {
    const { address, port } = requireType("connect", "the peer", to, "object");
    super.connect({ address, port });
    this.#connected = this.path({ to: { address, port } });
  }

  /**
   * The path along a route: checked once, it makes {@link sendTo} several times as fast.
   * @throws {SystemError} `EAFNOSUPPORT` for an address that the socket cannot use, `EADDRNOTAVAIL` for a source that is
   *   not local, `EINVAL` for a text that is no address
   */
  path(route: Route): Path {
    const path = routePath(this.domain, this.#local.port, requireType("sendmmsg", "the route", route, "object"));
    const ipv4 = !path.peer.address.includes(":");
    if (!super.reaches(ipv4)) throw noReach("sendmmsg", path.peer.address, ipv4);
    return path;
  }

  /**
   * Sends one datagram along a path, or along a route, which takes longer. {@link send} is faster for many. It never waits.
   * @throws {SystemError} as {@link path} does; `EMSGSIZE` for a payload that is too large, `EAGAIN` if the send buffer is
   *   full, see {@link writable}, and other errors of the kernel
   */
  sendTo(payload: Uint8Array, to: Route | Path): void {
    const path = isPath(to) ? to : this.path(to);
    const batch = this.#single ??= new MessageBatch(super.domain, 1);
    const connected = this.#connected?.peer;
    if (connected !== undefined && (connected.address !== path.peer.address || connected.port !== path.peer.port)) {
      throw otherPeer(path.peer, connected);
    }
    batch.clear();
    batch.add(payload, path);
    if (super.send(batch) === 0) throw sendError(batch, 0);
  }

  /**
   * Sends the marked messages of a batch, as {@link BatchSocket.send} does; or one datagram to the peer that the socket is
   * connected to.
   * @returns the number of datagrams sent
   * @throws {SystemError} `EDESTADDRREQ` for a payload if the socket is not connected, else as {@link sendTo} does
   */
  override send(message: MessageBatch | Uint8Array): number {
    if (!(message instanceof Uint8Array)) return super.send(message);
    if (this.#connected === undefined) {
      throw new SystemError(
        "sendmmsg",
        EDESTADDRREQ,
        "the socket is not connected: use `sendTo`, or `connect` it first",
      );
    }
    this.sendTo(message, this.#connected);
    return 1;
  }
  /**
   * Receives what has come into a batch, without waiting.
   * @returns the number of messages, 0 if there is none
   * @throws {SystemError} `ESHUTDOWN` if a process that shares the socket has shut it down; `ECONNREFUSED` and other ICMP
   *   errors on a connected socket
   */
  tryReceive(batch: MessageBatch): number {
    const received = super.receive(batch, false);
    if (received >= 0) return received;
    if (received === -EAGAIN) requireReception(this);
    if (received === -EAGAIN || received === -EINTR) return 0;
    throw new SystemError("recvmmsg", -received);
  }

  /**
   * Waits until there is something to receive, while the event loop goes on. It polls for a tenth of a millisecond after a
   * datagram, then sleeps. A pending wait keeps the process alive, unless {@link unref} was called.
   * @returns true; false when the socket is closed, the time is over, or `signal` is aborted
   */
  readable(options: WaitOptions = {}): Promise<boolean> {
    const checked = readWaitOptions(options);
    return this.#pollThenWait(descriptorOf("poll", this), checked);
  }

  async #pollThenWait(fd: number, options: WaitOptions): Promise<boolean> {
    const polling = this.#polling;
    do {
      await yieldToEventLoop();
      if (super.fd !== fd || options.signal?.aborted) return false;
      if (libc.poll(fd, POLLIN, 0) !== 0) {
        polling.received();
        return true;
      }
    } while (polling.goesOn());
    return await waitFor(fd, EPOLLIN, this.#keepsAlive, options);
  }

  /**
   * Waits until the send buffer has space, after a datagram failed with `EAGAIN`. A pending wait keeps the process alive.
   * @returns as {@link readable} does
   */
  writable(options: WaitOptions = {}): Promise<boolean> {
    const checked = readWaitOptions(options);
    return waitFor(descriptorOf("poll", this), EPOLLOUT, this.#keepsAlive, checked);
  }

  /** Waits that begin afterwards keep the process alive, as they do by default. */
  ref(): this {
    this.#keepsAlive = true;
    return this;
  }

  /** Waits that begin afterwards do not keep the process alive, unless they have a time-out. */
  unref(): this {
    this.#keepsAlive = false;
    return this;
  }

  /**
   * The datagrams that the socket receives, until it is closed: `for await (const datagram of socket)`. Datagrams whose
   * destination is unknown come too.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Datagram, void, void> {
    const batch = super.batch(ITERATION_CAPACITY);
    while (super.fd >= 0 && await this.readable()) {
      if (super.fd >= 0 && this.tryReceive(batch) > 0) yield* datagrams(batch);
    }
  }
}

/**
 * Checks a socket that has received nothing: the kernel tells only those that wait in `recvmmsg` that it never will.
 * @throws {SystemError} `ESHUTDOWN` if another process has shut down the socket
 */
function requireReception(socket: UdpSocket): void {
  if (!socket.adopted) return;
  const events = libc.poll(descriptorOf("poll", socket), POLLRDHUP, 0);
  if (events <= 0 || (events & POLLRDHUP) === 0) return;
  throw new SystemError("recvmmsg", ESHUTDOWN, "another process has shut down the socket: it receives nothing more");
}

/** Whether the address to bind must be resolved. */
export function isName(address: string | undefined): address is string {
  return address !== undefined && readAddress(address) === undefined;
}

/** Reads the options once, and checks them. */
function readWaitOptions(options: WaitOptions): WaitOptions {
  const { signal, timeoutMilliseconds } = requireType("poll", "the options of a wait", options, "object");
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalid("poll", "`signal` must be an AbortSignal");
  }
  if (timeoutMilliseconds === undefined) return { signal };
  return { signal, timeoutMilliseconds: requireInteger("poll", "a time-out", timeoutMilliseconds, 0, INT_MAX) };
}
