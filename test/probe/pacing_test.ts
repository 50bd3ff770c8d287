/** When the next request is due. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { EHOSTUNREACH, EPERM } from "../../ffi/constants.ts";
import { Schedule } from "../../src/probe/pacing.ts";
import type { Prober } from "../../src/probe/prober.ts";
import type { ProbeTarget } from "../../src/probe/target.ts";
import { Asked, settingsOf } from "../support/asked.ts";

test("a request of one target that fails while another one is asked: the next one to the first is due", () => {
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
