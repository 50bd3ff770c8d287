/** The world of a round: sockets, batches and whatever the library returned; and what must hold of them. */
import assert from "node:assert/strict";
import { ErrorQueue, MessageBatch, UdpSocket } from "../../src/mod.ts";
import { Random } from "../simulation/random.ts";
import { close, fill, isBatch, isSocket, portOf, receive } from "./intrinsics.ts";
import { CANARY, GIVEN, isGiven, type Surroundings, Values } from "./values.ts";

export const AF_INET = 2;
export const AF_INET6 = 10;
/** Calls that mischief may nest. */
const DEPTH_MAX = 3;
const THINGS_MAX = 60;
/** Time for all promises of a round to settle, in milliseconds. Only a hang reaches it. */
const PATIENCE_MS = 30_000;

/** Totals of all rounds. */
export const totals = { calls: 0, worked: 0, received: 0 };

/** Writes down a call before it is made, so that the last one is known if it ends the process. */
export type Trace = (line: string) => void;

/** The world of a round. Hostile values call its {@link World.mischief}. */
export class World implements Surroundings {
  readonly random: Random;
  readonly values: Values;
  readonly trace: Trace;
  readonly #sockets: UdpSocket[] = [];
  readonly #batches: MessageBatch[] = [];
  readonly #things: unknown[] = [];
  readonly buffers: ArrayBufferLike[] = [];
  readonly #canaries: Uint8Array[] = [];
  readonly #pending: Promise<unknown>[] = [];
  readonly stops: (() => void)[] = [];
  readonly receiver: UdpSocket;
  readonly #received: MessageBatch;
  /** Whether servers run, whose handlers are called when the event loop has its turn. */
  readonly serves: boolean;
  readonly #mischief: (world: World) => void;
  #ended = false;
  #depth = 0;
  failure: unknown;

  constructor(seed: number, trace: Trace, mischief: (world: World) => void) {
    this.#mischief = mischief;
    this.random = new Random(seed);
    this.trace = trace;
    this.values = new Values(this);
    this.serves = seed % 4 === 0;
    this.receiver = UdpSocket.bind({ port: 0, receiveBuffer: 8 << 20 });
    this.#received = this.receiver.batch(16);
    for (const size of [64, 128, 4096, 65_728, 131_456]) this.guard(new Uint8Array(size));
    this.keep(new MessageBatch(this.random.pick([AF_INET, AF_INET6]), this.random.pick([1, 2, 65])));
    this.keep(new ErrorQueue());
  }

  /** Adds sockets that are open, and batches whose memory is there. */
  renew(): void {
    for (const address of ["127.0.0.1", undefined]) {
      const socket = UdpSocket.bind({ port: 0, address });
      this.keep(socket);
      this.keep(socket.batch(4));
    }
  }

  /** Closes all, waits for all promises, and throws what did not hold. */
  async end(): Promise<void> {
    for (const stop of this.stops) stop();
    for (const socket of this.#sockets) close.call(socket);
    this.#ended = true;
    await this.#settle();
    this.drain();
    close.call(this.receiver);
    for (const canary of this.#canaries) {
      const at = firstOther(canary);
      assert.ok(at < 0, `memory that was never given changed: byte ${at} of ${canary.length}`);
    }
    if (this.failure !== undefined) throw this.failure;
  }

  port(): number {
    return this.random.chance(0.6) ? this.receiver.port : portOf(this.socket());
  }

  /** One of the latest sockets: earlier ones are closed or ruined more often than not. */
  socket(): UdpSocket {
    return this.random.pick(this.#sockets.slice(-4));
  }

  batch(): MessageBatch {
    return this.random.pick(this.#batches.slice(-4));
  }

  offer(buffer: ArrayBufferLike): void {
    this.buffers.push(buffer);
    if (this.buffers.length > THINGS_MAX) this.buffers.shift();
  }

  thing(): unknown {
    return this.random.pick(this.#things);
  }

  mischief(): void {
    this.nest(() => this.#mischief(this));
  }

  /** Runs something that may call {@link mischief} again, unless it is nested too deep. */
  nest(act: () => void): void {
    // After the end, a hostile act must not bind another socket.
    if (this.#depth > DEPTH_MAX || this.#ended) return;
    this.#depth++;
    try {
      act();
    } finally {
      this.#depth--;
    }
  }

  /** Makes a call, which may give a value or throw an `Error`. */
  attempt(what: string, call: () => unknown): void {
    this.trace(what);
    totals.calls++;
    try {
      const result = call();
      totals.worked++;
      if (result instanceof Promise) {
        this.#pending.push(result.catch((error: unknown) => this.#requireError(what, error)));
      } else this.keep(result);
    } catch (error) {
      this.#requireError(what, error);
    }
  }

  #requireError(what: string, error: unknown): void {
    if (!(error instanceof Error)) this.failure ??= new Error(`${what} threw no Error: ${typeof error}`);
  }

  /** Keeps what the library returned, to be an argument later. */
  keep(value: unknown): void {
    if (value === undefined || typeof value === "number") return;
    if (isSocket(value)) this.#sockets.push(value);
    if (isBatch(value)) this.#batches.push(value);
    // It may be a payload later.
    if (value instanceof Uint8Array) fill.call(value, GIVEN);
    this.#things.push(value);
    if (this.#things.length > THINGS_MAX) this.#things.splice(this.random.between(0, THINGS_MAX - 1), 1);
  }

  /** Fills memory with canaries, which must stay. */
  guard(bytes: Uint8Array): void {
    bytes.fill(CANARY);
    this.#canaries.push(bytes);
  }

  /** Receives what has come: it must be bytes that the fuzzer gave. */
  drain(): void {
    while (receive.call(this.receiver, this.#received, false) > 0) {
      for (let i = 0; i < this.#received.count; i++) {
        totals.received++;
        const at = this.#received.payload(i).findIndex((byte) => !isGiven(byte));
        if (at < 0) continue;
        const bytes = [...this.#received.payload(i).subarray(at, at + 32)].map((byte) => byte.toString(16));
        this.failure ??= new Error(
          `sent memory that was never given, at ${at} of ${this.#received.size(i)}: ${bytes}`,
        );
      }
    }
  }

  async #settle(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<"late">((resolve) => timer = setTimeout(() => resolve("late"), PATIENCE_MS));
    const result = await Promise.race([Promise.all(this.#pending), late]);
    clearTimeout(timer);
    assert.notEqual(result, "late", "a promise never settled after all sockets were closed");
  }
}

/** Index of the first byte that is no canary; -1 if all are. */
function firstOther(bytes: Uint8Array): number {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== CANARY) return i;
  return -1;
}
