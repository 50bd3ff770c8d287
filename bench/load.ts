/** Runs the load generator, `load.c`. */

import { createSocket } from "node:dgram";
import { run } from "./processes.ts";

/** Modes of the load generator; `load.c` explains them. */
export type LoadMode = "window" | "rate" | "source" | "first-echo";

/** Options for one ordinary client. */
export const ORDINARY: string[] = ["--in-flight", "64", "--bytes", "64"];
/** Options for a client that sends trains with `UDP_SEGMENT`. */
export const TRAINS: string[] = ["--train", "32", "--in-flight", "320", "--bytes", "64"];
/** Options for a thousand clients, in turn. */
export const MANY_PEERS: string[] = ["--sockets", "1000", "--in-flight", "256", "--bytes", "64"];

/** Report of the load generator. Each mode fills in some of the fields. */
export interface LoadReport {
  /** Closed and open loop: datagrams answered in the measured interval. Other modes: 1 or 0. */
  answered: number;
  sent: number;
  lost: number;
  /** Echoes that came back twice, and echoes that came back altered. */
  duplicate: number;
  corrupt: number;
  /** Echoes per second. */
  rate: number;
  server_cpu_seconds: number;
  /** Datagrams that left more than 20 µs after they were due. */
  late_sends: number;
  /** Round-trip times: pairs of nanoseconds and count. */
  histogram: [number, number][];
  /** Source of the first echo, `ADDRESS:PORT`. */
  from: string;
  /** Length of the measured interval, or time to the first echo. */
  seconds: number;
}

/** Runs the load generator at the path `load` against `to`, `ADDRESS:PORT`. Throws if it fails. */
export async function askLoad(load: string, mode: LoadMode, to: string, ...options: string[]): Promise<LoadReport> {
  return JSON.parse(await run([load, mode, "--to", to, ...options]));
}

/** Returns a port that is free now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = createSocket("udp4");
    socket.on("error", reject);
    socket.bind(0, () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}
