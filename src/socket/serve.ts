/**
 * A UDP server as a function from request to reply.
 * @module
 */

import { EAGAIN, EINTR, ENOBUFS } from "../../ffi/constants.ts";
import { SystemError } from "../../ffi/errno.ts";
import { yieldToEventLoop } from "../../ffi/event_loop.ts";
import { writeError } from "../../ffi/error_line.ts";
import { requireType } from "../net/checks.ts";
import { BatchSocket } from "./batch_socket.ts";
import { UNKNOWN } from "./control_message.ts";
import { datagram } from "./datagram.ts";
import { ErrorQueue } from "./error_queue.ts";
import type { MessageBatch } from "./message_batch.ts";
import type { Path } from "./path.ts";
import type { Route } from "./route.ts";
import { sendError } from "./send_error.ts";
import {
  type CheckedOptions,
  readServeOptions,
  type ServeOptions,
  type UdpHandler,
  type UdpReply,
  type UdpRequest,
  type UdpServer,
} from "./serve_options.ts";
import { isServicePort } from "./service_ports.ts";
import { isName, UdpSocket } from "./udp_socket.ts";

/** Callbacks get the socket, and may override its methods: a server that stops must close it all the same. */
const { close } = BatchSocket.prototype;

/** Most messages of one system call. */
const BATCH_CAPACITY = 64;

