/**
 * Measures echo.ts and other echo servers from outside, and reports the results.
 *
 *     npm run bench               all figures, in ten minutes; writes bench/RESULTS.md and three plots
 *     npm run bench -- --quick    about a minute; prints the report
 *     npm run bench -- --smoke    a few seconds; checks that the bench works, not how fast the servers are
 *
 * The servers run in turn, in reverse order every other time, and are compared turn by turn.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { missed } from "./figures.ts";
import { describeMachine, stolenShare } from "./machine.ts";
import { Bench, PLANS, type Step } from "./measure.ts";
import { cpuPlot, latencyPlot, ratePlot } from "./plot.ts";
import { cleanUp, cleanUpOnSignals, ROOT } from "./processes.ts";
import { ECHO, prepare } from "./programs.ts";
import { report } from "./report.ts";
import type { Results } from "./results.ts";

const USAGE = `usage: bench.ts [--quick | --smoke] [--only FIGURE]... [--program NAME]... [--out FOLDER]

  --quick          about a minute instead of nine; prints the report
  --smoke          a few seconds; checks that the bench works
  --only FIGURE    only figures whose name contains this: 1x64, 64x1200, sweep, trains, many-peers, logging,
                   round-trip, first-echo, workers, forwarder, memory; prints the report
  --program NAME   only programs whose name contains this, in any case; prints the report
  --out FOLDER     write the report and the plots there (default for all figures and programs: bench/)`;

/** Runs the steps, and shows the progress on standard error. */
async function runSteps(steps: Step[]): Promise<void> {
  const total = steps.reduce((sum, step) => sum + step.seconds, 0);
  const begin = performance.now();
  let done = 0;
  let shownPercent = -1;
  for (const step of steps) {
    const elapsed = (performance.now() - begin) / 1000;
    // Estimates are mostly wrong by the same factor: apply that of the finished steps to the remaining ones.
    const left = Math.round((total - done) * (done > total / 50 ? elapsed / done : 1));
    const percent = Math.floor(100 * done / total);
    const line = `${`${percent}`.padStart(3)} %, ${left} s left: ${step.title}`;
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line.slice(0, (process.stderr.columns ?? 80) - 1)}`);
    else if (percent !== shownPercent) process.stderr.write(`${line}\n`);
    shownPercent = percent;
    await step.run();
    done += step.seconds;
  }
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
}

/** Returns the problems that make the figures worthless. */
function defects(results: Results, steps: Step[]): string[] {
  const found = [...results.remarks];
  for (const name of ECHO) {
    if (!steps.some(({ title }) => title.endsWith(name))) found.push(`${name}: not measured`);
    if (results.wrongSource.has(name)) found.push(`${name}: replies from ${results.wrongSource.get(name)}`);
  }
  return found;
}

async function main(): Promise<number> {
  const { values: options } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      smoke: { type: "boolean", default: false },
      only: { type: "string", multiple: true, default: [] },
      program: { type: "string", multiple: true, default: [] },
      out: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  const form = options.smoke ? "smoke" : options.quick ? "quick" : "full";
  const whole = form === "full" && options.only.length === 0 && options.program.length === 0;
  const folder = options.out ?? (whole ? join(ROOT, "bench") : undefined);

  const prepared = await prepare(form === "smoke");
  if (options.program.length > 0) {
    const wanted = options.program.map((name) => name.toLowerCase());
    prepared.programs = prepared.programs.filter(({ name }) =>
      wanted.some((part) => name.toLowerCase().includes(part))
    );
  }
  for (const line of prepared.leftOut) console.error(`left out: ${line}`);
  const bench = new Bench(PLANS[form], prepared);
  const steps = bench.steps(options.only);
  const stolen = stolenShare();
  const begin = performance.now();
  await runSteps(steps);
  const minutes = (performance.now() - begin) / 60e3;

  const { results } = bench;
  const machine = describeMachine();
  const text = report(results, { prepared, machine, form, plan: PLANS[form], stolen: stolen(), minutes });
  const files: Record<string, string> = {
    "RESULTS.md": text,
    "rate.svg": ratePlot(results),
    "cpu.svg": cpuPlot(results),
    "latency.svg": latencyPlot(results),
  };
  if (folder) {
    mkdirSync(folder, { recursive: true });
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    console.error(`wrote ${Object.keys(files).join(", ")} into ${folder}`);
  } else if (form !== "smoke") console.log(text);

  const found = defects(results, steps);
  for (const line of found) console.error(line);
  if (form === "smoke") {
    console.error(found.length > 0 ? "the bench does not work here" : `the bench works: ${steps.length} steps`);
    return found.length > 0 ? 1 : 0;
  }
  for (const name of ECHO) {
    for (const line of missed(results, name)) console.error(`${name} missed: ${line}`);
  }
  return 0;
}

cleanUpOnSignals();
try {
  process.exitCode = await main();
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : error}`);
  process.exitCode = String((error as { code?: string }).code).startsWith("ERR_PARSE_ARGS") ? 2 : 1;
} finally {
  cleanUp();
}
