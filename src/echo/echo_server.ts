/**
 * The echo loop. A datagram is received, decoded, admitted, coalesced with others, encoded, sent, counted and logged, in
 * the memory it arrived in.
 * @module
 */

import { Clock, elapsedMicroseconds } from "../../ffi/clock.ts";
import { CLOCK_MONOTONIC, EAGAIN, EINTR, ESHUTDOWN } from "../../ffi/constants.ts";
import { ERRNO_COUNT, SystemError } from "../../ffi/errno.ts";
import { handleSignal, SIGNAL_TURNS, yieldToEventLoop } from "../../ffi/event_loop.ts";
import type { Output } from "../cli/output.ts";
import { BROADCAST, MULTICAST } from "../socket/control_message.ts";
import type { BatchSocket } from "../socket/batch_socket.ts";
import type { MessageBatch } from "../socket/message_batch.ts";
import {
  type Counters,
  ECHOED,
  LINES_DROPPED,
  LINES_LEFT_OUT,
  RECEIVED,
  RECEIVED_BEFORE,
  summarize,
  type Summary,
} from "./counters.ts";
import { FaultNotices } from "./fault_notices.ts";
import { type Guard, STOPPING } from "./guard.ts";
import type { Log } from "./log.ts";
import { RefusalNotices } from "./refusal_notices.ts";
import type { AdaptivePolling } from "./polling.ts";
import { BATCH_CAPACITY, type SharedBlock } from "./shared_block.ts";

/** Time under load between two pauses for the event loop, which handles signals. */
const PAUSE_INTERVAL_MICROSECONDS = 10_000;
/** Turns of the event loop in such a pause: within 250 ms more than {@link SIGNAL_TURNS}. */
const PAUSE_TURNS = 3;
/**
 * Longest sleep after traffic. A signal interrupts a sleep, but not one that begins right after the signal came.
 */
const NAP_MILLISECONDS = 50;
/** Longest sleep without traffic: each wake-up costs half a millisecond, in cold caches. */
const SLEEP_MILLISECONDS = 1000;
/** Time at the end to count datagrams that are not answered any more. */
const DRAIN_MILLISECONDS = 50;

/** Parts of an {@link EchoServer}. */
export interface EchoServerParts {
  /** Receives and sends. */
  readonly socket: BatchSocket;
  /** Admits datagrams. */
  readonly guard: Guard;
  /** Writes a line for each echoed datagram. */
  readonly log: Log;
  /** Decides when to poll. */
  readonly polling: AdaptivePolling;
  /** Standard output. */
  readonly output: Output;
  /** Tells the operator a sentence. */
  readonly tell: (text: string) => void;
  /** Counts of this server; {@link guard} counts refusals there too. */
  readonly counters: Counters;
  /** The other servers on this port, if any. */
  readonly group?: Group | undefined;
}

/** Servers in several processes that share a port. */
export interface Group {
  /** Number of this server; number 0 speaks for all. */
  readonly index: number;
  /** What they share in memory. */
  readonly block: SharedBlock;
  /** The counters of all servers. */
  counters(): readonly Counters[];
  /** Datagrams that the kernel dropped for all servers. */
  drops(): number;
  /**
   * Called between rounds: every 10 ms under load, and after each sleep.
   * @returns milliseconds until the next call is due; 0 to stop this server
   */
  tend(): number;
}

/** Sends every admitted datagram back to its peer, from the local address that it was sent to. */
export class EchoServer {
  readonly #socket: BatchSocket;
  readonly #guard: Guard;
  readonly #log: Log;
  readonly #polling: AdaptivePolling;
  readonly #output: Output;
  readonly #batch: MessageBatch;
  readonly #counters: Counters;
  readonly #group: Group | undefined;
  // Counts of an earlier process.
  readonly #base: Float64Array;
  readonly #failedBefore: Float64Array;
  readonly #start = performance.now();
  readonly #faultNotices: FaultNotices;
  readonly #refusalNotices: RefusalNotices;
  readonly #clock = new Clock(CLOCK_MONOTONIC);
  // Of the clock, at the last reading.
  #now = this.#clock.microseconds();
  #receiveTimeoutMilliseconds = 0;
  #stopping = false;

  /** Joins the parts; {@link run} starts the server. */
  constructor({ socket, guard, log, polling, output, tell, counters, group }: EchoServerParts) {
    this.#socket = socket;
    this.#guard = guard;
    this.#log = log;
    this.#polling = polling;
    this.#output = output;
    this.#counters = counters;
    this.#group = group;
    this.#base = counters.counts.slice();
    this.#failedBefore = counters.failed.slice();
    this.#batch = socket.batch(BATCH_CAPACITY, group?.block.headers[group.index]);
    this.#faultNotices = new FaultNotices(socket, tell);
    this.#refusalNotices = new RefusalNotices({ refused: guard.refused, tell });
  }

