/**
 * A UDP server as a function from request to reply.
 * @module
 */

import { setImmediate } from "node:timers";
import { EAGAIN, EINTR } from "../../ffi/constants.ts";
import { SystemError } from "../../ffi/errno.ts";
import { interfaceName } from "../../ffi/libc.ts";
import type { Endpoint } from "../net/endpoint.ts";
import { type MessageBatch, UNKNOWN } from "./message_batch.ts";
import type { Path } from "./path.ts";
import { type BindOptions, sendError, UdpSocket } from "./udp_socket.ts";
import { invalid, requireFunction, requireObject } from "../net/checks.ts";

/** The local address and port that a datagram came to, and the interface that it arrived by. */
export interface LocalEndpoint extends Endpoint {
  /**
   * The address that a reply leaves from, with its zone if it is link-local. For a datagram to a broadcast or IPv4
   * multicast address it is the arrival interface's own; for one to an IPv6 multicast address `::` with the zone of that
   * interface, which then gives the address.
   */
  readonly address: string;
  /** Index of the interface. */
  readonly interfaceIndex: number;
  /** Name of the interface, looked up when asked for: `eth0`; its index in decimal, if it is gone by then. */
  readonly interfaceName: string;
}

/** A datagram that came. */
export interface UdpRequest {
  /**
   * What it carried, 0 to 65,527 bytes. It is valid until the handler is done: has returned, or its promise is settled.
   * What is to be kept for longer must be copied: `payload.slice()`.
   */
  readonly payload: Uint8Array;
  /** Where it came from. */
  readonly peer: Endpoint;
  /** Where it came to; the reply leaves from there. */
  readonly local: LocalEndpoint;
}

/** What a handler answers with: bytes, or nothing for no reply. They are copied when the handler is done. */
export type UdpReply = Uint8Array | null | undefined | void;

/**
 * Handles one datagram. It may take its time with a promise: others are handled meanwhile, as many as come, and the
 * reply goes out when it is ready. The datagrams of a train that the kernel delivers together come one by one.
 */
export type UdpHandler = (request: UdpRequest) => UdpReply | PromiseLike<UdpReply>;

/** How {@link serve} is to run, and where. */
export interface ServeOptions extends BindOptions {
  /** Stops it. */
  readonly signal?: AbortSignal | undefined;
  /** Called once it receives, with its socket: `socket.port` is the port, `socket.sendTo` sends what nobody asked for. */
  readonly onListen?: ((socket: UdpSocket) => void) | undefined;
  /**
   * Called with what a handler threw, or its promise was rejected with, and with the `SystemError` of a reply that could
   * not be sent; `request` is the datagram that it concerns. The server goes on, unless `onError` throws. If absent,
   * errors are written to the console.
   */
  readonly onError?: ((error: unknown, request: UdpRequest | undefined) => void) | undefined;
}

/** Most messages that one system call receives or sends. */
const BATCH_CAPACITY = 64;

/** Bytes of a block that payloads are copied to. */
const BLOCK_SIZE = 256 << 10;

/**
 * Answers UDP datagrams, each from the local address that it was sent to, until `options.signal` stops it or the socket
 * is closed. The event loop goes on: what else the process does is not held up by more than the handling of 64
 * datagrams.
 *
 * When it is stopped, it receives no more at once; replies of handlers that are still waiting are discarded.
 *
 * ```ts
 * import { serve } from "echo.ts";
 *
 * const stop = new AbortController();
 * await serve({
 *   port: 5300,
 *   signal: stop.signal,
 *   onListen: (socket) => socket.sendTo(new TextEncoder().encode("hello"), { to: { address: "127.0.0.1", port: 5300 } }),
 * }, ({ payload, peer, local }) => {
 *   console.log(`${new TextDecoder().decode(payload)} from ${peer.address} to ${local.address} on ${local.interfaceName}`);
 *   stop.abort();
 * });
 * ```
 *
 * @param options where to listen, and what to do on the way
 * @param handler called with each datagram; what it returns is the reply
 * @throws {SystemError} where the address can't be bound, or an argument makes no sense; and whatever `onListen` or
 *   `onError` throws
 */
