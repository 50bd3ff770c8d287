/** A clock that only a test sets. */

/** Calls `work` with a clock that it sets, in milliseconds of `performance.now`. */
export function withClock(work: (clock: { now: number }) => void): void {
  const now = performance.now;
  const clock = { now: 1000 };
  performance.now = () => clock.now;
  try {
    work(clock);
  } finally {
    performance.now = now;
  }
}
