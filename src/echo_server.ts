/**
 * The loop: a datagram is received, judged, sent back, counted and logged, in the memory it arrived in.
 * @module
 */

import { setImmediate } from "node:timers";
import { EAGAIN, EINTR } from "../ffi/constants.ts";
import { ERRNO_COUNT, errnoMessage, errnoName } from "../ffi/errno.ts";
import { elapsed } from "../ffi/libc.ts";
import { Counters, type Summary } from "./counters.ts";
import { ACCEPTED, type Guard } from "./guard.ts";
import type { Log } from "./log.ts";
import type { MessageBatch } from "./message_batch.ts";
import type { Output } from "./output.ts";
import type { AdaptivePolling } from "./polling.ts";
import type { UdpSocket } from "./udp_socket.ts";

/** Most messages that one system call receives. */
const BATCH_CAPACITY = 64;
/** How long the loop runs before the runtime gets a turn: then signals are handled. */
const TURN_MILLISECONDS = 100;
/**
 * How long the loop sleeps at most. A signal ends the sleep; only one that comes in the few microseconds before it has to
 * wait. Each wake-up costs some 0.3 ms of processor time, in caches that have gone cold.
 */
const SLEEP_MILLISECONDS = 1000;

/** Turns after which the handler of a signal has run: Deno takes up to seven for the first one, one for the others. */
const SIGNAL_TURNS = 8;

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
  readonly #failuresTold = new Float64Array(ERRNO_COUNT);
  #trainsTold = false;
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
    socket.setReceiveTimeout(SLEEP_MILLISECONDS);
  }

  /** Serves until {@link stop} is called. */
  async run(): Promise<void> {
    const polling = this.#polling;
    let lastTurn = polling.now;
    let lastSecond = polling.now;
    await turns(SIGNAL_TURNS);
    while (!this.#stopping) {
      const received = polling.receive(this.#socket, this.#batch);
      if (received > 0) this.#answer();
      if (received > 0 && elapsed(lastTurn, polling.now) < TURN_MILLISECONDS * 1000) continue;
      if (received < 0 && received !== -EAGAIN && received !== -EINTR) this.#receiveFailed(-received);
      lastTurn = polling.now;
      if (elapsed(lastSecond, polling.now) >= 1_000_000) {
        lastSecond = polling.now;
        this.#nextSecond();
      }
      await turns(received === -EINTR ? SIGNAL_TURNS : 1);
    }
  }

  /** Ends {@link run} with the loop's next turn. */
  stop(): void {
    this.#stopping = true;
  }

  /** The counts so far. */
  summary(): Summary {
    const socket = this.#socket;
    const linesDropped = this.#log.leftOut + this.#output.dropped;
    return this.#counters.summary((errno) => socket.failed(errno), socket.drops(), linesDropped);
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
      if (reason !== ACCEPTED) counters.refused[reason]! += datagrams - admitted;
      if (admitted === 0) continue;
      batch.shorten(i, admitted);
      batch.reply(i);
    }
    counters.echoed += this.#socket.send(batch);
    this.#log.record(batch);
  }

  #nextSecond(): void {
    this.#log.nextSecond();
    this.#socket.drops();
    const failures: string[] = [];
    for (let errno = 1; errno < ERRNO_COUNT; errno++) {
      const failed = this.#socket.failed(errno);
      const count = failed - this.#failuresTold[errno]!;
      if (count > 0) failures.push(`${count} times ${errnoName(errno)} (${errnoMessage(errno)})`);
      this.#failuresTold[errno] = failed;
    }
    if (failures.length > 0) this.#tell(`replies could not be sent: ${failures.join(", ")}`);
    if (this.#socket.deviceRefusedTrains && !this.#trainsTold) {
      this.#trainsTold = true;
      this.#tell("a network device takes no trains of datagrams: replies through it are sent one by one");
    }
  }

  #receiveFailed(errno: number): void {
    this.#tell(`receiving failed: ${errnoMessage(errno)} (${errnoName(errno)})`);
  }
}

/** Gives the runtime turns, in which signal handlers run. A timer would take a millisecond or two. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}
