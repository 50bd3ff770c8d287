/**
 * The HTTP server for metrics and health checks. It is loaded only if the user asks for it.
 * @module
 */

import type { Server, ServerResponse } from "node:http";
import { EACCES, EADDRINUSE, EADDRNOTAVAIL } from "../../ffi/constants.ts";
import { errnoMessage, SystemError } from "../../ffi/errno.ts";
import { yieldToEventLoop } from "../../ffi/event_loop.ts";
import { runtime } from "../../ffi/runtime.ts";
import { endpointText, parseAddress } from "../net/address.ts";
import { numberFrom, quote, UsageError } from "./arguments.ts";
import { expositionPieces, type Metric, OPENMETRICS_TYPE, PROMETHEUS_TYPE } from "./metrics.ts";
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
  #server: Server | undefined;

  /** Whether an answer is due, for which the event loop should run without delay. */
  get busy(): boolean {
    return performance.now() < this.#busyUntil;
  }

  /**
   * Listens.
   * @throws {SystemError} with a sentence for the user if that fails
   */
  async listen({ address, port }: MetricsEndpoint, monitored: Monitored): Promise<void> {
    const [{ createServer }, { default: process }] = await Promise.all([import("node:http"), import("node:process")]);
    const server = this.#server = createServer({ requestTimeout: REQUEST_TIMEOUT }, (request, response) => {
      const openMetrics = /application\/openmetrics-text/.test(request.headers.accept ?? "");
      const [path] = request.url!.split("?");
      const text = { "content-type": "text/plain; charset=utf-8" };
      const answer = (status: number, body: string, headers: Record<string, string> = text) =>
        response.writeHead(status, { ...headers, connection: "close" }).end(request.method === "HEAD" ? "" : body);
      response.on("finish", () => this.#busyUntil = 0);
      if (request.method !== "GET" && request.method !== "HEAD") {
        answer(405, "use GET\n", { allow: "GET, HEAD" });
      } else if (path === "/metrics") {
        const metrics = [...monitored.metrics(), ...processMetrics(monitored.prefix, process)];
        response.writeHead(200, {
          "content-type": openMetrics ? OPENMETRICS_TYPE : PROMETHEUS_TYPE,
          connection: "close",
        });
        if (request.method === "HEAD") response.end();
        else void this.#write(response, expositionPieces(metrics, openMetrics));
      } else if (path === "/healthz") {
        monitored.healthy() ? answer(200, "ok\n") : answer(503, "stopping\n");
      } else {
        answer(404, "there are /metrics and /healthz\n");
      }
    });
    server.on("connection", () => this.#busyUntil = performance.now() + ANSWER_MILLISECONDS);
    const endpoint = endpointText(parseAddress(address)!, "", port);
    // Deno reports a missing permission too late to catch it.
    if (runtime().mayListen?.(endpoint) === false) {
      throw listenError(
        endpoint,
        EACCES,
        `Deno does not allow it; start it with the permission: --allow-net=${endpoint}`,
      );
    }
    await new Promise<void>((resolve, reject) => {
      server.on("error", ({ code }: NodeJS.ErrnoException) => reject(listenError(endpoint, ERRORS[code ?? ""])));
      server.listen(port, address, resolve);
    });
  }

  /** Writes a text piece by piece, so that the command goes on meanwhile. */
  async #write(response: ServerResponse, pieces: Iterable<string>): Promise<void> {
    for (const piece of pieces) {
      if (response.destroyed) return;
      this.#busyUntil = performance.now() + ANSWER_MILLISECONDS;
      response.write(piece);
      await yieldToEventLoop();
    }
    response.end();
  }

  /** Ends the server. */
  async close(): Promise<void> {
    await new Promise((resolve) => this.#server!.close(resolve));
  }
}

/** Error numbers of `listen` by name: for other errors the runtimes have different numbers. */
const ERRORS: Readonly<Record<string, number>> = { EACCES, EADDRINUSE };

function listenError(endpoint: string, errno = EADDRNOTAVAIL, reason: string = errnoMessage(errno)): SystemError {
  return new SystemError("listen", errno, `cannot serve metrics on ${endpoint}: ${reason}`);
}

/** Metrics that every process has. */
function processMetrics(prefix: string, process: typeof import("node:process")): Metric[] {
  const { user, system } = process.cpuUsage();
  const gauge = (name: string, help: string, value: number): Metric => ({
    name,
    type: "gauge",
    help,
    samples: [{ value }],
  });
  return [
    {
      name: `${prefix}_build`,
      type: "info",
      help: "Version of the program and its runtime.",
      samples: [{ labels: { version: VERSION, runtime: runtime().name }, value: 1 }],
    },
    gauge("process_start_time_seconds", "Start of the process, in seconds since 1970.", performance.timeOrigin / 1000),
    gauge("process_resident_memory_bytes", "Resident memory of the process.", process.memoryUsage.rss()),
    {
      name: "process_cpu_seconds",
      type: "counter",
      help: "Processor time of the process.",
      samples: [{ value: (user + system) / 1e6 }],
    },
  ];
}