export async function serve(options: ServeOptions, handler: UdpHandler): Promise<void> {
  const { signal, onListen, onError } = requireObject("bind", "the options", options);
  requireFunction("recvmmsg", "the handler", handler);
  if (onListen !== undefined) requireFunction("bind", "`onListen`", onListen);
  if (onError !== undefined) requireFunction("recvmmsg", "`onError`", onError);
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw invalid("bind", "`signal` is an AbortSignal");
  if (signal?.aborted) return;
  const socket = UdpSocket.bind(options);
  const service = new Service(socket, handler, onError ?? ((error) => console.error(error)));
  const stop = () => service.stop();
  try {
    signal?.addEventListener("abort", stop);
    onListen?.(socket);
    await service.run();
  } finally {
    signal?.removeEventListener("abort", stop);
    socket.close();
  }
}

/** Receives, has handled, and sends. */
class Service {
  readonly #socket: UdpSocket;
  readonly #handler: UdpHandler;
  readonly #onError: NonNullable<ServeOptions["onError"]>;
  readonly #received: MessageBatch;
  readonly #replies: MessageBatch;
  // The requests that the messages of #replies answer.
  readonly #requests: UdpRequest[] = [];
  readonly #payloads = new Payloads();
  #handling = false;
  #stopping = false;
  #flushing = false;
  #failure: { readonly error: unknown } | undefined;
  // Of the last request: most often the next one came the same way.
  #path: Path | undefined;
  #local: LocalEndpoint | undefined;

  constructor(socket: UdpSocket, handler: UdpHandler, onError: NonNullable<ServeOptions["onError"]>) {
    this.#socket = socket;
    this.#handler = handler;
    this.#onError = onError;
    this.#received = socket.batch(BATCH_CAPACITY);
    this.#replies = socket.batch(BATCH_CAPACITY);
  }

