/** When the next request is due. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EHOSTUNREACH, EPERM } from "../../ffi/constants.ts";
import { lingerMilliseconds, Schedule } from "../../src/probe/pacing.ts";
import type { Prober } from "../../src/probe/prober.ts";
import type { ProbeTarget } from "../../src/probe/target.ts";
import { Asked, settingsOf } from "../support/asked.ts";
import { TestClock } from "../support/clock.ts";

test("a request of one target that fails while another one is asked: the next one to the first is due", () => {
  using _clock = new TestClock();
  const first = new Asked().waiting();
  const second = new Asked(undefined, "192.0.2.13").answered(1);
  const targets = [first, second].map(({ target }, i) => Object.assign(target, { lastDue: i }));
  const schedule = new Schedule(settingsOf("-i", "0", "-c", "2"));
  schedule.setTargets(targets);
  const asked: ProbeTarget[] = [];
  const send = (target: ProbeTarget) => {
    asked.push(target);
    second.failed(EPERM);
    // Reading the errors of a socket tells of all targets that share it.
    first.ledger.failed(first.ledger.newest, { errno: EHOSTUNREACH });
  };
  assert.notEqual(schedule.sendDue({ send } as unknown as Prober), Infinity);
  assert.deepEqual(asked, [second.target]);
});

/** Targets that are asked on a schedule, and when each of them was. */
class Run {
  readonly asked: Asked[] = [];
  readonly sent: [target: number, at: number][] = [];
  readonly schedule: Schedule;
  readonly prober: Prober;
  /** Called for each request. */
  onSend: (asked: Asked) => void = () => {};
  readonly #clock: TestClock;

  constructor(clock: TestClock, targets: number, ...args: string[]) {
    this.#clock = clock;
    this.add(targets);
    this.schedule = new Schedule(settingsOf(...args));
    this.schedule.setTargets(this.targets);
    this.prober = {
      send: (target: ProbeTarget) => {
        const asked = this.asked.find((asked) => asked.target === target)!;
        this.sent.push([this.asked.indexOf(asked), clock.now]);
        asked.waiting();
        this.onSend(asked);
      },
    } as unknown as Prober;
  }

  get targets(): ProbeTarget[] {
    return this.asked.map(({ target }) => target);
  }

  add(targets: number): void {
    while (targets-- > 0) {
      const asked = new Asked();
      Object.assign(asked.target, { lastDue: -Infinity });
      this.asked.push(asked);
    }
  }

  /** Sends what is due at a time; returns when more is. */
  at(time: number): number {
    this.#clock.now = time;
    return this.schedule.sendDue(this.prober);
  }
}

