/**
 * Putting the parts of the server together.
 * @module
 */

import { AF_INET6, IP_RECVTOS, IPPROTO_IP, IPPROTO_IPV6, IPV6_RECVTCLASS } from "../../ffi/constants.ts";
import type { Output } from "../cli/output.ts";
import { BatchSocket } from "../socket/batch_socket.ts";
import { Counters } from "./counters.ts";
import { type Attention, EchoServer } from "./echo_server.ts";
import type { Group } from "./group.ts";
import { Guard } from "./guard.ts";
import { Log } from "./log.ts";
import type { Operator } from "./operator.ts";
import type { EchoSettings } from "./options.ts";
import { AdaptivePolling } from "./polling.ts";

/** Longest time that the output waits for a slow reader at the end. */
export const LAST_WORDS_MILLISECONDS = 50;

/**
 * Binds the socket of this process, or adopts one.
 * @param fd descriptor of a bound socket, if any
 */
export function openSocket(settings: EchoSettings, fd: number | undefined): BatchSocket {
  const { port, address, family, receiveBufferBytes: receiveBuffer } = settings;
  const socket = fd === undefined
    ? BatchSocket.bind({ port, address, family, receiveBuffer })
    : BatchSocket.adopt(fd, { receiveBuffer });
  if (settings.reflectTos) {
    // A socket for both families needs both.
    socket.setOption(IPPROTO_IP, IP_RECVTOS, 1);
    if (socket.domain === AF_INET6) socket.setOption(IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
  }
  return socket;
}

/** What a server gets from its process. */
export interface Surroundings {
  /** Its socket. */
  readonly socket: BatchSocket;
  /** Standard output. */
  readonly output: Output;
  /** Gets the notices. */
  readonly operator: Operator;
  /** The servers on the port, if there are several. */
  readonly group?: Group | undefined;
  /** See `EchoServerParts`. */
  readonly attention?: Attention | undefined;
  /** Called once a second. */
  readonly everySecond?: () => void;
}

/** Creates the server of this process. */
export function createServer(settings: EchoSettings, { socket, group, ...surroundings }: Surroundings): EchoServer {
  const counters = group?.block?.counters[group.index] ?? new Counters();
  const { output } = surroundings;
  return new EchoServer({
    ...surroundings,
    socket,
    counters,
    group: group ?? { index: 0, counters: () => [counters], drops: () => socket.drops(), tend: () => Infinity },
    guard: new Guard({
      ...settings,
      port: socket.port,
      refused: counters.refused,
      maxRateWord: group?.block?.maxRateWord,
    }),
    log: new Log({
      output,
      format: settings.logFormat,
      timed: settings.logTime,
      limitPerSecond: settings.logLimitPerSecond,
      port: socket.port,
      linesLeft: group?.block?.linesLeft,
    }),
    polling: new AdaptivePolling(settings.busyPollMicroseconds),
    reflectTos: settings.reflectTos,
  });
}
