/**
 * The echo loop. A datagram is received, decoded, admitted, coalesced with others, encoded, sent, counted and logged, in
 * the memory it arrived in.
 * @module
 */

import { Clock, elapsedMicroseconds } from "../../ffi/clock.ts";
import { CLOCK_MONOTONIC, CLOCK_THREAD_CPUTIME_ID, EAGAIN, EINTR, ESHUTDOWN } from "../../ffi/constants.ts";
import { SystemError } from "../../ffi/errno.ts";
import { handleSignal, SIGNAL_TURNS, yieldToEventLoop } from "../../ffi/event_loop.ts";
import type { BatchSocket } from "../socket/batch_socket.ts";
import type { MessageBatch } from "../socket/message_batch.ts";
import { type Counters, ECHOED, ECHOED_BYTES, RECEIVED, RECEIVED_BEFORE } from "./counters.ts";
import { BATCH_CAPACITY, countReceived, type Group, isFor } from "./group.ts";
import { Guard, Reason } from "./guard.ts";
import { Log } from "./log.ts";
import { Notices } from "./notices.ts";
import type { Operator } from "./operator.ts";
import type { EchoSettings } from "./options.ts";
import { AdaptivePolling } from "./polling.ts";

/** How the loop shares its thread with the event loop, which handles signals and may have others to serve. */
interface Pacing {
  /** Time under load between two pauses for the event loop. */
  readonly pauseMicroseconds: number;
  /** Turns of the event loop in such a pause. */
  readonly pauseTurns: number;
  /** Turns of the event loop after a sleep. */
  readonly idleTurns: number;
  /** Longest sleep after traffic. A signal interrupts a sleep, but not one that begins right after the signal came. */
  readonly napMilliseconds: number;
  /** Longest sleep without traffic: each wake-up costs half a millisecond, in cold caches. */
  readonly sleepMilliseconds: number;
}

/** With signals only: under load, {@link SIGNAL_TURNS} take 160 ms. */
const ALONE: Pacing = {
  pauseMicroseconds: 10_000,
  pauseTurns: 4,
  idleTurns: SIGNAL_TURNS,
  napMilliseconds: 50,
  sleepMilliseconds: 1000,
};
/** With connections to serve: Deno finds a new one in one of {@link SIGNAL_TURNS}, maybe the last, which take 0.2 ms. */
const ATTENTIVE: Pacing = {
  pauseMicroseconds: 20_000,
  pauseTurns: SIGNAL_TURNS,
  idleTurns: 2 * SIGNAL_TURNS,
  napMilliseconds: 20,
  sleepMilliseconds: 20,
};
/** Time for the event loop after a reception that failed: the next one may fail as fast. */
const FAILURE_PAUSE_MILLISECONDS = 50;
/** Time at the end to count datagrams that are not answered any more: of the processor, which others may keep busy. */
const DRAIN_MICROSECONDS = 30_000;

/** What a server gets from its process. */
export interface Surroundings {
  /** Receives and sends. */
  readonly socket: BatchSocket;
  /** Gets the log and the notices. */
  readonly operator: Operator;
  /** The servers on this port. */
  readonly group: Group;
  /** Asks for attention of the event loop, if it is to serve others too. */
  readonly attention?: Attention | undefined;
  /** Called once a second. */
  readonly everySecond?: () => void;
  /** Decides when to poll; {@link AdaptivePolling} if absent. */
  readonly polling?: Pick<AdaptivePolling, "windowMicroseconds" | "received">;
}

/** What else the event loop serves, within some 50 milliseconds. */
export interface Attention {
  /** Whether something is due now. */
  readonly busy: boolean;
}

/** Sends every admitted datagram back to its peer, from the local address that it was sent to. */
export class EchoServer {
  /** Decides which datagrams are answered. */
  readonly guard: Guard;
  readonly #surroundings: Surroundings;
  readonly #log: Log;
  readonly #polling: NonNullable<Surroundings["polling"]>;
  readonly #batch: MessageBatch;
  readonly #counters: Counters;
  // Failures of an earlier process in the place of this one.
  readonly #failedBefore: Float64Array;
  readonly #reflectTos: boolean;
  readonly #notices: Notices;
  readonly #clock = new Clock(CLOCK_MONOTONIC);
  // Of the clock, at the last reading.
  #now = this.#clock.microseconds();
  #receiveTimeoutMilliseconds = 0;
  #stopping = false;

