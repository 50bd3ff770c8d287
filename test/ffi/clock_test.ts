/** Times: exact to the nanosecond, and differences over the end of a period. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Clock, elapsedMicroseconds, TIME_ORIGIN_SECONDS, wallTime, wallTimeOf } from "../../ffi/clock.ts";
import { CLOCK_MONOTONIC, CLOCK_REALTIME } from "../../ffi/constants.ts";
import type { Pointer } from "../../ffi/contract.ts";
import { libc } from "../../ffi/library.ts";
import { Memory } from "../../ffi/memory.ts";
import { replaced } from "../support/replaced.ts";

/** Seconds in the 104 days around the origin in which times are exact. */
const EXACT_SECONDS = 104 * 86_400;
/** The period of `Clock.microseconds`. */
const PERIOD = 1024 * 1_000_000;

describe("a wall time", () => {
  test("is exact to the nanosecond, and the same from both forms", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -EXACT_SECONDS, max: EXACT_SECONDS }),
        fc.integer({ min: 0, max: 999_999_999 }),
        (seconds, nanoseconds) => {
          const time = wallTime(TIME_ORIGIN_SECONDS + seconds, nanoseconds);
          const exact = BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
          assert.equal(BigInt(time), exact);
          assert.equal(wallTimeOf(exact + BigInt(TIME_ORIGIN_SECONDS) * 1_000_000_000n), time);
        },
      ),
    );
  });

  test("counts from when the program started", () => {
    const age = Date.now() / 1000 - TIME_ORIGIN_SECONDS;
    assert.ok(age >= 0 && age < 86_400, `${age} seconds`);
  });
});

describe("a clock", () => {
  test("has the time of its last reading", () => {
    const clock = new Clock(CLOCK_REALTIME);
    assert.deepEqual([clock.seconds, clock.nanoseconds], [0, 0]);
    const before = Date.now();
    clock.read();
    const milliseconds = clock.seconds * 1000 + clock.nanoseconds / 1e6;
    assert.ok(milliseconds > before - 10 && milliseconds < Date.now() + 10, `${milliseconds - before} ms apart`);
  });

  test("in microseconds: as the seconds and nanoseconds say, within its period", () => {
    const now = new Memory(16);
    const clock_gettime = (clock: number, to: Pointer) => {
      assert.equal(clock, CLOCK_MONOTONIC);
      libc().call.memcpy(to, now.pointer(0), 16);
    };
    {
      using _ = replaced(libc().call, { clock_gettime });
      const clock = new Clock(CLOCK_MONOTONIC);
      fc.assert(
        fc.property(fc.nat(2 ** 32 - 1), fc.nat(999_999_999), (seconds, nanoseconds) => {
          now.i32.set([seconds, 0, nanoseconds, 0]);
          assert.equal(clock.microseconds(), (seconds % 1024) * 1_000_000 + Math.floor(nanoseconds / 1000));
          assert.deepEqual([clock.seconds, clock.nanoseconds], [seconds, nanoseconds]);
        }),
      );
    }
    const clock = new Clock(CLOCK_MONOTONIC);
    const start = clock.microseconds();
    while (elapsedMicroseconds(start, clock.microseconds()) === 0);
  });

  test("the time between two values, also when the period ends between them", () => {
    const value = fc.integer({ min: 0, max: PERIOD - 1 });
    fc.assert(
      fc.property(value, value, (from, elapsed) => {
        assert.equal(elapsedMicroseconds(from, (from + elapsed) % PERIOD), elapsed);
      }),
    );
    assert.equal(elapsedMicroseconds(7, 7), 0);
  });
});
