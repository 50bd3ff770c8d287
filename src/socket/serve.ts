/**
 * A UDP server as a function from request to reply.
 * @module
 */

import { EAGAIN, EINTR } from "../../ffi/constants.ts";
import { SystemError } from "../../ffi/errno.ts";
import { yieldToEventLoop } from "../../ffi/event_loop.ts";
import { interfaceName } from "../../ffi/interfaces.ts";
import { writeError } from "../../ffi/writer.ts";
import { invalid, requireFunction, requireObject } from "../net/checks.ts";
import type { Endpoint } from "../net/endpoint.ts";
import { type BindOptions, readBindOptions } from "./bind.ts";
import { UNKNOWN } from "./control_message.ts";
import { ErrorQueue } from "./error_queue.ts";
import type { MessageBatch } from "./message_batch.ts";
import type { Path } from "./path.ts";
import { sendError } from "./send_error.ts";
import { TurnPolling } from "./turn_polling.ts";
import { UdpSocket } from "./udp_socket.ts";

/** The local address and port of a datagram, and the interface that it arrived by. */
export interface LocalEndpoint extends Endpoint {
  /**
   * The address that a reply leaves from, with its zone if it is link-local. After a broadcast or an IPv4 multicast it is
   * the address of the arrival interface; after an IPv6 multicast it is `::` with the zone of that interface, which then
   * determines the address.
   */
  readonly address: string;
  /** Index of the interface. */
  readonly interfaceIndex: number;
  /** Name of the interface, looked up on each access: `eth0`; its index in decimal if it no longer exists. */
  readonly interfaceName: string;
}

/** A received datagram. */
export interface UdpRequest {
  /** Its payload, 0 to 65,527 bytes: a copy that belongs to the handler. */
  readonly payload: Uint8Array<ArrayBuffer>;
  /** Its source. */
  readonly peer: Endpoint;
  /** Its destination, from which the reply leaves. */
  readonly local: LocalEndpoint;
}

/** The reply of a handler: its payload, or nothing. The payload is copied when the handler is done. */
export type UdpReply = Uint8Array | null | undefined | void;

/**
 * Handles one datagram. It may return a promise: other datagrams are handled meanwhile, and the reply leaves when the
 * promise is fulfilled. The datagrams of a train come one by one.
 */
export type UdpHandler = (request: UdpRequest) => UdpReply | PromiseLike<UdpReply>;

/** Options of {@link serve}. */
export interface ServeOptions extends BindOptions {
  /** Stops the server. */
  readonly signal?: AbortSignal | undefined;
  /** Called with the bound socket: `socket.port` is the port, `socket.sendTo` sends datagrams that are no replies. */
  readonly onListen?: ((socket: UdpSocket) => void | PromiseLike<void>) | undefined;
  /**
   * Called with an error that a handler threw or rejected with, and with the {@link SystemError} of a reply that could
   * not be sent; `request` is the datagram, if there is one. The server goes on, unless `onError` itself throws or
   * rejects. By default errors go to standard error, if it takes them without blocking.
   */
  readonly onError?: ((error: unknown, request: UdpRequest | undefined) => void | PromiseLike<void>) | undefined;
}

/** Callbacks get the socket, and may override its methods: a server that stops must close it all the same. */
const { close } = UdpSocket.prototype;

/** Most messages of one system call. */
const BATCH_CAPACITY = 64;

/**
 * Answers UDP datagrams, each from the local address that it was sent to, until `options.signal` stops it or the socket
 * is closed. The event loop goes on: the server occupies it for at most 64 messages at a time.
 *
 * When it is stopped, it receives no more, and discards the replies of pending handlers.
 *
 * ```ts
 * import { serve } from "@echo-ts/udp";
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
 * @param options where to listen, and callbacks
 * @param handler called with each datagram; it returns the reply
 * @throws {SystemError} if the address cannot be bound or an argument is invalid; and errors of `onListen` and `onError`
 */
export async function serve(options: ServeOptions, handler: UdpHandler): Promise<void> {
  const { signal, onListen, onError } = requireObject("bind", "the options of serve", options);
  requireFunction("recvmmsg", "the handler", handler);
  if (onListen !== undefined) requireFunction("bind", "`onListen`", onListen);
  if (onError !== undefined) requireFunction("recvmmsg", "`onError`", onError);
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalid("bind", "`signal` must be an AbortSignal");
  }
  const bindOptions = readBindOptions(options);
  if (signal?.aborted) return;
  const socket = UdpSocket.bind(bindOptions);
  const service = new Service(socket, handler, onError ?? ((error) => writeError(inspect(error))));
  const stop = () => service.stop();
  try {
    signal?.addEventListener("abort", stop);
    if (onListen !== undefined) service.follow(onListen(socket));
    await service.run();
  } finally {
    close.call(socket);
    signal?.removeEventListener("abort", stop);
  }
}

