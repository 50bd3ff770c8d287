/** The load generator, `load.c`, as the rest of the bench sees it. */

import { createSocket } from "node:dgram";
import { run } from "./processes.ts";

/** What it can be asked for; `load.c` explains them. */
export type LoadMode = "window" | "rate" | "source" | "first-echo";

/** One ordinary client. */
export const ORDINARY: string[] = ["--in-flight", "64", "--bytes", "64"];
/** A client that sends trains with UDP_SEGMENT. */
export const TRAINS: string[] = ["--train", "32", "--in-flight", "320", "--bytes", "64"];

/** A thousand clients, in turn. */
export const MANY_PEERS: string[] = ["--sockets", "1000", "--in-flight", "256", "--bytes", "64"];

/** What it prints; which of it depends on the mode. */
export interface LoadReport {
  /** Of the closed and the open loop: datagrams in the measured interval. Else 1 or 0. */
  answered: number;
  sent: number;
  lost: number;
  /** Echoes that came back twice, and that came back altered. */
  duplicate: number;
  corrupt: number;
  /** Echoes a second. */
  rate: number;
  server_cpu_seconds: number;
  /** Datagrams that left more than 20 µs after they were due. */
  late_sends: number;
  /** Round-trip times: nanoseconds and how many. */
  histogram: [number, number][];
  /** Where the first echo came from. */
  from: string;
  /** How long the measured interval was, or until the first echo. */
  seconds: number;
}

/** Runs the load generator, the file `load`, against `to` (`ADDRESS:PORT`). Throws when it fails. */
export async function askLoad(load: string, mode: LoadMode, to: string, ...options: string[]): Promise<LoadReport> {
  return JSON.parse(await run([load, mode, "--to", to, ...options]));
}

/** A port that nobody uses right now. */
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
