/** Simulated time: it stands still while the program computes, and jumps while the program waits. */

/** Nanoseconds of a microsecond, a millisecond and a second. */
export const MICROSECOND = 1000;
export const MILLISECOND = 1_000_000;
export const SECOND = 1_000_000_000;

interface Event {
  readonly at: number;
  readonly action: () => void;
}

/** The clocks and the scheduled events. Times are in nanoseconds. */
export class Time {
  /** `CLOCK_MONOTONIC`. */
  now: number;
  /** `CLOCK_REALTIME` less `CLOCK_MONOTONIC`; a step of the clock changes it. */
  realtimeOffset: number;
  // In the order in which they are due.
  readonly #events: Event[] = [];

  constructor(now: number, realtime: number) {
    this.now = now;
    this.realtimeOffset = realtime - now;
  }

  /** `CLOCK_REALTIME`. */
  get realtime(): number {
    return this.now + this.realtimeOffset;
  }

  /** Schedules `action` at the time `at`, after earlier actions of the same time. */
  schedule(at: number, action: () => void): void {
    let low = 0;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#events[middle]!.at <= at) low = middle + 1;
      else high = middle;
    }
    this.#events.splice(low, 0, { at, action });
  }

  /** Lets time pass and runs the events that are due. */
  pass(nanoseconds: number): void {
    this.waitUntil(this.now + nanoseconds, () => false);
  }

  /**
   * Lets time pass until `condition` holds, which is asked at once and after every event, or until the time `deadline`.
   * @returns whether it holds
   */
  waitUntil(deadline: number, condition: () => boolean): boolean {
    for (;;) {
      if (condition()) return true;
      const event = this.#events[0];
      if (event === undefined || event.at > deadline) break;
      const { at, action } = event;
      this.#events.shift();
      this.now = Math.max(this.now, at);
      action();
    }
    if (deadline !== Infinity) this.now = Math.max(this.now, deadline);
    return false;
  }
}