  /** Makes the parts of the server; {@link run} starts it. */
  constructor(settings: EchoSettings, surroundings: Surroundings) {
    const { socket, operator, group, polling } = surroundings;
    const { block, index } = group;
    const { port } = socket;
    this.#surroundings = surroundings;
    this.#counters = block.counters[index]!;
    this.#failedBefore = this.#counters.failed.slice();
    this.guard = new Guard({ ...settings, port, refused: this.#counters.refused, maxRateWord: block.maxRateWord });
    this.#log = new Log({ ...settings, port, output: operator.output, group });
    this.#notices = new Notices({ socket, operator, counters: this.#counters });
    this.#polling = polling ?? new AdaptivePolling(settings.busyPollMicroseconds);
    this.#batch = socket.batch(BATCH_CAPACITY, block.headers[index]);
    this.#reflectTos = settings.reflectTos;
  }

  /**
   * Serves until {@link stop} is called.
   * @throws {SystemError} `ESHUTDOWN` if another process has shut down the socket
   */
  async run(): Promise<void> {
    const { socket, group, attention } = this.#surroundings;
    const pacing = attention === undefined ? ALONE : ATTENTIVE;
    let lastPause = this.#now;
    let lastSecond = this.#now;
    let sleep = pacing.napMilliseconds;
    socket.dropForgedOwnSources();
    while (!this.#stopping && sleep > 0) {
      const received = this.#receive(attention?.busy ? 1 : sleep);
      if (received > 0) {
        countReceived(group.index, this.#counters, this.#batch);
        this.#echo();
        this.#log.record(this.#batch);
        sleep = pacing.napMilliseconds;
        const due = elapsedMicroseconds(lastPause, this.#now) >= pacing.pauseMicroseconds;
        if (!due && !attention?.busy) continue;
        await yieldToEventLoop(pacing.pauseTurns);
      } else if (received === -EINTR) {
        await handleSignal();
      } else {
        sleep = pacing.sleepMilliseconds;
        if (received === -EAGAIN) await yieldToEventLoop(pacing.idleTurns);
        else await this.#handleFailure(-received);
      }
      lastPause = this.#now;
      if (elapsedMicroseconds(lastSecond, this.#now) >= 1_000_000) {
        lastSecond = this.#now;
        this.#everySecond();
      }
      sleep = Math.min(sleep, group.tend());
    }
  }

  /** Ends {@link run} in the next round. */
  stop(): void {
    this.#stopping = true;
  }

  /** Counts the datagrams in sockets whose servers have stopped. */
  drain(sockets: readonly BatchSocket[]): void {
    const { socket: own } = this.#surroundings;
    const clock = new Clock(CLOCK_THREAD_CPUTIME_ID);
    const start = clock.microseconds();
    for (const [i, socket] of sockets.entries()) {
      const longest = DRAIN_MICROSECONDS * (i + 1) / sockets.length;
      while (elapsedMicroseconds(start, clock.microseconds()) < longest && socket.receive(this.#batch, false) > 0) {
        this.#counters.refused[Reason.STOPPING]! += countReceived(socket === own ? 0 : 1, this.#counters, this.#batch);
      }
    }
  }

  /**
   * Receives and decodes what has come: polls while the policy says so, then sleeps.
   * @returns the number of messages, or `-errno`
   */
  #receive(timeoutMilliseconds: number): number {
    const { socket } = this.#surroundings;
    const { counts } = this.#counters;
    const batch = this.#batch;
    const polling = this.#polling;
    if (timeoutMilliseconds !== this.#receiveTimeoutMilliseconds) socket.setReceiveTimeout(timeoutMilliseconds);
    this.#receiveTimeoutMilliseconds = timeoutMilliseconds;
    batch.clear();
    counts[RECEIVED_BEFORE] = counts[RECEIVED]!;
    this.#now = this.#clock.microseconds();
    const start = this.#now;
    let received;
    let polls;
    do {
      polls = elapsedMicroseconds(start, this.#now) < polling.windowMicroseconds;
      received = socket.receive(batch, !polls);
      this.#now = this.#clock.microseconds();
    } while (polls && received === -EAGAIN);
    const gathered = batch.count === 0 || (batch.count > 1 && batch.datagrams(0) === 1);
    polling.received(elapsedMicroseconds(start, this.#now), gathered);
    return received;
  }

  /** Admits datagrams, coalesces, encodes and sends them, and counts those that left. */
  #echo(): void {
    const { socket, group } = this.#surroundings;
    const { counts } = this.#counters;
    const batch = this.#batch;
    let [datagrams, bytes] = [0, 0];
    for (let i = 0; i < batch.count; i++) {
      if (!isFor(group.index, batch, i)) continue;
      const admitted = this.guard.admit(batch, i);
      if (admitted < batch.datagrams(i)) this.#notices.note("refused", batch, i);
      if (admitted === 0) continue;
      batch.shorten(i, admitted);
      batch.markForSend(i);
      if (this.#reflectTos) batch.setTrafficClass(i, batch.trafficClass(i) ?? 0);
      datagrams += admitted;
      bytes += batch.size(i);
    }
    const sent = socket.send(batch);
    counts[ECHOED]! += sent;
    counts[ECHOED_BYTES]! += sent === datagrams ? bytes : bytes - this.#countFailures();
  }

  /** Counts the datagrams that could not be sent; returns the bytes of their messages. */
  #countFailures(): number {
    const { socket } = this.#surroundings;
    const { failed } = this.#counters;
    const batch = this.#batch;
    let bytes = 0;
    for (let i = 0; i < batch.count; i++) {
      if (!batch.isMarked(i) || batch.error(i) === 0) continue;
      this.#notices.note("failed", batch, i);
      bytes += batch.size(i);
    }
    for (let errno = 0; errno < failed.length; errno++) {
      failed[errno] = this.#failedBefore[errno]! + socket.failed(errno);
    }
    return bytes;
  }

  /** Pauses after a reception that failed: the next one may fail as fast. */
  async #handleFailure(errno: number): Promise<void> {
    if (errno === ESHUTDOWN) {
      const message = "another process has shut down the socket: it receives nothing more; start the server again";
      throw new SystemError("recvmmsg", errno, message);
    }
    this.#notices.receiveError = errno;
    await new Promise((resolve) => setTimeout(resolve, FAILURE_PAUSE_MILLISECONDS));
  }

  #everySecond(): void {
    const { socket, everySecond } = this.#surroundings;
    this.#log.everySecond();
    this.guard.everySecond();
    this.#notices.everySecond();
    socket.dropForgedOwnSources();
    everySecond?.();
  }
}
