/**
 * Clocks of the kernel.
 * @module
 */

import { timespec } from "./layouts.ts";
import { libc } from "./library.ts";
import { Memory } from "./memory.ts";

/** Seconds from the epoch to the origin of {@link wallTime}. */
export const TIME_ORIGIN_SECONDS: number = Math.floor(Date.now() / 1000);

/**
 * A time of `CLOCK_REALTIME` as nanoseconds since {@link TIME_ORIGIN_SECONDS}: a whole number that a double holds
 * exactly within 104 days of the origin.
 * @param seconds seconds since the epoch
 * @param nanoseconds nanoseconds of that second
 */
export function wallTime(seconds: number, nanoseconds: number): number {
  return (seconds - TIME_ORIGIN_SECONDS) * 1_000_000_000 + nanoseconds;
}

/** The same of nanoseconds since the epoch. */
export function wallTimeOf(nanoseconds: bigint): number {
  return Number(nanoseconds - BigInt(TIME_ORIGIN_SECONDS) * 1_000_000_000n);
}

/** A clock of the kernel. Reading it allocates nothing. clock_gettime(2) */
export class Clock {
  readonly #memory = new Memory(timespec.size);
  readonly #words = this.#memory.i32;
  readonly #clockId: number;

  /** @param clockId `CLOCK_MONOTONIC`, `CLOCK_REALTIME`, `CLOCK_THREAD_CPUTIME_ID` */
  constructor(clockId: number) {
    this.#clockId = clockId;
  }

  /** Reads the clock. */
  read(): void {
    libc().call.clock_gettime(this.#clockId, this.#memory.pointer(0));
  }

  /** Whole seconds of the last reading, modulo 2^32: sufficient until 2106. */
  get seconds(): number {
    return this.#words[timespec.tv_sec >> 2]! >>> 0;
  }

  /** Nanoseconds of the last reading, 0 to 999,999,999. */
  get nanoseconds(): number {
    return this.#words[timespec.tv_nsec >> 2]!;
  }

  /**
   * Reads the clock in microseconds, modulo 1,024 seconds, for {@link elapsedMicroseconds}. The value is a small integer,
   * which no runtime puts on the heap.
   */
  microseconds(): number {
    this.read();
    return (this.seconds & 1023) * 1_000_000 + ((this.nanoseconds / 1000) | 0);
  }
}

/** The period of {@link Clock.microseconds}. */
const PERIOD_MICROSECONDS = 1024 * 1_000_000;

/** Microseconds between two values of {@link Clock.microseconds} that are less than 1,024 seconds apart. */
export function elapsedMicroseconds(from: number, to: number): number {
  return to >= from ? to - from : to - from + PERIOD_MICROSECONDS;
}