describe("with an interval", () => {
  test("requests leave in time, as many as are wanted", () => {
    using clock = new TestClock();
    const run = new Run(clock, 1, "-i", "100ms", "-c", "3");
    assert.deepEqual([1000, 1099, 1100, 1100, 1199, 1205].map((time) => run.at(time)), [
      ...[1100, 1100, 1200, 1200, 1200],
      Infinity,
    ]);
    assert.deepEqual(run.sent.map(([, at]) => at), [1000, 1100, 1205]);
    assert.equal(run.at(2000), Infinity);
  });

  test("a delay does not shift those that follow, unless it is longer than an interval", () => {
    using clock = new TestClock();
    const run = new Run(clock, 1, "-i", "100ms", "-c", "9");
    assert.deepEqual([1000, 1190, 1200, 1550, 1550, 1550].map((time) => run.at(time)), [
      ...[1100, 1200, 1300],
      // One that was left out is made up for.
      ...[1550, 1650, 1650],
    ]);
    assert.deepEqual(run.sent.map(([, at]) => at), [1000, 1190, 1200, 1550, 1550]);
  });

  test("targets are asked together, or when watching spread over the interval", () => {
    using clock = new TestClock();
    const together = new Run(clock, 3, "-i", "300ms", "-c", "1");
    together.at(1000);
    assert.deepEqual(together.sent, [[0, 1000], [1, 1000], [2, 1000]]);
    clock.now = 1000;
    const watched = new Run(clock, 3, "-i", "300ms", "-c", "1", "--watch");
    assert.deepEqual([1000, 1099, 1100, 1200, 1300].map((time) => watched.at(time)), [1100, 1100, 1200, 1300, 1400]);
    assert.deepEqual(watched.sent, [[0, 1000], [1, 1100], [2, 1200], [0, 1300]]);
  });

  test("a target that is added has its turn, and the others keep theirs", () => {
    using clock = new TestClock();
    const run = new Run(clock, 2, "-i", "300ms", "--watch");
    for (const time of [1000, 1150, 1200]) run.at(time);
    run.add(1);
    run.schedule.setTargets(run.targets);
    for (let time = 1200; time <= 1700; time += 50) run.at(time);
    assert.deepEqual(run.sent.slice(2), [[0, 1300], [2, 1400], [1, 1450], [0, 1600], [2, 1700]]);
  });

  test("if the targets are read again, the turns stay as they were", () => {
    using clock = new TestClock();
    const run = new Run(clock, 2, "-i", "300ms", "--watch");
    assert.equal(run.at(1000), 1150);
    run.schedule.setTargets(run.targets);
    assert.equal(run.at(1100), 1150);
  });

  test("after five milliseconds of sending, answers are received before the next target is asked", () => {
    using clock = new TestClock();
    const run = new Run(clock, 5, "-i", "100ms", "-c", "1");
    run.onSend = () => clock.now += 2.5;
    // A request that begins in time leaves.
    assert.equal(run.at(1000), 1007.5);
    assert.equal(run.at(1008), Infinity);
    assert.deepEqual(run.sent, [[0, 1000], [1, 1002.5], [2, 1005], [3, 1008], [4, 1010.5]]);
  });
});

describe("without an interval", () => {
  test("the next request follows the answer, and a failure after 200 ms", () => {
    using clock = new TestClock();
    const run = new Run(clock, 2, "-i", "0", "-c", "3");
    const [first, second] = run.asked as [Asked, Asked];
    assert.equal(run.at(1000), Infinity);
    first.ledger.lost(first.ledger.newest!);
    assert.equal(run.at(1010), Infinity);
    second.ledger.failed(second.ledger.newest, { errno: EPERM });
    assert.equal(run.at(1020), 1200);
    assert.equal(run.at(1199), 1200);
    assert.equal(run.at(1200), Infinity);
    assert.deepEqual(run.sent, [[0, 1000], [1, 1000], [0, 1010], [1, 1200]]);
  });

  test("of several targets, the one that is due first counts", () => {
    using clock = new TestClock();
    const run = new Run(clock, 2, "-i", "0", "-c", "9");
    run.onSend = ({ ledger }) => ledger.failed(ledger.newest, { errno: EPERM });
    run.at(1000);
    run.asked[0]!.target.lastDue = 1050;
    run.asked[1]!.target.lastDue = 1100;
    assert.equal(run.at(1150), 1250);
  });
});

test("a duplicate of the last answer is waited for as long as the slowest answer took, within limits", () => {
  const linger = (maximum: number, lastLate: number, timeoutMilliseconds: number) => {
    const [first, second] = [new Asked(), new Asked()];
    Object.assign(first.ledger.total.times, { maximum });
    second.ledger.lastLate = lastLate;
    return lingerMilliseconds([first.target, second.target], timeoutMilliseconds);
  };
  assert.deepEqual([linger(NaN, 0, 1000), linger(9e6, 0, 1000), linger(25e6, 0, 1000)], [10, 10, 25]);
  assert.deepEqual([linger(25e6, 40e6, 1000), linger(2e9, 0, 1000), linger(NaN, 0, 5)], [40, 1000, 5]);
});
