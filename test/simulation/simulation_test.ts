/** Some hundred simulated runs. They have a process of their own: under Bun all test files share one. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { run } from "../support/process.ts";
import { ROOT, RUN } from "../support/server.ts";

const SEEDS = 100;
/** A second of work, on a machine that has much else to do. */
const TIME_MAX_MS = 120_000;

describe("simulation", () => {
  for (const what of ["echo", "probe", "mtu", "serve", "socket"]) {
    test(`${what}: ${SEEDS} seeds`, { timeout: TIME_MAX_MS }, async () => {
      const args = [`--what=${what}`, `--seeds=${SEEDS}`];
      const command = [...RUN, `${ROOT}test/simulation/simulate.ts`, ...args];
      const { code, stdout, stderr } = await run(command, {}, TIME_MAX_MS);
      assert.equal(code, 0, `${stdout}${stderr}`);
    });
  }
});