  /**
   * Serves until {@link stop} is called.
   * @throws {SystemError} `ESHUTDOWN` if another process has shut down the socket
   */
  async run(): Promise<void> {
    let lastPause = this.#now;
    let lastSecond = this.#now;
    this.#setReceiveTimeout(NAP_MILLISECONDS);
    this.#socket.dropForgedOwnSources();
    while (!this.#stopping) {
      const received = this.#receive();
      if (received > 0) {
        this.#count();
        this.#admit();
        this.#send();
        this.#log.record(this.#batch);
        this.#setReceiveTimeout(NAP_MILLISECONDS);
        if (elapsedMicroseconds(lastPause, this.#now) < PAUSE_INTERVAL_MICROSECONDS) continue;
        await yieldToEventLoop(PAUSE_TURNS);
      } else if (received === -EINTR) {
        await handleSignal();
      } else {
        if (received === -ESHUTDOWN) throw shutDown();
        this.#setReceiveTimeout(SLEEP_MILLISECONDS);
        if (received === -EAGAIN) await yieldToEventLoop(SIGNAL_TURNS);
        else await this.#pauseAfter(-received);
      }
      lastPause = this.#now;
      if (elapsedMicroseconds(lastSecond, this.#now) >= 1_000_000) {
        lastSecond = this.#now;
        this.#everySecond();
      }
      if (this.#group !== undefined) this.#tend(this.#group);
    }
    this.publish();
  }

  /** Ends {@link run} in the next round. */
  stop(): void {
    this.#stopping = true;
  }

  /** The counts so far. */
  summary(): Summary {
    this.publish();
    const seconds = (performance.now() - this.#start) / 1000;
    const group = this.#group;
    if (group === undefined) return summarize([this.#counters], this.#socket.drops(), seconds);
    return summarize(group.counters(), group.drops(), seconds);
  }

  /** Counts the datagrams in sockets whose servers have stopped. */
  drain(sockets: readonly BatchSocket[]): void {
    for (const socket of sockets) {
      const end = performance.now() + DRAIN_MILLISECONDS / sockets.length;
      while (performance.now() < end && socket.receive(this.#batch, false) > 0) {
        this.#guard.refused[STOPPING]! += this.#count();
      }
    }
  }

  /**
   * Receives and decodes what has come: polls while the policy says so, then sleeps.
   * @returns the number of messages, or `-errno`
   */
  #receive(): number {
    const socket = this.#socket;
    const batch = this.#batch;
    const polling = this.#polling;
    const window = polling.windowMicroseconds;
    const start = this.#clock.microseconds();
    batch.clear();
    this.#counters.counts[RECEIVED_BEFORE] = this.#counters.counts[RECEIVED]!;
    let received = -EAGAIN;
    while (received === -EAGAIN && window > 0) {
      received = socket.receive(batch, false);
      this.#now = this.#clock.microseconds();
      if (elapsedMicroseconds(start, this.#now) >= window) break;
    }
    if (received === -EAGAIN) {
      received = socket.receive(batch, true);
      this.#now = this.#clock.microseconds();
    }
    const gathered = batch.count === 0 || (batch.count > 1 && batch.datagrams(0) === 1);
    polling.received(elapsedMicroseconds(start, this.#now), gathered);
    return received;
  }

  /** Counts the datagrams of the batch; returns their number. */
  #count(): number {
    const batch = this.#batch;
    let datagrams = 0;
    for (let i = 0; i < batch.count; i++) if (!this.#isCopy(i)) datagrams += batch.datagrams(i);
    // In one step: the process may be killed at any time.
    this.#counters.counts[RECEIVED]! += datagrams;
    return datagrams;
  }

  /** Whether message `i` came to each server of the group, as datagrams to many hosts do. Number 0 handles it. */
  #isCopy(i: number): boolean {
    if (this.#group === undefined || this.#group.index === 0) return false;
    const destination = this.#batch.destination(i);
    return destination === BROADCAST || destination === MULTICAST;
  }

  /** Marks the datagrams that the guard admits for sending. */
  #admit(): void {
    const batch = this.#batch;
    for (let i = 0; i < batch.count; i++) {
      if (this.#isCopy(i)) continue;
      const admitted = this.#guard.admit(batch, i);
      if (admitted < batch.datagrams(i)) this.#refusalNotices.note(batch, i);
      if (admitted === 0) continue;
      batch.shorten(i, admitted);
      batch.markForSend(i);
    }
  }

  /** Coalesces, encodes and sends the marked datagrams, and counts those that left. */
  #send(): void {
    this.#counters.counts[ECHOED]! += this.#socket.send(this.#batch);
  }

  /** Pauses after a reception that failed: the next one may fail as fast. */
  async #pauseAfter(errno: number): Promise<void> {
    this.#faultNotices.receiveError = errno;
    await new Promise((resolve) => setTimeout(resolve, NAP_MILLISECONDS));
  }

  /** Counts what other parts of this server have counted. */
  publish(): void {
    const { counts, failed } = this.#counters;
    counts[LINES_LEFT_OUT] = this.#base[LINES_LEFT_OUT]! + this.#log.leftOut;
    counts[LINES_DROPPED] = this.#base[LINES_DROPPED]! + this.#output.dropped;
    for (let errno = 0; errno < ERRNO_COUNT; errno++) {
      failed[errno] = this.#failedBefore[errno]! + this.#socket.failed(errno);
    }
  }

  /** Lets the group do what is due. */
  #tend(group: Group): void {
    this.publish();
    const milliseconds = group.tend();
    if (milliseconds === 0) this.stop();
    else this.#setReceiveTimeout(Math.min(milliseconds, this.#receiveTimeoutMilliseconds));
  }

  #setReceiveTimeout(milliseconds: number): void {
    if (this.#receiveTimeoutMilliseconds === milliseconds) return;
    this.#receiveTimeoutMilliseconds = milliseconds;
    this.#socket.setReceiveTimeout(milliseconds);
  }

  #everySecond(): void {
    const group = this.#group;
    if (group === undefined) this.#log.nextSecond();
    else if (group.index > 0) this.#output.flush();
    else this.#log.nextSecond(group.counters().reduce((sum, { counts }) => sum + counts[LINES_LEFT_OUT]!, 0));
    this.#guard.everySecond();
    this.#faultNotices.everySecond();
    this.#refusalNotices.everySecond();
    this.#socket.dropForgedOwnSources();
    // The kernel's counter wraps.
    this.#socket.drops();
  }
}

function shutDown(): SystemError {
  const message = "another process has shut down the socket: it receives nothing more; start the server again";
  return new SystemError("recvmmsg", ESHUTDOWN, message);
}
