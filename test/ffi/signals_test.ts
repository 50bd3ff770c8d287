/** Dispositions of signals. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ignoreSignal, signalIgnored } from "../../ffi/signals.ts";

test("a signal is ignored from then on, and no other", () => {
  // SIGTTIN and SIGTTOU, which come from terminals alone. signal(7)
  const [TTIN, TTOU] = [21, 22];
  assert.deepEqual([signalIgnored(TTIN), signalIgnored(TTOU)], [false, false]);
  ignoreSignal(TTIN);
  assert.deepEqual([signalIgnored(TTIN), signalIgnored(TTOU)], [true, false]);
});
