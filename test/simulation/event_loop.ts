/**
 * The event loop of the simulated process: timers, turns and promises of other threads, in simulated time.
 *
 * It takes the place of the globals that know the time or chance, and of `node:timers`, so that the program is the same.
 */

import process from "node:process";
import type { Random } from "./random.ts";
import { MICROSECOND, MILLISECOND, type Time } from "./time.ts";
import { Violation } from "./violation.ts";

// Not the globals: to read them fixes the exports of node:timers on Deno.
const builtinTimers = process.getBuiltinModule("node:timers");
const { setImmediate: realImmediate, setTimeout: realTimeout } = builtinTimers;

/** Most turns of the event loop after a signal until its handler is called: those of Deno's scheduler. */
const SIGNAL_TURNS = 61;
/** Longest time until the thread that takes signals has passed one on. */
const SIGNAL_DELAY = 2 * MILLISECOND;
/** Time that one turn takes. */
const TURN = 2 * MICROSECOND;
/** Real turns, and then real milliseconds, in which something may still come of a module that is being loaded. */
const TURNS = 5;
const PATIENCE_MILLISECONDS = 100;

interface Timer {
  readonly action: () => void;
  at: number;
  readonly period: number | undefined;
}

/** A call on a thread of its own. */
interface Waiting {
  readonly ready: () => boolean;
  readonly settle: () => void;
}

/** The event loop: immediates, timers, signal handlers and waits of other threads. */
export class EventLoop {
  readonly #time: Time;
  readonly #random: Random;
  #immediates: (() => void)[] = [];
  // Remaining tasks of the current turn.
  #tasks: (() => void)[] = [];
  // In the order in which they expire.
  readonly #timers: Timer[] = [];
  readonly #waiting = new Set<Waiting>();
  /** Handlers of signals that came: each with the turns that pass before it is called. */
  #signals: { readonly handler: () => void; readonly notBefore: number; turns: number }[] = [];

  constructor(time: Time, random: Random) {
    this.#time = time;
    this.#random = random;
  }

  /** Has the handler of a signal called, when the runtime comes to it. */
  deliverSignal(handler: () => void): void {
    const notBefore = this.#time.now + this.#random.between(0, SIGNAL_DELAY);
    this.#signals.push({ handler, notBefore, turns: this.#random.between(0, SIGNAL_TURNS) });
  }

  immediate(action: () => void): void {
    this.#immediates.push(action);
  }