  /** Serves until {@link stop} is called or the socket is closed. */
  async run(): Promise<void> {
    const socket = this.#socket;
    const polling = new Polling();
    while (!this.#ended) {
      const received = socket.receive(this.#received, false);
      if (received > 0) {
        this.#handle();
        polling.received();
        await turn();
      } else if (received !== -EAGAIN && received !== -EINTR) {
        this.#onError(new SystemError("recvmmsg", -received), undefined);
        await turn();
      } else if (polling.goesOn()) {
        await turn();
      } else {
        await socket.readable();
      }
    }
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Ends {@link run}. */
  stop(): void {
    this.#stopping = true;
    // What has been answered in this turn still goes out.
    if (!this.#handling) this.#socket.close();
  }

  get #ended(): boolean {
    return this.#stopping || this.#socket.fd < 0;
  }

  /** Has the received datagrams handled, and sends the replies that are ready. */
  #handle(): void {
    const batch = this.#received;
    this.#handling = true;
    try {
      for (let i = 0; i < batch.count; i++) {
        // It can't be answered: the kernel has not said where it was sent to.
        if (batch.destination(i) === UNKNOWN) continue;
        const path = batch.path(i, this.#path);
        if (path !== this.#path) this.#local = localEndpoint(batch, i, path, this.#socket.port);
        this.#path = path;
        const start = batch.payloadAt(i);
        const size = batch.size(i);
        const segmentSize = batch.segmentSize(i);
        let from = 0;
        do {
          this.#handleOne(path, start + from, Math.min(segmentSize, size - from));
          from += segmentSize;
        } while (from < size && !this.#ended);
        if (this.#ended) break;
      }
      this.#send();
    } finally {
      this.#payloads.release();
      this.#handling = false;
    }
  }

  #handleOne(path: Path, at: number, size: number): void {
    const payload = this.#payloads.copy(this.#received.memory.bytes, at, size);
    const request: UdpRequest = { payload, peer: path.peer, local: this.#local! };
    let reply: ReturnType<UdpHandler>;
    try {
      reply = this.#handler(request);
    } catch (error) {
      this.#onError(error, request);
      return;
    }
    if (reply === undefined || reply instanceof Uint8Array) {
      this.#answer(request, path, reply);
    } else {
      this.#payloads.keep();
      void this.#answerLater(request, path, reply);
    }
  }

  /** Answers when the promise of a reply is settled. */
  async #answerLater(request: UdpRequest, path: Path, promise: PromiseLike<UdpReply> | UdpReply): Promise<void> {
    try {
      let reply: UdpReply;
      try {
        reply = await promise;
      } catch (error) {
        this.#onError(error, request);
        return;
      }
      if (this.#ended) return;
      this.#answer(request, path, reply);
      this.#sendSoon();
    } catch (error) {
      this.#fail(error);
    }
  }

  #answer(request: UdpRequest, path: Path, reply: UdpReply): void {
    // Source port 0 says that no reply is expected. RFC 768
    if (reply === undefined || reply === null || path.peer.port === 0 || this.#socket.fd < 0) return;
    const replies = this.#replies;
    if (replies.count === replies.capacity) this.#send();
    try {
      replies.add(reply, path);
    } catch (error) {
      this.#onError(error, request);
      return;
    }
    this.#requests[replies.count - 1] = request;
  }

  /** Sends what there is once all that is settled in this turn has been answered. */
  #sendSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      try {
        if (this.#socket.fd >= 0) this.#send();
      } catch (error) {
        this.#fail(error);
      }
    });
  }

  #send(): void {
    const replies = this.#replies;
    const { count } = replies;
    if (count === 0 || this.#socket.fd < 0) return;
    const failures: [SystemError, UdpRequest][] = [];
    if (this.#socket.send(replies) < count) {
      for (let i = 0; i < count; i++) {
        if (replies.error(i) !== 0) failures.push([sendError(replies, i), this.#requests[i]!]);
      }
    }
    replies.clear();
    this.#requests.length = 0;
    for (const [error, request] of failures) this.#onError(error, request);
  }

  /** Ends {@link run} with an error. */
  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.stop();
  }
}

/** Where message `i` came to. */
function localEndpoint(batch: MessageBatch, i: number, path: Path, port: number): LocalEndpoint {
  return {
    address: path.local,
    port,
    interfaceIndex: batch.interfaceIndex(i),
    get interfaceName() {
      return interfaceName(this.interfaceIndex);
    },
  };
}

/** How long to poll after a datagram, in milliseconds: as long as a sleep and the wake-up after it take. */
const POLL_MILLISECONDS = 0.1;
/** Most datagrams after which it is not tried again when it was in vain. */
const POLL_PAUSE_MAX = 64;

/**
 * When to ask again with the next turn of the event loop rather than sleep.
 *
 * Asking for as long as a sleep would take costs at most twice what it would cost to know the future. (Karlin et al.,
 * "Empirical Studies of Competitive Spinning for a Shared-Memory Multiprocessor", 1991.) Where it was in vain, it is
 * tried again after one more datagram, then after two, after four and so on: at a rate too low for it, it costs little.
 */
class Polling {
  #deadline = -Infinity;
  #pause = 0;
  #skip = 0;
  #asked = false;

  /** Something came. */
  received(): void {
    if (this.#asked) this.#pause = 0;
    this.#asked = false;
    this.#deadline = this.#skip > 0 ? -Infinity : performance.now() + POLL_MILLISECONDS;
    if (this.#skip > 0) this.#skip--;
  }

  /** Nothing is there: whether to ask again. */
  goesOn(): boolean {
    if (performance.now() < this.#deadline) return this.#asked = true;
    if (this.#asked) this.#skip = this.#pause = Math.min(POLL_PAUSE_MAX, this.#pause * 2 || 1);
    this.#asked = false;
    return false;
  }
}

/** Copies of payloads, one behind the other in a block of memory. */
class Payloads {
  #block = new Uint8Array(BLOCK_SIZE);
  #end = 0;
  #kept = 0;

  /** Copies `size` bytes at `at`. */
  copy(bytes: Uint8Array, at: number, size: number): Uint8Array {
    if (this.#end + size > BLOCK_SIZE) this.#renew();
    const copy = this.#block.subarray(this.#end, this.#end += size);
    copy.set(bytes.subarray(at, at + size));
    return copy;
  }

  /** Keeps the copies so far as they are, for as long as somebody has them. */
  keep(): void {
    this.#kept = this.#end;
  }

  /** Lets the next copies overwrite those that are not kept. */
  release(): void {
    this.#end = this.#kept;
  }

  #renew(): void {
    this.#block = new Uint8Array(BLOCK_SIZE);
    this.#end = this.#kept = 0;
  }
}

/** Gives the event loop a turn. A timer would take a millisecond or two. */
function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
