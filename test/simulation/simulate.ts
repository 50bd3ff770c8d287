/**
 * Runs the program in simulated worlds, one for each seed: `deno task simulate --seeds 1000`. A seed that fails is
 * printed with the command that runs it again.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { useRuntime } from "../../ffi/runtime.ts";
import { makeEchoPlan } from "./echo_plan.ts";
import { runEchoPlan } from "./echo_run.ts";
import { enter, simulatedRuntime, simulateGlobals } from "./runtime.ts";
import { World } from "./world.ts";

const realTime = performance.now.bind(performance);
const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
    without: { type: "string", default: "" },
    plan: { type: "boolean", default: false },
  },
});

useRuntime(simulatedRuntime);
simulateGlobals();
// Modules ask for the time when they are loaded.
enter(new World(makeEchoPlan(0).host));
const { parseEcho } = await import("../../src/echo/options.ts");
const { runEcho } = await import("../../src/echo/command.ts");

const program = {
  run: async (args: readonly string[]) => {
    const settings = parseEcho(args);
    if (typeof settings === "string") throw new Error(settings);
    await runEcho(settings);
  },
};

// The first run loads modules on its way, in a time of its own: it is one without troubles.
const quiet = makeEchoPlan(0);
await runEchoPlan({ ...quiet, events: [] }, program);

const first = Number(values.seed);
const start = realTime();
let failures = 0;
for (let seed = first; seed < first + Number(values.seeds); seed++) {
  const made = makeEchoPlan(seed);
  const plan = { ...made, events: made.events.filter(({ kind }) => !values.without.includes(kind)) };
  if (values.plan) console.log(JSON.stringify(plan, null, 1));
  try {
    await runEchoPlan(plan, program);
  } catch (error) {
    failures++;
    console.log(`seed ${seed}: ${error instanceof Error ? error.stack : error}`);
    break;
  }
}
console.log(`${values.seeds} seeds, ${failures} failures, ${Math.round(realTime() - start)} ms`);
process.exitCode = failures > 0 ? 1 : 0;
