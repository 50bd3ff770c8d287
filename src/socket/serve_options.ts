/**
 * The options of `serve`, and what its handlers get.
 * @module
 */

import { invalid, requireInteger, requireType } from "../net/checks.ts";
import { readBindOptions } from "./bind.ts";
import type { Datagram } from "./datagram.ts";
import { readSocketOptions, type UdpBindOptions } from "./options.ts";
import type { Path } from "./path.ts";
import type { Route } from "./route.ts";
import { INT_MAX } from "./socket_options.ts";
import type { UdpSocket } from "./udp_socket.ts";

/** A received datagram. Its payload belongs to the handler. */
export interface UdpRequest extends Datagram {
  /**
   * Sends a reply: for handlers with several replies, or later ones. The payload is copied at once. Errors go to `onError`.
   */
  readonly reply: (payload: Uint8Array) => void;
}

/** The reply of a handler: its payload, or nothing. The payload is copied when the handler is done. */
export type UdpReply = Uint8Array | null | undefined | void;

/**
 * Handles one datagram. It may return a promise: other datagrams are handled meanwhile, and the reply leaves when the
 * promise is fulfilled. The datagrams of a train come one by one.
 */
export type UdpHandler = (request: UdpRequest, server: UdpServer) => UdpReply | PromiseLike<UdpReply>;

/** A server that runs. */
export interface UdpServer {
  /** The bound socket. To receive from it takes datagrams away from the handler. */
  readonly socket: UdpSocket;
  /** Handlers that have returned a promise which is not settled yet. */
  readonly pending: number;
  /** Datagrams that were dropped because `maxPending` handlers were pending. */
  readonly dropped: number;
  /** Replies that the guard refused to send. */
  readonly refused: number;
  /** Sends a datagram that is no reply, together with the replies of this turn. Errors go to `onError`. */
  readonly send: (payload: Uint8Array, to: Route | Path) => void;
}

/** Options of `serve`. */
export interface ServeOptions extends UdpBindOptions {
  /** Stops the server. */
  readonly signal?: AbortSignal | undefined;
  /** Time that pending handlers have after that to reply, in milliseconds; 0 by default. */
  readonly drainMilliseconds?: number | undefined;
  /** Most pending handlers; further datagrams are dropped, and counted. 10,000 by default. */
  readonly maxPending?: number | undefined;
  /**
   * Whether to refuse replies to ports of services: those below 1024, those that the echo server refuses, and the server's
   * own. True by default: a forged datagram could start an exchange without end between two servers that answer anything.
   * Switch it off if the handler answers requests only, and no replies.
   */
  readonly guard?: boolean | undefined;
  /** Called once the socket is bound: `server.socket.port` is the port. */
  readonly onListen?: ((server: UdpServer) => void | PromiseLike<void>) | undefined;
  /**
   * Called with an error that a handler threw or rejected with, and with the `SystemError` of a reply that could
   * not be sent; `request` is the datagram, if there is one. The server goes on, unless `onError` itself throws or
   * rejects. By default errors go to standard error, if it takes them without blocking.
   */
  readonly onError?: ((error: unknown, request: UdpRequest | undefined) => void | PromiseLike<void>) | undefined;
}

/** Checked options. */
export interface CheckedOptions extends Omit<ServeOptions, keyof UdpBindOptions> {
  readonly bindOptions: UdpBindOptions;
  readonly maxPending: number;
  readonly drainMilliseconds: number;
}

/** Most pending handlers, if the options say nothing else. */
const MAX_PENDING = 10_000;

/** Reads each option once, and checks it. */
export function readServeOptions(options: ServeOptions): CheckedOptions {
  const given = requireType("bind", "the options of serve", options, "object");
  const { signal, onListen, onError, guard = true, maxPending = MAX_PENDING, drainMilliseconds = 0 } = given;
  if (onListen !== undefined) requireType("bind", "`onListen`", onListen, "function");
  if (onError !== undefined) requireType("recvmmsg", "`onError`", onError, "function");
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalid("bind", "`signal` must be an AbortSignal");
  }
  requireType("sendmmsg", "`guard`", guard, "boolean");
  requireInteger("recvmmsg", "`maxPending`", maxPending, 0, INT_MAX);
  requireInteger("recvmmsg", "`drainMilliseconds`", drainMilliseconds, 0, INT_MAX);
  const bindOptions = { ...readBindOptions(options), ...readSocketOptions(options) };
  return { bindOptions, signal, onListen, onError, guard, maxPending, drainMilliseconds };
}
