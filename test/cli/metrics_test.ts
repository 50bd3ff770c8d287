/** Metrics: their text in two formats, and the HTTP server. */
import assert from "node:assert/strict";
import { request } from "node:http";
import { connect, createServer } from "node:net";
import process from "node:process";
import { describe, test } from "node:test";
import { SystemError } from "../../ffi/errno.ts";
import { UsageError } from "../../src/cli/arguments.ts";
import {
  exposition,
  expositionPieces,
  histogramSamples,
  type Metric,
  metric,
  stateSamples,
} from "../../src/cli/metrics.ts";
import { MetricsServer, parseMetricsEndpoint } from "../../src/cli/metrics_server.ts";
import { TestClock } from "../support/clock.ts";
import { LONG, until } from "../support/process.ts";
import { freeTcpPort } from "../support/server.ts";

const METRICS: Metric[] = [
  { name: "echo_received_datagrams", type: "counter", help: "Datagrams.", samples: [{ value: 3 }] },
  {
    name: "echo_failed_datagrams",
    type: "counter",
    help: "Failures.",
    samples: [{ labels: { errno: "EPERM", worker: 1 }, value: 2 }, { labels: { errno: 'a"b\\c\nd' }, value: 1e21 }],
  },
  { name: "echo_receive_queue_bytes", type: "gauge", help: "Queue.", samples: [{ value: 0.5 }] },
  { name: "echo_build", type: "info", help: "Build.", samples: [{ labels: { version: "1" }, value: 1 }] },
  {
    name: "echo_state",
    type: "stateset",
    help: "State.",
    samples: stateSamples("echo_state", { target: "a" }, ["ok", "partial"], "ok"),
  },
  {
    name: "echo_time_seconds",
    type: "histogram",
    help: "Time.",
    samples: [...histogramSamples({ target: "a" }, [0.25, 1], [4, 0, 2], 7.5)],
  },
];

const SAMPLES = `\
echo_time_seconds_bucket{target="a",le="0.25"} 4
echo_time_seconds_bucket{target="a",le="1.0"} 4
echo_time_seconds_bucket{target="a",le="+Inf"} 6
echo_time_seconds_sum{target="a"} 7.5
echo_time_seconds_count{target="a"} 6
`;