  timer(action: () => void, milliseconds: number, repeated: boolean): Timer {
    const period = Math.max(1, milliseconds || 0) * MILLISECOND;
    const timer = { action, at: this.#time.now + period, period: repeated ? period : undefined };
    this.#arm(timer);
    return timer;
  }

  #arm(timer: Timer): void {
    let place = this.#timers.length;
    while (place > 0 && this.#timers[place - 1]!.at > timer.at) place--;
    this.#timers.splice(place, 0, timer);
  }

  clear(timer: Timer): void {
    const place = this.#timers.indexOf(timer);
    if (place >= 0) this.#timers.splice(place, 1);
  }

  /** Waits on another thread. */
  wait(ready: () => boolean): Promise<void> {
    return new Promise((settle) => this.#waiting.add({ ready, settle }));
  }

  /**
   * Runs the event loop until a promise is settled.
   * @throws whatever it is rejected with, and {@link Violation} where it waits for ever
   */
  async run<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    promise.then(() => settled = true, () => settled = true);
    for (let idle = 0; idle < TURNS + PATIENCE_MILLISECONDS;) {
      // Microtasks run before the next turn of the real event loop.
      await new Promise<void>((resolve) => void (idle < TURNS ? realImmediate(resolve) : realTimeout(resolve, 1)));
      if (settled) return promise;
      idle = this.#step() ? 0 : idle + 1;
    }
    throw new Violation("the program waits for something that never comes");
  }

  /**
   * Runs until no other thread waits any more.
   * @throws {Violation} where one waits for ever: it would keep the process alive
   */
  async finish(): Promise<void> {
    if (this.#waiting.size > 0) await this.run(this.wait(() => this.#waiting.size === 1));
  }

  /** Does one thing of a turn: what promises do of it comes before the next. Returns whether there was any. */
  #step(): boolean {
    if (this.#tasks.length === 0) {
      if (this.#immediates.length === 0 && !this.#sleep()) return false;
      this.#time.pass(TURN);
      this.#tasks = this.#turn();
    }
    this.#tasks.shift()?.();
    return true;
  }

  /** Work of one turn. */
  #turn(): (() => void)[] {
    const { now } = this.#time;
    for (const signal of this.#signals) signal.turns--;
    const signals = this.#signals.filter(({ notBefore, turns }) => turns < 0 && notBefore <= now);
    this.#signals = this.#signals.filter((signal) => !signals.includes(signal));
    const timers: Timer[] = [];
    for (let i = 0; i < this.#timers.length && this.#timers[i]!.at <= now; i++) timers.push(this.#timers[i]!);
    const waiting = [...this.#waiting].filter(({ ready }) => ready());
    for (const each of waiting) this.#waiting.delete(each);
    const immediates = this.#immediates;
    this.#immediates = [];
    return [
      ...signals.map(({ handler }) => handler),
      ...timers.map((timer) => () => this.#expire(timer)),
      ...waiting.map(({ settle }) => settle),
      ...immediates,
    ];
  }

  #expire(timer: Timer): void {
    if (!this.#timers.includes(timer)) return;
    this.clear(timer);
    if (timer.period !== undefined) {
      timer.at = this.#time.now + timer.period;
      this.#arm(timer);
    }
    timer.action();
  }

  /** Sleeps until there is something to do; returns whether there ever is. */
  #sleep(): boolean {
    const ready = () => [...this.#waiting].some((waiting) => waiting.ready());
    // A runtime that has nothing else to do looks for signals at once.
    for (const signal of this.#signals) signal.turns = 0;
    const deadline = Math.min(
      this.#timers[0]?.at ?? Infinity,
      ...this.#signals.map(({ notBefore }) => notBefore),
    );
    if (this.#waiting.size === 0 && deadline === Infinity) return false;
    return this.#time.waitUntil(deadline, () => ready() || this.#signals.some(({ turns }) => turns > 0)) ||
      deadline !== Infinity;
  }
}

/** The world behind the globals; each run has its own. */
export interface Globals {
  readonly loop: EventLoop;
  readonly time: Time;
  readonly random: Random;
}

/** Puts simulated time, turns and chance in the place of the globals; `current` gives those of the running simulation. */
export function replaceGlobals(current: () => Globals): void {
  const turn = (action: (...values: unknown[]) => void, ...values: unknown[]) =>
    current().loop.immediate(() => action(...values));
  const timer = (repeated: boolean) => (action: (...values: unknown[]) => void, ms = 0, ...values: unknown[]) =>
    current().loop.timer(() => action(...values), ms, repeated);
  const clear = (which: unknown) => current().loop.clear(which as Timer);
  const timers = {
    setImmediate: turn,
    setTimeout: timer(false),
    setInterval: timer(true),
    clearTimeout: clear,
    clearInterval: clear,
  };
  // An import of node:timers gives what this object holds when it is imported for the first time.
  Object.assign(builtinTimers, timers);
  Object.assign(globalThis, timers);
  // Garbage collection depends on more than the seed, and would close descriptors of a later run.
  globalThis.FinalizationRegistry = class {
    readonly [Symbol.toStringTag] = "FinalizationRegistry";
    register(): void {}
    unregister(): boolean {
      return false;
    }
  };
  performance.now = () => current().time.now / MILLISECOND;
  Date.now = () => Math.floor(current().time.realtime / MILLISECOND);
  crypto.getRandomValues = ((array: ArrayBufferView) => {
    current().random.fill(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    return array;
  }) as typeof crypto.getRandomValues;
  Math.random = () => current().random.fraction();
}
