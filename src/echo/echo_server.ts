/**
 * The loop: a datagram is received, judged, sent back, counted and logged, in the memory it arrived in.
 * @module
 */

import { EAGAIN, EINTR } from "../../ffi/constants.ts";
import { ERRNO_COUNT, errnoMessage, errnoName } from "../../ffi/errno.ts";
import { elapsed } from "../../ffi/libc.ts";
import { Counters, type Summary } from "./counters.ts";
import { ACCEPTED, type Guard, REASONS, STOPPING } from "./guard.ts";
import type { Log } from "./log.ts";
import type { MessageBatch } from "../socket/message_batch.ts";
import type { Output } from "../cli/output.ts";
import type { AdaptivePolling } from "./polling.ts";
import { RefusalNotices } from "./refusal_notices.ts";
import { handleSignal, SIGNAL_TURNS, yieldToEventLoop } from "../cli/event_loop.ts";
import type { UdpSocket } from "../socket/udp_socket.ts";

/** Most messages that one system call receives. */
const BATCH_CAPACITY = 64;
/** How long the loop runs under load before the runtime gets some turns: then signals are handled. */
const TURNS_MICROSECONDS = 10_000;
/** How many: enough that within 250 ms there are more than `SIGNAL_TURNS`. */
const TURNS = 3;
/**
 * How long the loop sleeps at most when there was traffic. A signal ends a sleep, but not one that begins right after
 * the signal has come.
 */
const NAP_MILLISECONDS = 50;
/** How long it sleeps at most when there was none: each wake-up costs half a millisecond, in caches gone cold. */
const SLEEP_MILLISECONDS = 1000;
/** How long it counts at the end what has come and is not answered any more. */
const DRAIN_MILLISECONDS = 50;

/** What an {@link EchoServer} is made of. */
export interface EchoServerParts {
  /** Where datagrams come in and go out. */
  readonly socket: UdpSocket;
  /** What decides which are answered. */
  readonly guard: Guard;
  /** What writes a line for each. */
  readonly log: Log;
  /** How they are waited for. */
  readonly polling: AdaptivePolling;
  /** Standard output. */
  readonly output: Output;
  /** Says something to the operator. */
  readonly tell: (text: string) => void;
}

/** Sends every datagram back, from the address that it was sent to. */
export class EchoServer {
  readonly #socket: UdpSocket;
  readonly #guard: Guard;
  readonly #log: Log;
  readonly #polling: AdaptivePolling;
  readonly #output: Output;
  readonly #tell: (text: string) => void;
  readonly #batch: MessageBatch;
  readonly #counters = new Counters();
  readonly #refused = new Float64Array(REASONS.length);
  readonly #refusalNotices: RefusalNotices;
  readonly #failuresTold = new Float64Array(ERRNO_COUNT);
  #trainsTold = false;
  #receiveError = 0;
  #sleep = 0;
  #stopping = false;

  /** Puts the server together; {@link run} starts it. */
  constructor({ socket, guard, log, polling, output, tell }: EchoServerParts) {
    this.#socket = socket;
    this.#guard = guard;
    this.#log = log;
    this.#polling = polling;
    this.#output = output;
    this.#tell = tell;
    this.#batch = socket.batch(BATCH_CAPACITY);
    this.#refusalNotices = new RefusalNotices({ refused: this.#refused, tell });
  }

  /** Serves until {@link stop} is called. */
  async run(): Promise<void> {
    const polling = this.#polling;
    let lastTurns = polling.now;
    let lastSecond = polling.now;
    this.#sleepFor(NAP_MILLISECONDS);
    while (!this.#stopping) {
      const received = polling.receive(this.#socket, this.#batch);
      if (received > 0) {
        this.#answer();
        if (this.#sleep !== NAP_MILLISECONDS) this.#sleepFor(NAP_MILLISECONDS);
        if (elapsed(lastTurns, polling.now) < TURNS_MICROSECONDS) continue;
        await yieldToEventLoop(TURNS);
      } else if (received === -EINTR) {
        await handleSignal();
      } else {
        if (received !== -EAGAIN) this.#receiveError = -received;
        if (this.#sleep !== SLEEP_MILLISECONDS) this.#sleepFor(SLEEP_MILLISECONDS);
        await yieldToEventLoop(SIGNAL_TURNS);
      }
      lastTurns = polling.now;
      if (elapsed(lastSecond, polling.now) >= 1_000_000) {
        lastSecond = polling.now;
        this.#nextSecond();
      }
    }
    // What waits at a socket that was handed to us is for whoever gets it next.
    if (!this.#socket.adopted) this.#drain();
  }

  /** Ends {@link run} with the loop's next turn. */
  stop(): void {
    this.#stopping = true;
  }

  /** The counts so far. */
  summary(): Summary {
    const socket = this.#socket;
    return this.#counters.summary({
      refused: this.#refused,
      failed: (errno) => socket.failed(errno),
      droppedByKernel: socket.drops(),
      logLinesDropped: this.#log.leftOut + this.#output.dropped,
    });
  }

  /** Answers the batch that was received. */
  #answer(): void {
    const batch = this.#batch;
    const counters = this.#counters;
    for (let i = 0; i < batch.count; i++) {
      const datagrams = batch.datagrams(i);
      const reason = this.#guard.judge(batch, i);
      const { admitted } = this.#guard;
      counters.received += datagrams;
      if (reason !== ACCEPTED) {
        this.#refused[reason]! += datagrams - admitted;
        this.#refusalNotices.note(batch, i);
      }
      if (admitted === 0) continue;
      batch.shorten(i, admitted);
      batch.reply(i);
    }
    counters.echoed += this.#socket.send(batch);
    this.#log.record(batch);
  }

  /** Counts what has come and is not answered any more, so that nothing is lost without being counted. */
  #drain(): void {
    const end = performance.now() + DRAIN_MILLISECONDS;
    while (performance.now() < end && this.#socket.receive(this.#batch, false) > 0) {
      for (let i = 0; i < this.#batch.count; i++) {
        const datagrams = this.#batch.datagrams(i);
        this.#counters.received += datagrams;
        this.#refused[STOPPING]! += datagrams;
      }
    }
  }

  #sleepFor(milliseconds: number): void {
    this.#sleep = milliseconds;
    this.#socket.setReceiveTimeout(milliseconds);
  }

  #nextSecond(): void {
    this.#log.nextSecond();
    this.#refusalNotices.everySecond();
    this.#socket.drops();
    const failures: string[] = [];
    for (let errno = 0; errno < ERRNO_COUNT; errno++) {
      const failed = this.#socket.failed(errno);
      const count = failed - this.#failuresTold[errno]!;
      if (count > 0) failures.push(`${errnoName(errno)} (${errnoMessage(errno)}): ${count}`);
      this.#failuresTold[errno] = failed;
    }
    if (this.#receiveError !== 0) {
      this.#tell(`receiving failed: ${errnoMessage(this.#receiveError)} (${errnoName(this.#receiveError)})`);
      this.#receiveError = 0;
    }
    if (failures.length > 0) this.#tell(`replies could not be sent: ${failures.join(", ")}`);
    if (this.#socket.deviceRefusedTrains && !this.#trainsTold) {
      this.#trainsTold = true;
      this.#tell("a network device takes no trains of datagrams: replies through it are sent one by one");
    }
  }
}
