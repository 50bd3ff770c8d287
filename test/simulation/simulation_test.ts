/** Some hundred simulated runs. They have a process of their own: under Bun all test files share one. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { run } from "../support/process.ts";
import { ROOT, RUN } from "../support/server.ts";

const SEEDS = 100;

describe("simulation", () => {
  for (const what of ["echo", "probe", "mtu", "serve", "socket"]) {
    test(`${what}: ${SEEDS} seeds`, async () => {
      const args = [`--what=${what}`, `--seeds=${SEEDS}`];
      const { code, stdout, stderr } = await run([...RUN, `${ROOT}test/simulation/simulate.ts`, ...args]);
      assert.equal(code, 0, `${stdout}${stderr}`);
    });
  }
});
