/** The metrics of the server: their form, their agreement with the summary, and how soon a scrape is answered. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { request } from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { exposition } from "../../src/cli/metrics.ts";
import { Counters, ECHOED, RECEIVED } from "../../src/echo/counters.ts";
import { echoMetrics } from "../../src/echo/metrics.ts";
import { assertEchoed, noCompiler, send, Stream } from "../support/client.ts";
import { LONG, missing, Process, run, temporaryFolder, timeLimit } from "../support/process.ts";
import {
  freePort,
  freeTcpPort,
  runProgram,
  RUNTIME,
  serve,
  type Server,
  type ServerOptions,
} from "../support/server.ts";

/** Time within which a scrape is answered. */
const SCRAPE_MS = 50;

/** A server with metrics, on a port of its own. */
async function serveMetrics(args: string[] = []): Promise<{ server: Server; metricsPort: number }> {
  const metricsPort = await freeTcpPort();
  const server = await serve({ args: ["-q", ...args, "--metrics", `${metricsPort}`], ...permission(metricsPort) });
  return { server, metricsPort };
}

/** The options of Deno for metrics on a port. */
function permission(metricsPort: number): Partial<ServerOptions> {
  if (RUNTIME !== "Deno") return {};
  return { runtimeOptions: ["--allow-ffi", "--no-prompt", `--allow-net=127.0.0.1:${metricsPort}`] };
}

/** What the server answers, and after how many milliseconds. */
function get(port: number, path: string): Promise<{ status: number; body: string; ms: number }> {
  const start = performance.now();
  return new Promise((resolve, reject) => {
    request({ port, path, agent: false }, (response) => {
      let body = "";
      response.on("data", (data) => body += data);
      response.on("end", () => resolve({ status: response.statusCode!, body, ms: performance.now() - start }));
    }).on("error", reject).end();
  });
}

/** The samples of a text, by name and labels. */
function samplesOf(text: string): Map<string, number> {
  return new Map([...text.matchAll(/^([a-z]\S*) (\S+)$/gm)].map(([, name, value]) => [name!, Number(value)]));
}

describe("metrics of the server", { skip: noCompiler }, () => {
  let server: Server;
  let metricsPort: number;
  before(async () => ({ server, metricsPort } = await serveMetrics(["-a", "127.0.0.1", "--rate", "1000"])));
  after(() => server?.kill());

  test("count datagrams and bytes, by reason where they were refused", async () => {
    await assertEchoed("127.0.0.1", server.port, { count: 10, sizes: ["100"] });
    // From the server's own port.
    await send("127.0.0.1", server.port, { sourcePort: server.port, source: "127.0.0.2", count: 3, timeout: 10 });
    await server.received(13);
    const samples = samplesOf((await get(metricsPort, "/metrics")).body);
    const expected = {
      echo_received_datagrams_total: 13,
      echo_echoed_datagrams_total: 10,
      echo_echoed_bytes_total: 1000,
      'echo_refused_datagrams_total{reason="own_source_port"}': 3,
      'echo_refused_datagrams_total{reason="over_rate"}': 0,
      echo_kernel_dropped_datagrams_total: 0,
      echo_receive_queue_bytes: 0,
    };
    for (const [name, value] of Object.entries(expected)) assert.equal(samples.get(name), value, name);
    assert.ok(samples.get("echo_received_bytes_total")! >= 1000);
    assert.ok(samples.get("echo_receive_buffer_bytes")! > 4096);
  });

  test("promtool finds nothing to complain about", { skip: missing("promtool") }, async () => {
    const file = join(temporaryFolder(), "metrics");
    writeFileSync(file, (await get(metricsPort, "/metrics")).body);
    const { code, stdout, stderr } = await run(["sh", "-c", `promtool check metrics < ${file}`]);
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: "", stderr: "" });
  });

  test("a scrape is answered soon, idle and under load", LONG, async (t) => {
    const scrapes = async () => {
      const times: number[] = [];
      for (let i = 0; i < 15; i++) times.push((await get(metricsPort, "/metrics")).ms);
      return times.sort((a, b) => a - b);
    };
    const idle = await scrapes();
    const before = (await server.summary()).received;
    const load = new Stream("127.0.0.1", server.port, { window: 64 });
    try {
      await server.received(before + 1000);
      const loaded = await scrapes();
      t.diagnostic(`median ${idle[7]!.toFixed(1)} ms idle, ${loaded[7]!.toFixed(1)} ms under load`);
      assert.ok(idle[7]! < timeLimit(SCRAPE_MS), `${idle[7]} ms idle`);
      assert.ok(loaded[7]! < timeLimit(SCRAPE_MS), `${loaded[7]} ms under load`);
    } finally {
      await load.kill();
    }
  });
});

test("the metrics of several workers have their number", () => {
  const workers = [new Counters(), new Counters()];
  workers.forEach(({ counts, failed }, i) => {
    counts[RECEIVED] = 10 + i;
    counts[ECHOED] = 9;
    failed[1] = 1 + i;
  });
  const group = { counters: () => workers, drops: () => 7, sockets: [] };
  const samples = samplesOf(exposition(echoMetrics(group, 3), true));
  assert.equal(samples.get('echo_received_datagrams_total{worker="0"}'), 10);
  assert.equal(samples.get('echo_received_datagrams_total{worker="1"}'), 11);
  assert.equal(samples.get('echo_failed_datagrams_total{worker="1",errno="EPERM"}'), 2);
  assert.equal(samples.get("echo_kernel_dropped_datagrams_total"), 7);
  assert.equal(samples.get("echo_rate_table_sources"), 3);
});