/** An error as text, with its stack. */
function inspect(error: unknown): string {
  return error instanceof Error ? error.stack ?? `${error}` : `${error}`;
}

/** The running server: receives, calls the handler, and sends. */
class Service {
  readonly #socket: UdpSocket;
  readonly #handler: UdpHandler;
  readonly #onError: NonNullable<ServeOptions["onError"]>;
  readonly #received: MessageBatch;
  readonly #replies: MessageBatch;
  readonly #errors = new ErrorQueue();
  // The request of each message of #replies.
  readonly #requests: UdpRequest[] = [];
  #handling = false;
  #stopping = false;
  #flushing = false;
  #failure: { readonly error: unknown } | undefined;
  // Of the last request: usually the next one takes the same path.
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
    const polling = new TurnPolling();
    while (!this.#ended) {
      const received = socket.receive(this.#received, false);
      if (received > 0) {
        this.#handle();
        polling.received();
        await yieldToEventLoop();
      } else if (received !== -EAGAIN && received !== -EINTR) {
        this.#report(new SystemError("recvmmsg", -received), undefined);
        await yieldToEventLoop();
      } else if (polling.goesOn()) {
        await yieldToEventLoop();
      } else {
        this.#drainErrors();
        await socket.readable();
      }
    }
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Ends {@link run}. */
  stop(): void {
    this.#stopping = true;
    // Replies of the current turn are still sent.
    if (!this.#handling) close.call(this.#socket);
  }

  /** Ends {@link run} with the error of a promise that a callback returned. */
  follow(result: void | PromiseLike<void>): void {
    if (result !== undefined) Promise.resolve(result).catch((error: unknown) => this.#fail(error));
  }

  get #ended(): boolean {
    return this.#stopping || this.#socket.fd < 0;
  }

  #report(error: unknown, request: UdpRequest | undefined): void {
    this.follow(this.#onError(error, request));
  }

  /** Reports errors that are queued because a user set `IP_RECVERR`: a socket with a queued error is always readable. */
  #drainErrors(): void {
    for (const entry of this.#errors.receive(this.#socket)) {
      if (entry.kind === "error") this.#report(new SystemError("recvmmsg", entry.errno), undefined);
    }
  }

  /** Calls the handler with the received datagrams, and sends the replies that are ready. */
  #handle(): void {
    const batch = this.#received;
    this.#handling = true;
    try {
      for (let i = 0; i < batch.count && !this.#ended; i++) {
        // Without a local address there is no right source for a reply.
        if (batch.destination(i) === UNKNOWN) continue;
        const path = batch.path(i, this.#path);
        if (path !== this.#path) this.#local = localEndpoint(batch, i, path, this.#socket.port);
        this.#path = path;
        const start = batch.payloadOffset(i);
        const end = start + batch.size(i);
        const segmentSize = batch.segmentSize(i);
        let from = start;
        do {
          this.#handleOne(path, batch.payloads.slice(from, Math.min(from + segmentSize, end)));
          from += segmentSize;
        } while (from < end && !this.#ended);
      }
      this.#send();
    } finally {
      this.#handling = false;
    }
  }

  #handleOne(path: Path, payload: Uint8Array<ArrayBuffer>): void {
    const request: UdpRequest = { payload, peer: path.peer, local: this.#local! };
    let reply: ReturnType<UdpHandler>;
    try {
      reply = this.#handler(request);
    } catch (error) {
      this.#report(error, request);
      return;
    }
    if (reply === undefined || reply instanceof Uint8Array) this.#answer(request, path, reply);
    else void this.#answerLater(request, path, reply);
  }

  /** Sends the reply that a promise yields. */
  async #answerLater(request: UdpRequest, path: Path, promise: PromiseLike<UdpReply> | UdpReply): Promise<void> {
    try {
      let reply: UdpReply;
      try {
        reply = await promise;
      } catch (error) {
        this.#report(error, request);
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
    // Source port 0 requests no reply. RFC 768
    if (reply === undefined || reply === null || path.peer.port === 0 || this.#socket.fd < 0) return;
    const replies = this.#replies;
    if (replies.count === replies.capacity) this.#send();
    try {
      replies.add(reply, path);
    } catch (error) {
      this.#report(error, request);
      return;
    }
    this.#requests[replies.count - 1] = request;
  }

  /** Sends the replies after all promises of this turn have been followed. */
  #sendSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      try {
        this.#send();
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
    for (const [error, request] of failures) this.#report(error, request);
  }

  /** Ends {@link run} with an error. */
  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.stop();
  }
}

/** The local endpoint of message `i`. */
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
