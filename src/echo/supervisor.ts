/**
 * The first server's care for the other workers, if any: it starts them, starts them again, and stops them.
 * @module
 */

import { SIGKILL, SIGTERM, SO_REUSEPORT, SOL_SOCKET } from "../../ffi/constants.ts";
import { OTHER_ERROR, SystemError } from "../../ffi/errno.ts";
import { lazyLibc } from "../../ffi/library.ts";
import { runtime } from "../../ffi/runtime.ts";
import { endOf, spawnSelf } from "../../ffi/spawn.ts";
import type { MessageBatch } from "../socket/message_batch.ts";
import type { BatchSocket } from "../socket/batch_socket.ts";
import { Counters, RECEIVED, RECEIVED_BEFORE } from "./counters.ts";
import { BATCH_CAPACITY, Block, countReceived, type Group, TEND_MILLISECONDS } from "./group.ts";
import type { Operator } from "./operator.ts";
import type { EchoSettings } from "./options.ts";
import { sharePort } from "./steering.ts";
import { placeArgument } from "./worker.ts";

/** Shortest and longest time until a worker that ended is started again. */
const DELAY_MIN_MILLISECONDS = 10;
const DELAY_MAX_MILLISECONDS = 5000;
/** Time for workers to stop by themselves. */
const STOP_MILLISECONDS = 100;

/** Another worker. */
interface Child {
  readonly index: number;
  readonly socket: BatchSocket;
  readonly counters: Counters;
  /** What it received last. */
  readonly batch: MessageBatch;
  /** Its process, 0 while there is none. */
  pid: number;
  /** How its last process ended. */
  end: string;
  /** Time of the last or next start, of `performance.now()`. */
  startAt: number;
  delayMilliseconds: number;
}

/** Options of {@link Supervisor}. */
export interface SupervisorOptions {
  /** The socket of the first server. */
  readonly socket: BatchSocket;
  /** The settings of the command. */
  readonly settings: EchoSettings;
  /** Gets the notices. */
  readonly operator: Operator;
}

/** The group, as the first server sees it. It keeps the sockets of all workers open, so datagrams wait for a new start. */
export class Supervisor implements Group {
  readonly index = 0;
  readonly block: Block;
  /** The sockets of all workers. */
  readonly sockets: readonly BatchSocket[];
  readonly #children: readonly Child[];
  readonly #operator: Operator;

  /**
   * Binds the sockets of the other workers; {@link start} starts these.
   * @throws {SystemError} with a sentence for the user if the kernel refuses it
   */
  constructor({ socket, settings: { workers, logLimitPerSecond }, operator }: SupervisorOptions) {
    this.#operator = operator;
    this.block = new Block(workers);
    this.block.linesLeft[0] = logLimitPerSecond;
    const others = workers === 1 ? [] : sharePort(socket, workers);
    this.sockets = [socket, ...others];
    this.#children = others.map((socket, i): Child => ({
      index: i + 1,
      socket,
      counters: this.block.counters[i + 1]!,
      batch: socket.batch(BATCH_CAPACITY, this.block.headers[i + 1]),
      pid: 0,
      end: "",
      startAt: 0,
      delayMilliseconds: DELAY_MIN_MILLISECONDS,
    }));
  }

  /**
   * Starts the other workers.
   * @throws {SystemError} with a sentence for the user if the kernel refuses it
   */
  start(): void {
    // Its handler ends the sleep of this worker.
    if (this.#children.length > 0) runtime().onSignal("SIGCHLD", () => {});
    for (const child of this.#children) this.#spawn(child);
  }

  /** The counters of all workers. */
  counters(): readonly Counters[] {
    return this.block.counters.map((counters, index) => index === 0 ? counters : settledCounters(counters));
  }

  /** Datagrams that the kernel dropped. To be called from time to time: the kernel counts modulo 2^32. */
  drops(): number {
    return this.sockets.reduce((sum, socket) => sum + socket.drops(), 0);
  }

  tend(): number {
    const now = performance.now();
    let due = TEND_MILLISECONDS;
    for (const child of this.#children) {
      if (child.pid !== 0) this.#noteEnd(child, now);
      else if (now >= child.startAt) this.#startAgain(child, now);
      if (child.pid === 0) due = Math.min(due, Math.max(1, Math.ceil(child.startAt - now)));
    }
    return due;
  }

  /** Stops the other workers, and counts what they leave behind. */
  async stop(): Promise<void> {
    Atomics.store(this.block.stop, 0, 1);
    const running = () => this.#children.filter(({ pid }) => pid !== 0);
    for (const { pid } of running()) lazyLibc().kill(pid, SIGTERM);
    const end = performance.now() + STOP_MILLISECONDS;
    while (running().length > 0) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      const now = performance.now();
      for (const child of running()) {
        this.#noteEnd(child, now);
        if (now >= end && child.pid !== 0) lazyLibc().kill(child.pid, SIGKILL);
      }
    }
  }

  /** Closes the sockets of all workers. */
  close(): void {
    // Other processes may go on with an adopted socket.
    if (this.#children.length > 0) this.sockets[0]!.setOption(SOL_SOCKET, SO_REUSEPORT, 0);
    for (const socket of this.sockets) socket.close();
  }

  #spawn(child: Child): void {
    const { index, socket: { fd: socketFd } } = child;
    const memoryFd = this.block.fd;
    const place = { index, socketFd, memoryFd, parent: lazyLibc().getpid() };
    child.pid = spawnSelf(placeArgument(place), [socketFd, memoryFd]);
  }

  /** Notes whether a worker has ended, and when to start it again. */
  #noteEnd(child: Child, now: number): void {
    const end = endOf(child.pid);
    if (end === undefined) return;
    child.pid = 0;
    const { index, counters, batch, startAt } = child;
    const { counts } = counters;
    if (counts[RECEIVED] === counts[RECEIVED_BEFORE]) {
      // What it received last is not counted yet.
      batch.recover();
      countReceived(index, counters, batch);
    }
    const lost = counts[RECEIVED]! - counters.settled;
    counters.failed[OTHER_ERROR]! += lost;
    child.end = lost > 0 ? `${end}, ${lost} datagrams lost` : end;
    if (now - startAt >= DELAY_MAX_MILLISECONDS) child.delayMilliseconds = DELAY_MIN_MILLISECONDS;
    child.startAt = now + child.delayMilliseconds;
    child.delayMilliseconds = Math.min(child.delayMilliseconds * 2, DELAY_MAX_MILLISECONDS);
  }

  #startAgain(child: Child, now: number): void {
    child.startAt = now;
    try {
      this.#spawn(child);
      this.#operator.warn(`worker ${child.index} ended (${child.end}): started again`);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      this.#operator.warn(`worker ${child.index} ended (${child.end}): ${error.message}`);
      child.startAt = now + DELAY_MAX_MILLISECONDS;
    }
  }
}

/** A copy of the counters of another worker, without the datagrams that it handles now. */
function settledCounters({ counts }: Counters): Counters {
  const copy = new Counters(counts.slice());
  copy.counts[RECEIVED] = copy.settled;
  return copy;
}