test("with --workers, the samples of all workers add up to the summary", { skip: noCompiler, ...LONG }, async () => {
  const { server, metricsPort } = await serveMetrics(["--workers", "3"]);
  try {
    for (const address of ["127.0.0.1", "127.0.0.2", "127.0.0.3", "::1"]) {
      await assertEchoed(address, server.port, { count: 25, source: address });
    }
    const echoed = async () => {
      const samples = samplesOf((await get(metricsPort, "/metrics")).body);
      return [0, 1, 2].map((worker) => samples.get(`echo_echoed_datagrams_total{worker="${worker}"}`)!);
    };
    const deadline = performance.now() + 20_000;
    while ((await echoed()).reduce((sum, count) => sum + count, 0) < 100) assert.ok(performance.now() < deadline);
    assert.equal((await echoed()).length, 3);
    assert.equal((await server.stop()).echoed, 100);
  } finally {
    await server.kill();
  }
});

test("a Prometheus scrapes it, and agrees with the last summary", {
  skip: noCompiler || missing("prometheus"),
  ...LONG,
}, async () => {
  const { server, metricsPort } = await serveMetrics();
  const folder = temporaryFolder();
  const config = join(folder, "prometheus.yml");
  const port = await freeTcpPort();
  writeFileSync(
    config,
    `scrape_configs: [{ job_name: echo, scrape_interval: 200ms, scrape_timeout: 200ms,
  static_configs: [{ targets: ["127.0.0.1:${metricsPort}"] }] }]\n`,
  );
  const args = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${folder}/data`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const prometheus = new Process(["prometheus", ...args, "--log.level=warn"]);
  try {
    await assertEchoed("127.0.0.1", server.port, { count: 250, sizes: ["10"] });
    const query = async (expression: string): Promise<string | undefined> => {
      try {
        const { body } = await get(port, `/api/v1/query?query=${encodeURIComponent(expression)}`);
        return JSON.parse(body).data?.result[0]?.value[1];
      } catch {
        // It does not listen yet.
        return undefined;
      }
    };
    const until = async (expression: string, expected: string) => {
      const deadline = performance.now() + 20_000;
      let found;
      while ((found = await query(expression)) !== expected) {
        assert.ok(performance.now() < deadline, `${expression} is ${found}, not ${expected}: ${prometheus.stderr}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    await until("up", "1");
    await until("echo_echoed_datagrams_total", "250");
    await until("echo_echoed_bytes_total", "2500");
    await until("sum(echo_received_datagrams_total) - sum(echo_refused_datagrams_total)", "250");
    await until("count(process_cpu_seconds_total + process_resident_memory_bytes + process_start_time_seconds)", "1");
    const { received, echoed } = await server.stop();
    assert.deepEqual({ received, echoed }, { received: 250, echoed: 250 });
  } finally {
    await Promise.all([server.kill(), prometheus.kill()]);
  }
});

describe("--drain", { skip: noCompiler }, () => {
  test("goes on after SIGTERM, while /healthz answers 503; a second signal stops it", async () => {
    const { server, metricsPort } = await serveMetrics(["--drain", "60"]);
    try {
      assert.equal((await get(metricsPort, "/healthz")).status, 200);
      server.signal("SIGTERM");
      await server.waitFor(() => /^stopping in 60 s$/m.test(server.stderr), "line about the stop");
      assert.equal((await get(metricsPort, "/healthz")).status, 503);
      await assertEchoed("127.0.0.1", server.port, { count: 5 });
      assert.equal((await server.stop()).echoed, 5);
    } finally {
      await server.kill();
    }
  });

  test("ends by itself", async () => {
    const server = await serve({ args: ["-q", "--drain", "1"] });
    const { code, ms } = await server.endBy("SIGTERM");
    assert.equal(code, 0);
    assert.ok(ms >= 1000, `${ms} ms`);
  });
});

describe("metrics that cannot be served: one line, and the server does not start", () => {
  test("a port in use", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const { port } = other.address() as { port: number };
    try {
      const args = [`${await freePort()}`, "--metrics", `${port}`];
      const { code, stdout, stderr } = await runProgram(args, permission(port));
      const line = `echo.ts: cannot serve metrics on 127.0.0.1:${port}: address already in use\n`;
      assert.deepEqual({ code, stdout, stderr }, { code: 1, stdout: "", stderr: line });
    } finally {
      other.close();
    }
  });

  test("Deno without the permission", { skip: RUNTIME !== "Deno" && "needs Deno" }, async () => {
    const { code, stderr } = await runProgram([`${await freePort()}`, "--metrics", "[::1]:9100"]);
    assert.equal(code, 1);
    assert.match(stderr, /^echo\.ts: cannot serve metrics on \[::1\]:9100: .*deno run --allow-net=\[::1\]:9100 …\n$/);
  });
});
