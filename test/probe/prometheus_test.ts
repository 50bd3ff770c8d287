/** `deploy/prometheus`: the alerts as promtool sees them, and the dashboard's queries against a real Prometheus. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { missing, Process, run, temporaryFolder, until } from "../support/process.ts";
import { commandLine, freePort, freeTcpPort, ROOT, RUNTIME } from "../support/server.ts";

const FOLDER = join(ROOT, "deploy/prometheus");
const PERMISSIONS = RUNTIME === "Deno" ? ["--allow-ffi", "--allow-net=127.0.0.1", "--no-prompt"] : [];
const program = "src/main.ts";

/** A panel of the dashboard. */
interface Panel {
  title: string;
  targets: { expr: string }[];
}

describe("alert rules", { skip: missing("promtool") }, () => {
  for (const args of [["check", "rules", "echo.rules.yml"], ["check", "config", "prometheus.yml"]]) {
    test(`promtool ${args.join(" ")}`, async () => {
      const { code, stdout, stderr } = await run(["promtool", ...args], { cwd: FOLDER });
      assert.equal(code, 0, stdout + stderr);
    });
  }

  test("promtool test rules: each alert in its trouble, and none without", async () => {
    const { code, stdout, stderr } = await run(["promtool", "test", "rules", "echo.rules.test.yml"], { cwd: FOLDER });
    assert.equal(code, 0, stdout + stderr);
    const alerts = (file: string, pattern: RegExp) =>
      new Set([...readFileSync(join(FOLDER, file), "utf8").matchAll(pattern)].map(([, name]) => name));
    const tested = alerts("echo.rules.test.yml", /alertname: (\w+)/g);
    assert.deepEqual([...alerts("echo.rules.yml", /alert: (\w+)/g)].filter((name) => !tested.has(name)), []);
  });
});

describe("a Prometheus", { skip: missing("prometheus", "promtool") }, () => {
  const folder = temporaryFolder();
  const processes: Process[] = [];
  let port: number;
  let probePort: number;

  before(async () => {
    const serverPort = await freePort();
    const [serverMetrics, probeMetrics] = [await freeTcpPort(), await freeTcpPort()];
    [port, probePort] = [await freeTcpPort(), probeMetrics];
    writeFileSync(
      join(folder, "prometheus.yml"),
      readFileSync(join(FOLDER, "prometheus.yml"), "utf8")
        .replaceAll(/scrape_(timeout|interval): \d+s/g, "scrape_$1: 250ms")
        .replace("scrape_configs:", "global: { evaluation_interval: 250ms }\nscrape_configs:")
        .replaceAll("job_name: echo\n", "job_name: echo\n    scrape_interval: 250ms\n    scrape_timeout: 250ms\n")
        .replaceAll("9101", String(serverMetrics)).replaceAll("9100", String(probeMetrics)),
    );
    writeFileSync(join(folder, "echo.rules.yml"), readFileSync(join(FOLDER, "echo.rules.yml")));
    const server = [String(serverPort), "--quiet", "--metrics", String(serverMetrics)];
    const targets = [`127.0.0.1:${serverPort}`, `127.0.0.1:${await freePort()}`];
    const probe = ["probe", ...targets, "--watch", "-i", "20ms", "-t", "10s", "--source-ports", "2", "--quiet"];
    const echo = new Process(commandLine(program, server, PERMISSIONS));
    processes.push(echo);
    // Requests before that would be refused, and raise an alert.
    await echo.waitFor(() => echo.stderr.includes("listening on "), "ready line");
    processes.push(
      new Process(commandLine(program, [...probe, "--metrics", String(probeMetrics)], PERMISSIONS)),
      new Process([
        "prometheus",
        `--config.file=${folder}/prometheus.yml`,
        `--storage.tsdb.path=${folder}/data`,
        `--web.listen-address=127.0.0.1:${port}`,
        "--log.level=warn",
      ]),
    );
  });
  after(() => Promise.all(processes.map((process) => process.kill())));

  /** The values that Prometheus gives for an expression. */
  async function query(expression: string): Promise<[labels: Record<string, string>, value: string][]> {
    try {
      const url = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(expression)}`;
      const { data } = await (await fetch(url)).json() as {
        data?: { result: { metric: Record<string, string>; value: [number, string] }[] };
      };
      return data?.result.map(({ metric, value }) => [metric, value[1]]) ?? [];
    } catch {
      // It does not listen yet.
      return [];
    }
  }

  const dashboard = JSON.parse(readFileSync(join(FOLDER, "echo.dashboard.json"), "utf8")) as { panels: Panel[] };
  for (const { title, targets } of dashboard.panels) {
    test(`the dashboard's panel "${title}" shows something`, async () => {
      for (const { expr } of targets) {
        const expression = expr.replaceAll("$target", ".*").replaceAll("$__rate_interval", "1m");
        assert.doesNotMatch(expression, /\$/);
        await until(async () => (await query(expression)).length > 0, expression);
      }
    });
  }

  test("it knows the verdicts, and alerts wait for them to last", async () => {
    await until(async () => (await query('ALERTS{alertname="EchoUnreachable"}')).length > 0, "an alert");
    const alerts = await query('ALERTS{alertname=~"Echo.*"}');
    assert.deepEqual(
      alerts.map(([{ alertname, alertstate, echo_probe_verdict }]) => [
        alertname,
        alertstate,
        echo_probe_verdict,
      ]),
      [["EchoUnreachable", "pending", "refused"]],
    );
  });

  test("promtool finds nothing to complain about in the probe's metrics", async () => {
    const text = await (await fetch(`http://127.0.0.1:${probePort}/metrics`)).text();
    const file = join(folder, "metrics");
    writeFileSync(file, text);
    const { code, stdout, stderr } = await run(["sh", "-c", `promtool check metrics <${file}`]);
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: "", stderr: "" });
  });
});
