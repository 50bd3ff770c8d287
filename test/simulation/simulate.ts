/**
 * Runs the program in simulated worlds, one for each seed: `deno task simulate --seeds 1000`. A seed that fails is made
 * smaller, and printed with the command that runs it again.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { useRuntime } from "../../ffi/runtime.ts";
import { makeEchoPlan } from "./echo_plan.ts";
import { runEchoPlan } from "./echo_run.ts";
import { enter, simulatedRuntime, simulateGlobals } from "./runtime.ts";
import { makeServePlan } from "./serve_plan.ts";
import { runServePlan } from "./serve_run.ts";
import { makeMtuPlan, runMtuPlan } from "./mtu_run.ts";
import { makeProbePlan } from "./probe_plan.ts";
import { runProbePlan } from "./probe_run.ts";
import { makeSocketPlan } from "./socket_plan.ts";
import { runSocketPlan } from "./socket_run.ts";
import { shrink } from "./shrink.ts";
import { World } from "./world.ts";

const realTime = performance.now.bind(performance);
const { values } = parseArgs({
  allowNegative: true,
  options: {
    /** How many seeds, from which one on. */
    seeds: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
    /** Which simulation; all, if absent. */
    what: { type: "string" },
    /** Only these events of a plan, by number: `3,8,9`. */
    only: { type: "string" },
    /** No events of these kinds. */
    without: { type: "string", default: "" },
    /** Makes a seed that fails smaller. */
    shrink: { type: "boolean", default: true },
    /** Shows the plans. */
    plan: { type: "boolean", default: false },
  },
});

useRuntime(simulatedRuntime);
simulateGlobals();
// Modules ask for the time when they are loaded.
enter(new World(makeEchoPlan(0).host));
const { parseEcho } = await import("../../src/echo/options.ts");
const { runEcho } = await import("../../src/echo/command.ts");
const { parseProbe } = await import("../../src/probe/options.ts");
const { runProbe } = await import("../../src/probe/command.ts");
const library = await import("../../src/mod.ts");

/** A kind of run. */
interface Simulation<Plan extends { readonly events: readonly { readonly kind: string }[] }> {
  make(seed: number): Plan;
  run(plan: Plan): Promise<void>;
}

const echo: Simulation<ReturnType<typeof makeEchoPlan>> = {
  make: makeEchoPlan,
  run: (plan) =>
    runEchoPlan(plan, {
      run: async (args) => {
        const settings = parseEcho(args);
        if (typeof settings === "string") throw new Error(settings);
        await runEcho(settings);
      },
    }),
};

async function probeWith(args: readonly string[]): Promise<number> {
  const settings = parseProbe(args);
  if (typeof settings === "string") throw new Error(settings);
  return await runProbe(settings);
}

const probe: Simulation<ReturnType<typeof makeProbePlan>> = {
  make: makeProbePlan,
  run: (plan) => runProbePlan(plan, probeWith),
};

const simulations = new Map<string, (seed: number) => Promise<void>>([
  ["echo", simulation(echo)],
  ["probe", simulation(probe)],
  ["mtu", simulation({ make: makeMtuPlan, run: (plan) => runMtuPlan(plan, probeWith) })],
  ["serve", simulation({ make: makeServePlan, run: (plan) => runServePlan(plan, library.serve) })],
  ["socket", simulation({ make: makeSocketPlan, run: (plan) => runSocketPlan(plan, library) })],
]);

/** Runs the plan of a seed, or the part of it that the options ask for. */
function simulation<Plan extends { readonly events: readonly { readonly kind: string }[] }>(
  { make, run }: Simulation<Plan>,
) {
  const only = values.only === undefined ? undefined : new Set(values.only.split(",").map(Number));
  return async (seed: number) => {
    const plan = make(seed);
    const events = plan.events.filter(({ kind }, i) =>
      (only === undefined || only.has(i)) && !values.without.split(",").includes(kind)
    );
    const part = { ...plan, events };
    if (values.plan) console.log(JSON.stringify(part, null, 1));
    await run(part);
  };
}

// The first run loads modules on its way, in a time of its own: it is one without troubles.
await echo.run({ ...echo.make(0), events: [] });

const first = Number(values.seed);
const count = values.only === undefined ? Number(values.seeds) : 1;
for (const [name, run] of simulations) {
  if (values.what !== undefined && values.what !== name) continue;
  const start = realTime();
  for (let seed = first; seed < first + count; seed++) {
    try {
      await run(seed);
    } catch (error) {
      console.log(`${name} ${seed}: ${error instanceof Error ? error.stack : error}`);
      if (values.shrink && values.only === undefined) console.log(shrink(name, seed, values.without, `${error}`));
      process.exit(1);
    }
  }
  console.log(`${name}: ${count} seeds in ${Math.round(realTime() - start)} ms`);
}
process.exit(0);
