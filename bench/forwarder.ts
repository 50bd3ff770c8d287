/** Measures a DNS forwarder on `serve` against the same one on `node:dgram`, with `dnsperf` as the client. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "./load.ts";
import { allowedProcessors } from "./machine.ts";
import { type Command, launch, run, stop } from "./processes.ts";
import type { Sample } from "./results.ts";

/** What {@link measureForwarders} measures, and for how long. */
export interface ForwarderPlan {
  /** Path of the server that the forwarders ask. */
  upstream: string;
  /** The forwarders, each without its arguments `PORT UPSTREAM_ADDRESS UPSTREAM_PORT`. */
  commands: readonly Command[];
  /** A folder for the queries. */
  folder: string;
  /** Comparisons, of `seconds` each. */
  turns: number;
  seconds: number;
}

/** Queries that wait for an answer at the same time, as `dnsperf` does by default. */
const IN_FLIGHT = "100";

/** Returns the queries that a forwarder answers in a second: a sample for each turn, by forwarder. */
export async function measureForwarders(
  { upstream, commands, folder, turns, seconds }: ForwarderPlan,
): Promise<Sample[][]> {
  const [clientProcessor = 0, ...others] = allowedProcessors();
  const pinned = (processor: number, command: Command): Command => ["taskset", "-c", `${processor}`, ...command];
  const queries = join(folder, "queries");
  writeFileSync(queries, "example.test A\n");
  const upstreamPort = `${await freePort()}`;
  const processes = [launch(pinned(clientProcessor, [upstream, upstreamPort]))];
  try {
    const ports: string[] = [];
    for (const command of commands) {
      ports.push(`${await freePort()}`);
      const server: Command = [...command, ports.at(-1)!, "127.0.0.1", upstreamPort];
      processes.push(launch(pinned(others.at(-1) ?? clientProcessor, server)));
    }
    const ask = async (port: string, time: number) => {
      const client: Command = [
        "dnsperf",
        "-s",
        "127.0.0.1",
        "-p",
        port,
        "-d",
        queries,
        "-q",
        IN_FLIGHT,
        "-l",
        `${time}`,
      ];
      const [, rate] = /Queries per second:\s+([\d.]+)/.exec(await run(pinned(clientProcessor, client))) ?? [];
      return Number(rate);
    };
    // Until they answer, and the just-in-time compilers are done.
    for (const port of ports) while (!(await ask(port, 1) > 0));
    const samples: Sample[][] = commands.map(() => []);
    for (let turn = 0; turn < turns; turn++) {
      for (const [i, port] of ports.entries()) samples[i]!.push({ rate: await ask(port, seconds) });
    }
    return samples;
  } finally {
    await Promise.all(processes.map((process) => stop(process)));
  }
}
