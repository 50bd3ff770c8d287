/**
 * The HTTP server for metrics and health checks. It is loaded only if the user asks for it.
 * @module
 */

import type { ServerResponse } from "node:http";
import { EACCES, EADDRINUSE, EADDRNOTAVAIL } from "../../ffi/constants.ts";
import { errnoMessage, SystemError } from "../../ffi/errno.ts";
import { yieldToEventLoop } from "../../ffi/event_loop.ts";
import { runtime } from "../../ffi/runtime.ts";
import { endpointText, parseAddress } from "../net/address.ts";
import { numberFrom, quote, UsageError } from "./arguments.ts";
import { expositionPieces, type Metric, metric, OPENMETRICS_TYPE, PROMETHEUS_TYPE, type Sample } from "./metrics.ts";
import { VERSION } from "./version.ts";

/** Where the metrics are served. */
export interface MetricsEndpoint {
  readonly address: string;
  readonly port: number;
}

/** What is served. */
export interface Monitored {
  /** First word of the names of metrics: `echo`. */
  readonly prefix: string;
  /** The metrics as they are now. */
  metrics(): readonly Metric[];
  /** Whether `/healthz` answers 200, else 503. */
  healthy(): boolean;
}

/** Longest time between the arrival of a connection and the end of the answer during which a command should hurry. */
const ANSWER_MILLISECONDS = 500;
/** Time for a request to arrive, in milliseconds. */
const REQUEST_TIMEOUT = 5000;

/** Reads `[ADDRESS:]PORT`; the default address is 127.0.0.1. @throws {UsageError} */
export function parseMetricsEndpoint(text: string, name: string): MetricsEndpoint {
  const [, bracketed, plain, port] = /^(?:(?:\[([^\]]+)\]|([^:[\]]+)):)?([0-9]+)$/.exec(text) ?? [];
  const address = bracketed ?? plain ?? "127.0.0.1";
  if (port === undefined || parseAddress(address) === undefined) {
    throw new UsageError(`${name} is a port with or without an address, as 9100 or [::1]:9100, not ${quote(text)}`);
  }
  return { address, port: numberFrom(1, 65_535)(port, `the port of ${name}`) };
}

/** Serves `/metrics` and `/healthz`. */
export class MetricsServer {
  #busyUntil = 0;

  /** Whether an answer is due, for which the event loop should run without delay. */
  get busy(): boolean {
    return performance.now() < this.#busyUntil;
  }

  /**
   * Listens until the process ends.
   * @throws {SystemError} with a sentence for the user if that fails
   */
  async listen({ address, port }: MetricsEndpoint, monitored: Monitored): Promise<void> {
    const [{ createServer }, { default: process }] = await Promise.all([import("node:http"), import("node:process")]);
    const server = createServer({ requestTimeout: REQUEST_TIMEOUT }, (request, response) => {
      const respond = (status: number, pieces: Iterable<string>, type = "text/plain; charset=utf-8") => {
        response.writeHead(status, { "content-type": type, allow: "GET, HEAD", connection: "close" });
        void this.#write(response, request.method === "HEAD" ? [] : pieces);
      };
      const [path] = request.url!.split("?");
      if (request.method !== "GET" && request.method !== "HEAD") return respond(405, ["use GET\n"]);
      if (path === "/healthz") return monitored.healthy() ? respond(200, ["ok\n"]) : respond(503, ["stopping\n"]);
      if (path !== "/metrics") return respond(404, ["there are /metrics and /healthz\n"]);
      const openMetrics = /application\/openmetrics-text/.test(request.headers.accept ?? "");
      const metrics = [...monitored.metrics(), ...processMetrics(monitored.prefix, process)];
      respond(200, expositionPieces(metrics, openMetrics), openMetrics ? OPENMETRICS_TYPE : PROMETHEUS_TYPE);
    });
    server.on("connection", () => this.#busyUntil = performance.now() + ANSWER_MILLISECONDS);
    const endpoint = endpointText(parseAddress(address)!, "", port);
    const failure = (errno: number, reason = errnoMessage(errno)) =>
      new SystemError("listen", errno, `cannot serve metrics on ${endpoint}: ${reason}`);
    // Deno reports a missing permission too late to catch it.
    if (runtime().mayListen?.(endpoint) === false) {
      throw failure(EACCES, `Deno needs the permission for it: deno run --allow-net=${endpoint} …`);
    }
    await new Promise<void>((resolve, reject) => {
      server.on("error", ({ code }: NodeJS.ErrnoException) => reject(failure(ERRORS[code ?? ""] ?? EADDRNOTAVAIL)));
      server.listen(port, address, resolve).unref();
    });
  }

  /** Writes a long answer piece by piece, so that the command goes on in between. */
  async #write(response: ServerResponse, pieces: Iterable<string>): Promise<void> {
    for (const piece of pieces) {
      if (response.destroyed) return;
      this.#busyUntil = performance.now() + ANSWER_MILLISECONDS;
      response.write(piece);
      await yieldToEventLoop();
    }
    response.end(() => this.#busyUntil = 0);
  }
}

/** Error numbers of `listen` by name: for other errors the runtimes have different numbers. */
const ERRORS: Readonly<Record<string, number>> = { EACCES, EADDRINUSE };

/** Metrics that every process has. */
function processMetrics(prefix: string, process: typeof import("node:process")): Metric[] {
  const { user, system } = process.cpuUsage();
  const build: Sample = { labels: { version: VERSION, runtime: runtime().name }, value: 1 };
  return [
    metric(`${prefix}_build`, "info", "Version of the program and its runtime.", [build]),
    metric("process_start_time_seconds", "gauge", "Start of the process since 1970.", performance.timeOrigin / 1000),
    metric("process_resident_memory_bytes", "gauge", "Resident memory of the process.", process.memoryUsage.rss()),
    metric("process_cpu_seconds", "counter", "Processor time of the process.", (user + system) / 1e6),
  ];
}
