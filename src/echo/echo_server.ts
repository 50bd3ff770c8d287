/**
 * The echo loop. A datagram is received, decoded, admitted, coalesced with others, encoded, sent, counted and logged, in
 * the memory it arrived in.
 * @module
 */

import { Clock, elapsedMicroseconds } from "../../ffi/clock.ts";
import {
  CLOCK_MONOTONIC,
  CLOCK_THREAD_CPUTIME_ID,
  EAGAIN,
  EINTR,
  ESHUTDOWN,
  SK_MEMINFO_RCVBUF,
  SK_MEMINFO_RMEM_ALLOC,
} from "../../ffi/constants.ts";
import { ERRNO_COUNT, SystemError } from "../../ffi/errno.ts";
import { handleSignal, SIGNAL_TURNS, yieldToEventLoop } from "../../ffi/event_loop.ts";
import { SocketMemory } from "../../ffi/socket_memory.ts";
import type { Metric } from "../cli/metrics.ts";
import type { Output } from "../cli/output.ts";
import type { BatchSocket } from "../socket/batch_socket.ts";
import type { MessageBatch } from "../socket/message_batch.ts";
import {
  type Counters,
  ECHOED,
  ECHOED_BYTES,
  FAILED,
  LINES_DROPPED,
  LINES_LEFT_OUT,
  RECEIVED,
  RECEIVED_BEFORE,
  RECEIVED_BYTES,
  summarize,
  type Summary,
} from "./counters.ts";
import { BATCH_CAPACITY, type Group, isForMany } from "./group.ts";
import { Guard, Reason } from "./guard.ts";
import { Log } from "./log.ts";
import { echoMetrics } from "./metrics.ts";
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
  readonly #socket: BatchSocket;
  readonly #group: Group;
  readonly #guard: Guard;
  readonly #log: Log;
  readonly #polling: NonNullable<Surroundings["polling"]>;
  readonly #output: Output;
  readonly #batch: MessageBatch;
  readonly #counters: Counters;
  readonly #reflectTos: boolean;
  // Counts of an earlier process.
  readonly #base: Float64Array;
  readonly #start = performance.now();
  readonly #notices: Notices;
  readonly #attention: Attention | undefined;
  readonly #onSecond: () => void;
  readonly #clock = new Clock(CLOCK_MONOTONIC);
  // Of the clock, at the last reading.
  #now = this.#clock.microseconds();
  #receiveTimeoutMilliseconds = 0;
  #stopping = false;

  /** Makes the parts of the server; {@link run} starts it. */
  constructor(settings: EchoSettings, { socket, operator, group, attention, everySecond, polling }: Surroundings) {
    const { block, index } = group;
    const counters = block.counters[index]!;
    const { port } = socket;
    this.#socket = socket;
    this.#group = group;
    this.#guard = new Guard({ ...settings, port, refused: counters.refused, maxRateWord: block.maxRateWord });
    this.#log = new Log({
      ...settings,
      port,
      output: operator.output,
      counts: counters.counts,
      linesLeft: block.linesLeft,
    });
    this.#polling = polling ?? new AdaptivePolling(settings.busyPollMicroseconds);
    this.#output = operator.output;
    this.#batch = socket.batch(BATCH_CAPACITY, block.headers[index]);
    this.#counters = counters;
    this.#reflectTos = settings.reflectTos;
    this.#base = counters.counts.slice();
    this.#notices = new Notices({ socket, counters, operator });
    this.#attention = attention;
    this.#onSecond = everySecond ?? (() => {});
  }

  /**
   * Serves until {@link stop} is called.
   * @throws {SystemError} `ESHUTDOWN` if another process has shut down the socket
   */
  async run(): Promise<void> {
    let lastPause = this.#now;
    let lastSecond = this.#now;
    const pacing = this.#attention === undefined ? ALONE : ATTENTIVE;
    let sleep = pacing.napMilliseconds;
    this.#socket.dropForgedOwnSources();
    while (!this.#stopping) {
      this.#setReceiveTimeout(sleep);
      const received = this.#receive();
      if (received > 0) {
        this.#count(this.#group.index === 0);
        this.#echo();
        this.#log.record(this.#batch);
        sleep = pacing.napMilliseconds;
        const due = elapsedMicroseconds(lastPause, this.#now) >= pacing.pauseMicroseconds;
        if (!due && !this.#attention?.busy) continue;
        await yieldToEventLoop(pacing.pauseTurns);
      } else if (received === -EINTR) {
        await handleSignal();
      } else {
        if (received === -ESHUTDOWN) throw shutDown();
        sleep = pacing.sleepMilliseconds;
        if (received === -EAGAIN) await yieldToEventLoop(pacing.idleTurns);
        else await this.#pauseAfter(-received);
      }
      lastPause = this.#now;
      this.publish();
      if (elapsedMicroseconds(lastSecond, this.#now) >= 1_000_000) {
        lastSecond = this.#now;
        this.#everySecond();
      }
      const due = this.#group.tend();
      if (due === 0) break;
      sleep = Math.min(sleep, due);
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
    return summarize(this.#group.counters(), this.#group.drops(), (performance.now() - this.#start) / 1000);
  }

  /** The metrics at the moment, with those of the receive buffers of these sockets. */
  metrics(sockets: readonly BatchSocket[]): Metric[] {
    this.publish();
    const memories = sockets.map(({ fd }) => new SocketMemory(fd));
    return echoMetrics(this.#group.counters(), {
      droppedByKernel: this.#group.drops(),
      receiveQueueBytes: memories.reduce((sum, memory) => sum + memory.read(SK_MEMINFO_RMEM_ALLOC), 0),
      receiveBufferBytes: memories.reduce((sum, memory) => sum + memory.read(SK_MEMINFO_RCVBUF), 0),
      rateTableSources: this.#guard.limitedSources(),
    });
  }

  /** Counts the datagrams in sockets whose servers have stopped. */
  drain(sockets: readonly BatchSocket[]): void {
    const clock = new Clock(CLOCK_THREAD_CPUTIME_ID);
    const start = clock.microseconds();
    for (const [i, socket] of sockets.entries()) {
      const longest = DRAIN_MICROSECONDS * (i + 1) / sockets.length;
      while (elapsedMicroseconds(start, clock.microseconds()) < longest && socket.receive(this.#batch, false) > 0) {
        this.#counters.refused[Reason.STOPPING]! += this.#count(socket === this.#socket);
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
    this.#now = start;
    let [received, polls] = [0, true];
    do {
      polls = elapsedMicroseconds(start, this.#now) < window;
      received = socket.receive(batch, !polls);
      this.#now = this.#clock.microseconds();
    } while (polls && received === -EAGAIN);
    const gathered = batch.count === 0 || (batch.count > 1 && batch.datagrams(0) === 1);
    polling.received(elapsedMicroseconds(start, this.#now), gathered);
    return received;
  }

  /**
   * Counts the datagrams of the batch; returns their number.
   * @param first whether they came to server number 0, which handles those for many hosts
   */
  #count(first: boolean): number {
    const batch = this.#batch;
    let [datagrams, bytes] = [0, 0];
    for (let i = 0; i < batch.count; i++) {
      if (!first && isForMany(batch, i)) continue;
      datagrams += batch.datagrams(i);
      bytes += batch.size(i);
    }
    // In one step: the process may be killed at any time.
    this.#counters.counts[RECEIVED]! += datagrams;
    this.#counters.counts[RECEIVED_BYTES]! += bytes;
    return datagrams;
  }

  /** Admits datagrams, coalesces, encodes and sends them, and counts those that left. */
  #echo(): void {
    const batch = this.#batch;
    const first = this.#group.index === 0;
    let [datagrams, bytes] = [0, 0];
    for (let i = 0; i < batch.count; i++) {
      if (!first && isForMany(batch, i)) continue;
      const admitted = this.#guard.admit(batch, i);
      if (admitted < batch.datagrams(i)) this.#notices.noteRefused(batch, i);
      if (admitted === 0) continue;
      batch.shorten(i, admitted);
      batch.markForSend(i);
      if (this.#reflectTos) batch.setTrafficClass(i, batch.trafficClass(i) ?? 0);
      datagrams += admitted;
      bytes += batch.size(i);
    }
    const sent = this.#socket.send(batch);
    const { counts } = this.#counters;
    counts[ECHOED]! += sent;
    counts[ECHOED_BYTES]! += sent === datagrams ? bytes : bytes - this.#noteFailures();
  }

  /** Notes the messages that could not be sent; returns their bytes. */
  #noteFailures(): number {
    const batch = this.#batch;
    let bytes = 0;
    for (let i = 0; i < batch.count; i++) {
      if (!batch.isMarked(i) || batch.error(i) === 0) continue;
      this.#notices.noteFailed(batch, i);
      bytes += batch.size(i);
    }
    return bytes;
  }

  /** Pauses after a reception that failed: the next one may fail as fast. */
  async #pauseAfter(errno: number): Promise<void> {
    this.#notices.receiveError = errno;
    await new Promise((resolve) => setTimeout(resolve, FAILURE_PAUSE_MILLISECONDS));
  }

  /** Counts what other parts of this server have counted. */
  publish(): void {
    const { counts } = this.#counters;
    const base = this.#base;
    counts[LINES_DROPPED] = base[LINES_DROPPED]! + this.#output.dropped;
    for (let errno = 0; errno < ERRNO_COUNT; errno++) {
      counts[FAILED + errno] = base[FAILED + errno]! + this.#socket.failed(errno);
    }
  }

  #setReceiveTimeout(longestMilliseconds: number): void {
    const milliseconds = this.#attention?.busy ? 1 : longestMilliseconds;
    if (this.#receiveTimeoutMilliseconds === milliseconds) return;
    this.#receiveTimeoutMilliseconds = milliseconds;
    this.#socket.setReceiveTimeout(milliseconds);
  }

  #everySecond(): void {
    const group = this.#group;
    if (group.index > 0) this.#output.flush();
    else this.#log.nextSecond(group.counters().reduce((sum, { counts }) => sum + counts[LINES_LEFT_OUT]!, 0));
    this.#guard.everySecond();
    this.#notices.everySecond();
    this.#onSecond();
    this.#socket.dropForgedOwnSources();
    // The kernel's counters wrap.
    group.drops();
  }
}

function shutDown(): SystemError {
  const message = "another process has shut down the socket: it receives nothing more; start the server again";
  return new SystemError("recvmmsg", ESHUTDOWN, message);
}
