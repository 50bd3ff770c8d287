/** Measures two workers on two processors, each with a client beside it, against one server with one client. */

import { readdirSync, readFileSync } from "node:fs";
import { askLoad, freePort, type LoadReport, ORDINARY } from "./load.ts";
import { allowedProcessors } from "./machine.ts";
import { type Command, launch, run, stop } from "./processes.ts";
import type { Sample } from "./results.ts";

/** Processor time for a datagram, of which a worker that serves it takes more: it takes some 2 microseconds. */
const SERVED_SECONDS = 0.8e-6;

/** A pair on one processor. */
interface Pair {
  port: number;
  pid: number;
  processor: number;
  source: string;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** The process that `pid` has started, once there is one. */
async function childOf(pid: number): Promise<number> {
  for (;;) {
    const child = readdirSync("/proc").map(Number).find((candidate) => {
      try {
        return candidate > 0 &&
          new RegExp(`^PPid:\\s${pid}$`, "m").test(readFileSync(`/proc/${candidate}/status`, "utf8"));
      } catch {
        return false;
      }
    });
    if (child !== undefined) return child;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A source whose datagrams reach the worker `pid`, and not `other`. Each may be busy with something else for a moment. */
async function sourceFor(load: string, port: number, pid: number, other: number): Promise<string> {
  for (let host = 2;; host++) {
    const source = `127.0.0.${host}`;
    const serves = async (worker: number) => {
      const options = ["--from", source, "--pid", `${worker}`, "--datagrams", "20000"];
      const report = await askLoad(load, "window", `127.0.0.1:${port}`, ...ORDINARY, ...options);
      return report.server_cpu_seconds / report.answered > SERVED_SECONDS;
    };
    if (await serves(pid) && !await serves(other)) return source;
  }
}

function measure(load: string, { port, pid, processor, source }: Pair, seconds: number): Promise<LoadReport> {
  return askLoad(load, "window", `127.0.0.1:${port}`, ...ORDINARY, ...[
    ...["--from", source, "--pid", `${pid}`, "--cpu", `${processor}`],
    ...["--warmup", "0.05", "--seconds", `${seconds}`],
  ]);
}

/** Memory that a process shares with no other one, in MB. proc_pid_smaps(5) */
function privateMemory(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return sum([...text.matchAll(/^Private_\w+:\s+(\d+) kB$/gm)].map(([, kilobytes]) => Number(kilobytes))) * 1024 / 1e6;
}

/** What {@link measureWorkers} measures, and for how long. */
export interface WorkersPlan {
  /** Path of the load generator. */
  load: string;
  /** Comparisons of two pairs with one. */
  turns: number;
  /** Seconds of each measurement. */
  seconds: number;
}

/**
 * Measures a program turn by turn.
 * @param command starts it on a port
 */
export async function measureWorkers(
  command: (port: number) => Command,
  { load, turns, seconds }: WorkersPlan,
): Promise<Sample[]> {
  const [first = 0, second = 1] = allowedProcessors();
  const ports = [await freePort(), await freePort()] as const;
  const one = launch(command(ports[0]));
  const two = launch([...command(ports[1]), "--workers", "2"]);
  try {
    for (const port of ports) await askLoad(load, "source", `127.0.0.1:${port}`, "--seconds", "10");
    const workers = [two.pid!, await childOf(two.pid!)] as const;
    const alone: Pair = { port: ports[0], pid: one.pid!, processor: first, source: "127.0.0.1" };
    const pairs: Pair[] = [];
    for (const [i, pid] of workers.entries()) {
      const source = await sourceFor(load, ports[1], pid, workers[1 - i]!);
      pairs.push({ port: ports[1], pid, processor: i === 0 ? first : second, source });
    }
    for (const { pid, processor } of [alone, ...pairs]) await run(["taskset", "-acp", `${processor}`, `${pid}`]);
    // The just-in-time compilers need their time.
    await Promise.all([alone, ...pairs].map((pair) => measure(load, pair, 0.3)));
    const samples: Sample[] = [];
    for (let turn = 0; turn < turns; turn++) {
      const single = await measure(load, alone, seconds);
      const both = await Promise.all(pairs.map((pair) => measure(load, pair, seconds)));
      const cpu = sum(both.map(({ server_cpu_seconds }) => server_cpu_seconds)) /
        sum(both.map(({ answered }) => answered));
      samples.push({
        scaledRate: sum(both.map(({ rate }) => rate)) / single.rate,
        scaledCpu: cpu / (single.server_cpu_seconds / single.answered),
        privateMemory: privateMemory(workers[1]),
      });
    }
    return samples;
  } finally {
    await Promise.all([stop(one), stop(two)]);
  }
}
