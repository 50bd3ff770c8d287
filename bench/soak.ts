/**
 * Runs the server at full load for minutes, and checks that every datagram is accounted for, that memory and descriptors
 * do not grow, and that the server uses no CPU afterwards.
 *
 *     npm run soak                        ten minutes on each runtime
 *     npm run soak -- --minutes 1         one minute on each
 *     npm run soak -- --runtime bun       ten minutes on one
 */

import { readdirSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { askLoad, freePort, MANY_PEERS, ORDINARY, TRAINS } from "./load.ts";
import {
  cleanUp,
  cleanUpOnSignals,
  type Command,
  cpuSeconds,
  launch,
  lives,
  residentBytes,
  stop,
} from "./processes.ts";
import { logging, NAMES, prepare } from "./programs.ts";

/** Resident memory stays this close to what it was after the first minute, in bytes. */
const GROWTH_LIMIT = 2e6;
/** Seconds after which memory has to be what it stays; of a short run, half. */
const SETTLED_AFTER = 60;
/** Seconds of each kind of load, one kind after the other: one client, a thousand, trains. */
const SLICE = 3;
const LOADS = [ORDINARY, MANY_PEERS, TRAINS];
/** Most CPU time of an idle server, as a share of the time that passes. */
const IDLE_SHARE = 0.001;
/** Seconds over which that is measured, and how often at most: after traffic, compilers and garbage collectors go on. */
const IDLE_SECONDS = 3;
const IDLE_ATTEMPTS = 5;

/** The summary that echo.ts writes at its end with `--log json`. */
interface Summary {
  event: string;
  received: number;
  echoed: number;
  refused: number;
  failed: number;
  dropped_by_kernel: number;
}

/** The last line of JSON that is a summary. */
function findSummary(lines: string[]): Summary | undefined {
  for (const line of lines.toReversed()) {
    if (line.includes('"event":"summary"')) return JSON.parse(line);
  }
  return undefined;
}

/** Resolves when the server has said that it listens; throws when it ends, or says nothing for ten seconds. */
function ready(command: Command, output: string[]): Promise<ReturnType<typeof launch>> {
  let errors = "";
  let rest = "";
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not ready after ten seconds: ${errors}`)), 10e3);
    const server = launch(command, {
      stdout: (text) => {
        const lines = (rest + text).split("\n");
        rest = lines.pop() ?? "";
        // A line a second at most, so all of them can be kept.
        output.push(...lines);
      },
      stderr: (text) => {
        errors += text;
        if (!errors.includes("listening on ")) return;
        clearTimeout(timer);
        resolve(server);
      },
    });
    server.once("exit", () => reject(new Error(`ended before it listened: ${errors}`)));
  });
}

/** Measures the CPU time of an idle process, as shares of the time that passes, until it is low enough. */
async function idleShares(pid: number): Promise<number[]> {
  const shares: number[] = [];
  do {
    const before = cpuSeconds(pid);
    const begin = performance.now();
    await new Promise((resolve) => setTimeout(resolve, IDLE_SECONDS * 1000));
    shares.push((cpuSeconds(pid) - before) / ((performance.now() - begin) / 1000));
  } while (shares.at(-1)! > IDLE_SHARE && shares.length < IDLE_ATTEMPTS);
  return shares;
}

/** Loads one server for `seconds` and returns the failed checks, a line each. */
async function soak(name: string, command: Command, load: string, port: number, seconds: number): Promise<string[]> {
  const output: string[] = [];
  const server = await ready(command, output);
  const pid = server.pid ?? 0;
  const descriptors = () => readdirSync(`/proc/${pid}/fd`).length;
  const descriptorsBefore = descriptors();
  const settledAfter = Math.min(SETTLED_AFTER, seconds / 2);
  const found: string[] = [];
  let [sent, lost, settled, least, most, descriptorsMost] = [0, 0, NaN, NaN, NaN, 0];

  const begin = performance.now();
  for (let slice = 0;; slice++) {
    const elapsed = (performance.now() - begin) / 1000;
    if (elapsed >= seconds) break;
    const options = LOADS[slice % LOADS.length] ?? ORDINARY;
    const time = `${Math.min(SLICE, seconds - elapsed).toFixed(3)}`;
    const report = await askLoad(load, "window", `127.0.0.1:${port}`, "--seconds", time, ...options);
    if (!lives(server)) return [`${name}: the server died after ${Math.round(elapsed)} s`];
    sent += report.sent;
    lost += report.lost;
    if (report.corrupt + report.duplicate > 0) {
      found.push(`${name}: ${report.corrupt} echoes came back altered, ${report.duplicate} twice`);
    }
    const resident = residentBytes(pid);
    descriptorsMost = Math.max(descriptorsMost, descriptors());
    if ((performance.now() - begin) / 1000 < settledAfter || Number.isNaN(settled)) settled = least = most = resident;
    least = Math.min(least, resident);
    most = Math.max(most, resident);
    const megabytes = (resident / 1e6).toFixed(1);
    const line = `${name}: ${Math.round(elapsed)} of ${seconds} s, ${sent} datagrams sent, ${megabytes} MB resident`;
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
    else if (slice % 10 === 0) console.error(line);
  }
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");

  const idle = await idleShares(pid);
  const code = await stop(server);
  const summary = findSummary(output);
  if (code !== 0) found.push(`${name}: ended with code ${code} instead of 0`);
  if (!summary) return [...found, `${name}: wrote no summary`];
  const { received, echoed, refused, failed, dropped_by_kernel: dropped } = summary;
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  console.log(
    `${name}: sent ${sent}, received ${received}, echoed ${echoed}, refused ${refused}, failed ${failed}, ` +
      `dropped by kernel ${dropped}, lost ${lost}; ${megabytes(settled)} resident after ${settledAfter} s, ` +
      `${megabytes(least)} to ${megabytes(most)} since; ` +
      `${descriptorsBefore} descriptors, at most ${descriptorsMost}; ` +
      `CPU when idle ${idle.map((share) => `${(100 * share).toFixed(3)} %`).join(", ")}`,
  );
  if (received !== echoed + refused + failed) found.push(`${name}: received is not echoed + refused + failed`);
  if (sent !== received + dropped) found.push(`${name}: sent is not received + dropped by kernel`);
  // A runtime may hand memory back; it must not take more, once it has had its first minute. A shorter run only tells.
  if (seconds > SETTLED_AFTER && most - settled > GROWTH_LIMIT) {
    found.push(`${name}: resident memory grew from ${megabytes(settled)} to ${megabytes(most)}`);
  }
  if (descriptorsMost > descriptorsBefore) {
    found.push(`${name}: ${descriptorsMost - descriptorsBefore} descriptors more than at the start`);
  }
  if (idle.at(-1)! > IDLE_SHARE) found.push(`${name}: idle, it uses more than ${100 * IDLE_SHARE} % of a processor`);
  return found;
}

async function main(): Promise<number> {
  const { values: options } = parseArgs({
    options: {
      minutes: { type: "string", default: "10" },
      runtime: { type: "string", multiple: true, default: ["deno", "bun", "node"] },
    },
  });
  const minutes = Number(options.minutes);
  const names = options.runtime.map((runtime) => ({ deno: NAMES.deno, bun: NAMES.bun, node: NAMES.node })[runtime]);
  if (!(minutes > 0) || names.includes(undefined)) {
    console.error("usage: soak.ts [--minutes N] [--runtime deno|bun|node]...");
    return 2;
  }
  const prepared = await prepare(true);
  const found: string[] = [];
  for (const name of names) {
    // The one that logs: a line a second, so that the log is on, and the summary readable for a program.
    const program = prepared.programs.find((program) => program.name === logging(name!));
    if (!program) throw new Error(prepared.leftOut.join("; "));
    const port = await freePort();
    const command: Command = [...program.command(port), "--log", "json", "--log-limit", "1"];
    found.push(...await soak(program.name.replace(/,.*/, ""), command, prepared.load, port, minutes * 60));
  }
  for (const line of found) console.error(line);
  console.error(found.length > 0 ? "the soak failed" : "all of it held");
  return found.length > 0 ? 1 : 0;
}

cleanUpOnSignals();
try {
  process.exitCode = await main();
} catch (error) {
  console.error(`soak: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
} finally {
  cleanUp();
}