describe("metrics as text", () => {
  test("OpenMetrics: the names of families have no suffix, and the text has an end", () => {
    assert.equal(
      exposition(METRICS, true),
      `\
# HELP echo_received_datagrams Datagrams.
# TYPE echo_received_datagrams counter
echo_received_datagrams_total 3
# HELP echo_failed_datagrams Failures.
# TYPE echo_failed_datagrams counter
echo_failed_datagrams_total{errno="EPERM",worker="1"} 2
echo_failed_datagrams_total{errno="a\\"b\\\\c\\nd"} 1e+21
# HELP echo_receive_queue_bytes Queue.
# TYPE echo_receive_queue_bytes gauge
echo_receive_queue_bytes 0.5
# HELP echo_build Build.
# TYPE echo_build info
echo_build_info{version="1"} 1
# HELP echo_state State.
# TYPE echo_state stateset
echo_state{target="a",echo_state="ok"} 1
echo_state{target="a",echo_state="partial"} 0
# HELP echo_time_seconds Time.
# TYPE echo_time_seconds histogram
${SAMPLES}# EOF
`,
    );
  });

  test("Prometheus: the same samples under names and types that it knows", () => {
    const samples = (text: string) => text.split("\n").filter((line) => !line.startsWith("#"));
    const text = exposition(METRICS, false);
    assert.deepEqual(samples(text), samples(exposition(METRICS, true)));
    assert.deepEqual([...text.matchAll(/^# TYPE (.*)/gm)].map(([, type]) => type), [
      "echo_received_datagrams_total counter",
      "echo_failed_datagrams_total counter",
      "echo_receive_queue_bytes gauge",
      "echo_build_info gauge",
      "echo_state gauge",
      "echo_time_seconds histogram",
    ]);
  });
});

test("many samples come in pieces of some 64 KiB, which together are the text", () => {
  const samples = Array.from({ length: 10_000 }, (_, i) => ({ labels: { target: i }, value: i }));
  const many = [metric("echo_many", "gauge", "Many.", samples), metric("echo_one", "counter", "One.", 1)];
  for (const openMetrics of [false, true]) {
    const pieces = [...expositionPieces(many, openMetrics)];
    assert.ok(pieces.length > 3);
    for (const piece of pieces.slice(0, -1)) assert.ok(piece.length >= 65_536 && piece.length < 66_000);
    const text = pieces.join("");
    assert.equal(text, exposition(many, openMetrics));
    const values = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    assert.deepEqual(values, [
      ...samples.map(({ value }) => `echo_many{target="${value}"} ${value}`),
      "echo_one_total 1",
    ]);
  }
  assert.deepEqual([...expositionPieces([], false)], [""]);
});

test("the endpoint: a port, with or without an address", () => {
  const parse = (text: string) => parseMetricsEndpoint(text, "--metrics");
  assert.deepEqual(["1", "65535"].map((text) => parse(text).port), [1, 65_535]);
  assert.deepEqual(parse("9100"), { address: "127.0.0.1", port: 9100 });
  assert.deepEqual(parse("192.0.2.1:9100"), { address: "192.0.2.1", port: 9100 });
  assert.deepEqual(parse("[::]:9100"), { address: "::", port: 9100 });
  for (const text of ["0", "65536", "x", ":9100", "localhost:9100", "::1:9100", "[::1]", "192.0.2.1:", "[127.0.0.1"]) {
    assert.throws(() => parse(text), (error) => error instanceof UsageError && /--metrics/.test(error.message), text);
  }
});

describe("the HTTP server", () => {
  let healthy = true;
  const monitored = { prefix: "echo", metrics: () => METRICS, healthy: () => healthy };

  /** Answer of the server: status, media type, body. */
  function ask(
    port: number,
    path: string,
    options: { method?: string; accept?: string } = {},
  ): Promise<[number, string, string]> {
    return new Promise((resolve, reject) => {
      const headers = options.accept === undefined ? {} : { accept: options.accept };
      request({ port, path, method: options.method ?? "GET", headers }, (response) => {
        let body = "";
        response.on("data", (data) => body += data);
        response.on("end", () => resolve([response.statusCode!, response.headers["content-type"] ?? "", body]));
      }).on("error", reject).end();
    });
  }

  test("serves metrics in the format that the client accepts, and health", async () => {
    const port = await freeTcpPort();
    const server = new MetricsServer();
    await server.listen({ address: "127.0.0.1", port }, monitored);
    try {
      const [status, type, body] = await ask(port, "/metrics?x=1");
      assert.deepEqual([status, type], [200, "text/plain; version=0.0.4; charset=utf-8"]);
      assert.ok(body.startsWith(exposition(METRICS, false)), body);
      for (const name of ["echo_build_info", "process_start_time_seconds", "process_resident_memory_bytes"]) {
        assert.match(body, new RegExp(`^${name}(\\{.*\\})? [1-9]`, "m"));
      }
      assert.match(body, /^process_cpu_seconds_total \d+\.\d/m);
      const accept = "application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1";
      const [, openType, openBody] = await ask(port, "/metrics", { accept });
      assert.equal(openType, "application/openmetrics-text; version=1.0.0; charset=utf-8");
      assert.ok(openBody.endsWith("\n# EOF\n"));

      assert.deepEqual(await ask(port, "/healthz"), [200, "text/plain; charset=utf-8", "ok\n"]);
      assert.deepEqual(await ask(port, "/healthz", { method: "HEAD" }), [200, "text/plain; charset=utf-8", ""]);
      healthy = false;
      assert.deepEqual(await ask(port, "/healthz"), [503, "text/plain; charset=utf-8", "stopping\n"]);
      assert.equal((await ask(port, "/"))[0], 404);
      assert.equal((await ask(port, "/metrics", { method: "POST" }))[0], 405);
      assert.equal(server.busy, false);
    } finally {
      healthy = true;
    }
  });

  test("an answer ends with the connection, and that to HEAD has no body", async () => {
    const port = await freeTcpPort();
    const server = new MetricsServer();
    await server.listen({ address: "127.0.0.1", port }, monitored);
    for (const path of ["/healthz", "/metrics"]) {
      for (const method of ["GET", "HEAD"]) {
        const answer = await new Promise<string>((resolve, reject) => {
          let text = "";
          const connection = connect(
            port,
            "127.0.0.1",
            () => connection.write(`${method} ${path} HTTP/1.1\r\nHost: a\r\n\r\n`),
          );
          connection.on("data", (data) => text += data).on("end", () => resolve(text)).on("error", reject);
        });
        assert.match(answer, /^HTTP\/1\.1 200 /);
        assert.match(answer, /^allow: GET, HEAD\r$/im);
        const [, body] = answer.split("\r\n\r\n", 2);
        assert.equal(body === "", method === "HEAD", answer);
      }
    }
  });

  test("an answer is due from the connection on, and after each piece, for half a second at most", LONG, async () => {
    const port = await freeTcpPort();
    const server = new MetricsServer();
    const busy: boolean[] = [];
    function* samples() {
      for (let i = 0; i < 3; i++) {
        busy.push(server.busy);
        clock.now += 400;
        yield { labels: { text: "x".repeat(70_000) }, value: i };
      }
    }
    await server.listen({ address: "127.0.0.1", port }, {
      ...monitored,
      metrics: () => [{ name: "a", type: "gauge", help: "A.", samples: samples() }],
    });
    using clock = new TestClock();
    assert.equal(server.busy, false);
    const connection = connect(port, "127.0.0.1");
    try {
      await until(() => server.busy, "connection");
      for (const [milliseconds, expected] of [[499, true], [1, false]] as const) {
        clock.now += milliseconds;
        assert.equal(server.busy, expected);
      }
      connection.resume().write("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
      await new Promise((resolve) => connection.on("end", resolve));
      assert.deepEqual(busy, [false, true, true]);
      await until(() => !server.busy, "end of the answer");
    } finally {
      connection.destroy();
    }
  });

  test("a client that goes away gets no more pieces", async () => {
    const port = await freeTcpPort();
    let made = 0;
    const ended = new Promise<void>((resolve) => {
      function* samples() {
        try {
          for (; made < 1000; made++) yield { labels: { text: "x".repeat(70_000) }, value: made };
        } finally {
          resolve();
        }
      }
      const metrics = () => [metric("a", "gauge", "A.", samples())];
      void new MetricsServer().listen({ address: "127.0.0.1", port }, { ...monitored, metrics }).then(() => {
        const connection = connect(port, "127.0.0.1", () => {
          connection.write("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
          connection.once("data", () => connection.destroy());
        });
      });
    });
    await ended;
    assert.ok(made < 1000, `${made} pieces`);
  });

  test("the process: its version, start, and processor time", async () => {
    const port = await freeTcpPort();
    await new MetricsServer().listen({ address: "127.0.0.1", port }, monitored);
    const seconds = () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    };
    const before = seconds();
    const [, , body] = await ask(port, "/metrics");
    const after = seconds();
    const value = (name: string) => Number(new RegExp(`^${name}(?:\\{.*\\})? (.*)$`, "m").exec(body)![1]);
    assert.equal(value("echo_build_info"), 1);
    assert.ok(Math.abs(value("process_start_time_seconds") - performance.timeOrigin / 1000) < 0.001);
    assert.ok(value("process_cpu_seconds_total") >= before && value("process_cpu_seconds_total") <= after);
  });

  test("a port in use, and an address of another host: one sentence", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const { port } = other.address() as { port: number };
    try {
      const refused = (address: string, pattern: RegExp) =>
        assert.rejects(new MetricsServer().listen({ address, port }, monitored), (error) => {
          assert.ok(error instanceof SystemError);
          assert.match(error.message, pattern);
          return true;
        });
      await refused(
        "127.0.0.1",
        new RegExp(`^cannot serve metrics on 127\\.0\\.0\\.1:${port}: address already in use$`),
      );
      await refused("192.0.2.1", /^cannot serve metrics on 192\.0\.2\.1:\d+: /);
    } finally {
      other.close();
    }
  });
});