/**
 * Answers UDP datagrams, each from the local address that it was sent to, until `options.signal` stops it or the socket
 * is closed. The event loop goes on: the server occupies it for at most 64 messages at a time.
 *
 * When it is stopped, it receives no more, waits for pending handlers up to `drainMilliseconds`, and discards later
 * replies.
 *
 * ```ts
 * import { serve } from "@echo-ts/udp";
 *
 * const stop = new AbortController();
 * await serve({
 *   port: 5300,
 *   signal: stop.signal,
 *   onListen: ({ send }) => send(new TextEncoder().encode("hello"), { to: { address: "127.0.0.1", port: 5300 } }),
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
  const checked = readServeOptions(options);
  requireType("recvmmsg", "the handler", handler, "function");
  const { signal, onListen } = checked;
  if (signal?.aborted) return;
  const { bindOptions } = checked;
  const socket = isName(bindOptions.address) ? await UdpSocket.open(bindOptions) : UdpSocket.bind(bindOptions);
  if (signal?.aborted) return close.call(socket);
  const service = new Service(socket, handler, checked);
  const stop = () => service.stop();
  try {
    signal?.addEventListener("abort", stop);
    if (onListen !== undefined) service.follow(onListen(service.server));
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
  /** What callbacks get. */
  readonly server: UdpServer;
  readonly #socket: UdpSocket;
  readonly #handler: UdpHandler;
  readonly #options: CheckedOptions;
  readonly #onError: NonNullable<ServeOptions["onError"]>;
  readonly #received: MessageBatch;
  readonly #replies: MessageBatch;
  readonly #errors = new ErrorQueue();
  // The request of each message of #replies.
  readonly #requests: (UdpRequest | undefined)[] = [];
  readonly #stop = new AbortController();
  #handling = false;
  #flushing = false;
  #failure: { readonly error: unknown } | undefined;
  #pending = 0;
  #dropped = 0;
  #refused = 0;
  #drained: (() => void) | undefined;
  // Of the last request: usually the next one takes the same path.
  #path: Path | undefined;

  constructor(socket: UdpSocket, handler: UdpHandler, options: CheckedOptions) {
    this.#socket = socket;
    this.#handler = handler;
    this.#options = options;
    this.#onError = options.onError ?? ((error) => writeError(inspect(error)));
    this.#received = socket.batch(BATCH_CAPACITY);
    this.#replies = socket.batch(BATCH_CAPACITY);
    // deno-lint-ignore no-this-alias
    const service = this;
    this.server = Object.freeze({
      socket,
      get pending() {
        return service.#pending;
      },
      get dropped() {
        return service.#dropped;
      },
      get refused() {
        return service.#refused;
      },
      send: (payload: Uint8Array, to: Route | Path) => {
        service.#add(payload, to, undefined);
        service.#sendSoon();
      },
    });
  }

  /** Serves until {@link stop} is called or the socket is closed. */
  async run(): Promise<void> {
    const socket = this.#socket;
    const { signal } = this.#stop;
    while (!this.#ended) {
      const received = socket.receive(this.#received, false);
      if (received > 0) this.#handle();
      else if (received === -EAGAIN) this.#drainErrors();
      else if (received !== -EINTR) this.#report(new SystemError("recvmmsg", -received), undefined);
      if (!this.#ended) await socket.readable({ signal });
    }
    await this.#drain();
    this.#send();
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Ends {@link run}. */
  stop(): void {
    this.#stop.abort();
  }

  /** Ends {@link run} with the error of a promise that a callback returned. */
  follow(result: void | PromiseLike<void>): void {
    if (result !== undefined) Promise.resolve(result).catch((error: unknown) => this.#fail(error));
  }

  get #ended(): boolean {
    return this.#stop.signal.aborted || this.#socket.fd < 0;
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
        if (batch.destination(i) === UNKNOWN) {
          if (batch.isCut(i)) this.#report(cutError(batch, i), undefined);
          continue;
        }
        const path = this.#path = batch.path(i, this.#path);
        for (let k = 0; k < batch.datagrams(i) && !this.#ended; k++) {
          if (this.#pending < this.#options.maxPending) this.#handleOne(batch, i, k, path);
          else this.#dropped++;
        }
      }
      this.#send();
    } finally {
      this.#handling = false;
    }
  }

  #handleOne(batch: MessageBatch, i: number, k: number, path: Path): void {
    const request: UdpRequest = {
      ...datagram(batch, i, k, path),
      reply: (payload) => {
        this.#answer(request, payload);
        if (!this.#handling) this.#sendSoon();
      },
    };
    let reply: ReturnType<UdpHandler>;
    try {
      reply = this.#handler(request, this.server);
    } catch (error) {
      this.#report(error, request);
      return;
    }
    if (reply === undefined || reply instanceof Uint8Array) this.#answer(request, reply);
    else void this.#answerLater(request, reply);
  }

  /** Sends the reply that a promise yields. */
  async #answerLater(request: UdpRequest, promise: PromiseLike<UdpReply> | UdpReply): Promise<void> {
    this.#pending++;
    try {
      let reply: UdpReply;
      try {
        reply = await promise;
      } catch (error) {
        this.#report(error, request);
        return;
      }
      if (this.#stop.signal.aborted && this.#options.drainMilliseconds === 0) return;
      this.#answer(request, reply);
      this.#sendSoon();
    } catch (error) {
      this.#fail(error);
    } finally {
      if (--this.#pending === 0) this.#drained?.();
    }
  }

  /** Waits for pending handlers after {@link stop}, as long as the options say. */
  async #drain(): Promise<void> {
    const { drainMilliseconds } = this.#options;
    if (this.#pending === 0 || drainMilliseconds === 0 || this.#failure !== undefined) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, drainMilliseconds);
      this.#drained = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #answer(request: UdpRequest, reply: UdpReply): void {
    const { port } = request.peer;
    // Source port 0 requests no reply. RFC 768
    if (reply === undefined || reply === null || port === 0) return;
    if (this.#options.guard && isServicePort(port, this.#socket.port)) this.#refused++;
    else this.#add(reply, request.path, request);
  }

  #add(payload: Uint8Array, to: Route | Path, request: UdpRequest | undefined): void {
    if (this.#socket.fd < 0) return;
    const replies = this.#replies;
    if (replies.count === replies.capacity) this.#send();
    try {
      replies.add(payload, to);
    } catch (error) {
      this.#report(error, request);
      return;
    }
    this.#requests[replies.count - 1] = request;
  }

  /** Sends the replies of this turn of the event loop together, at its end. */
  #sendSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    void yieldToEventLoop().then(() => {
      this.#flushing = false;
      this.#send();
    }).catch((error: unknown) => this.#fail(error));
  }

  #send(): void {
    const replies = this.#replies;
    const { count } = replies;
    if (count === 0 || this.#socket.fd < 0) return;
    const failures: [SystemError, UdpRequest | undefined][] = [];
    if (this.#socket.send(replies) < count) {
      for (let i = 0; i < count; i++) {
        if (replies.error(i) !== 0) failures.push([sendError(replies, i), this.#requests[i]]);
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

/** The error of a datagram whose control messages were cut, so that its local address is unknown. */
function cutError(batch: MessageBatch, i: number): SystemError {
  const { address, port } = batch.peer(i);
  const message =
    `dropped a datagram from ${address} port ${port}: its control messages have more bytes than the library ` +
    "reserves; reset options that were set with `setOption`";
  return new SystemError("recvmmsg", ENOBUFS, message);
}
