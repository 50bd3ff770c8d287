/** The probe that goes on: changes of verdicts, files of targets, metrics, many targets, several source ports. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { LONG, Process, run, temporaryFolder } from "../support/process.ts";
import { misbehave, probeOne, readProbe } from "../support/probe.ts";
import { commandLine, freePort, RUNTIME, serve, type Server } from "../support/server.ts";

/** What Deno must be allowed to read a file of targets, and to serve metrics. */
const PERMISSIONS = RUNTIME === "Deno"
  ? ["--allow-ffi", "--allow-read", "--allow-net=127.0.0.1,127.0.0.2", "--no-prompt"]
  : [];
const program = "src/main.ts";
const command = (args: string[]) => commandLine(program, ["probe", ...args], PERMISSIONS);
// The time-out is long: on a busy machine, answers must not be too late.
const FAST = ["--interval", "20ms", "--timeout", "10s"];

/** A probe that watches, as a process. */
class Watch extends Process {
  constructor(args: string[]) {
    super(command(["--watch", ...FAST, ...args]));
  }

  /** The events of a kind that it has written with `--json`. */
  events(kind: string): Record<string, unknown>[] {
    const lines = this.stdout.split("\n").slice(0, -1).map((line) => JSON.parse(line));
    return lines.filter(({ event }) => event === kind);
  }

  /** The verdicts on a target so far. */
  verdicts(target: string): unknown[] {
    return this.events("verdict").filter((event) => event["target"] === target).map(({ verdict }) => verdict);
  }
}

describe("probe --watch", () => {
  let server: Server;
  let port: number;
  const folder = temporaryFolder();
  let files = 0;

  before(async () => {
    server = await serve({ program, args: ["--quiet"] });
    port = server.port;
  });
  after(() => server?.kill());

  function file(text: string): string {
    const path = join(folder, `targets${++files}.txt`);
    writeFileSync(path, text);
    return path;
  }

  /** Runs `work` with a probe, and ends it. */
  async function watching(args: string[], work: (watch: Watch) => Promise<void>): Promise<void> {
    const watch = new Watch(args);
    try {
      await work(watch);
    } finally {
      await watch.kill();
    }
  }

  test("tells of each change of the verdict, when and why, and sums up at the end", async () => {
    let answers = true;
    const changing = await misbehave((payload, _, answer) => answers && answer(payload));
    // Each request is settled before the next one, so that none is lost after later ones were answered.
    const times = ["--timeout", "1s", "--interval", "1100ms"];
    await watching([changing.target, "--json", "-c", "3", ...times], async (watch) => {
      const last = () => watch.verdicts(changing.target).at(-1);
      await watch.waitFor(() => last() === "ok", "ok");
      answers = false;
      await watch.waitFor(() => last() === "no_answer", "no answer");
      answers = true;
      await watch.waitFor(() => last() === "ok", "ok again");
      // The other requests of the last three make it partial in between.
      const verdicts = watch.verdicts(changing.target);
      assert.deepEqual(verdicts.slice(0, 4), ["ok", "partial", "no_answer", "partial"]);
      // On a busy machine, further requests may go without an answer.
      assert.ok(verdicts.every((word, i) => word !== verdicts[i - 1]), `${verdicts}`);
      assert.equal(verdicts.at(-1), "ok");
      const [first, , silent] = watch.events("verdict");
      assert.deepEqual([first!["previous"], first!["explanation"], silent!["previous"]], [null, null, "partial"]);
      assert.match(String(silent!["explanation"]), /^nothing came back from \S+ within 1s/);
      assert.ok(Math.abs(Date.parse(String(silent!["time"])) - Date.now()) < 60_000);
      watch.signal("SIGINT");
      const { targets: [target], code } = readProbe(await watch.end());
      assert.deepEqual([target!.verdict, code], ["ok", 0], "the verdict is that on the last requests");
      assert.ok(target!.lost >= 3 && target!.loss_percent! > 0, "the counts are those of all requests");
    }).finally(changing.close);
  });

  test("as text, for people", async () => {
    await watching([`127.0.0.1:${port}`, `127.0.0.1:${await freePort()}`], async (watch) => {
      await watch.waitFor(() => watch.stdout.split("\n").length > 2, "two verdicts");
      const lines = watch.stdout.split("\n").slice(0, 2).sort((a, b) => a.length - b.length);
      assert.match(lines[0]!, new RegExp(`^\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z 127\\.0\\.0\\.1:${port} ok$`));
      assert.match(lines[1]!, /Z 127\.0\.0\.1:\d+ refused: 127\.0\.0\.1:\d+ refused: nothing listens at port \d+,/);
      watch.signal("SIGTERM");
      const { code, stdout } = await watch.end();
      assert.equal(code, 1);
      assert.match(stdout, /\ntarget +verdict +received +loss/);
    });
  });

  test("a file of targets is read again after SIGHUP; with a mistake nothing changes", async () => {
    const targets = file(`127.0.0.1:${port} site=a\n127.0.0.2:${port}\n`);
    await watching(["--targets", targets, "--json"], async (watch) => {
      const seen = (address: string) => () => watch.verdicts(`${address}:${port}`).length === 1;
      await watch.waitFor(() => seen("127.0.0.1")() && seen("127.0.0.2")(), "two targets");
      writeFileSync(targets, `127.0.0.1:${port} site=b # moved\n\n127.0.0.3:${port}\n`);
      watch.signal("SIGHUP");
      await watch.waitFor(seen("127.0.0.3"), "the new target");
      writeFileSync(targets, `127.0.0.1:${port}\n  127.0.0.4:x\n`);
      watch.signal("SIGHUP");
      await watch.waitFor(() => watch.stderr.includes("\n"), "a complaint");
      assert.equal(
        watch.stderr,
        `echo.ts: ${targets}:2:3: "127.0.0.4:x" is no target: give an address or a name, with or without :PORT; ` +
          "the targets stay as they are\n",
      );
      watch.signal("SIGINT");
      const { stdout } = await watch.end();
      const summary = JSON.parse(stdout.trimEnd().split("\n").at(-1)!);
      const left: { target: string; sent: number; lost: number }[] = summary.targets;
      assert.deepEqual(left.map(({ target }) => target), [`127.0.0.1:${port}`, `127.0.0.3:${port}`]);
      assert.ok(left[0]!.sent > left[1]!.sent, "a target that stays goes on counting");
      assert.deepEqual(left.map(({ lost }) => lost), [0, 0]);
    });
  });

  test("mistakes in a file of targets: one sentence with line and column, and nothing is sent", LONG, async () => {
    const wrong: [text: string, message: RegExp, code: number][] = [
      ["192.0.2.1\n\n  192.0.2.2:0\n", /:3:3: .*192\.0\.2\.2.* 1 to 65535/, 2],
      ["192.0.2.1 site\n", /:1:11: "site" is no label: give NAME=VALUE/, 2],
      ["192.0.2.1 1a=b\n", /:1:11: .*label/, 2],
      ["192.0.2.1 target=b\n", /:1:11: every target has a label target/, 2],
      ["192.0.2.1 a=b a=c\n", /:1:15: the label a is there twice/, 2],
      ["192.0.2.1:7\n192.0.2.1 # and\n[192.0.2.1]:7\n", /:3:1: 192\.0\.2\.1:7 is a target already/, 2],
      ["# nothing\n", /has no targets/, 2],
    ];
    await Promise.all(wrong.map(async ([text, message, code]) => {
      const result = await run(command(["--targets", file(text)]));
      assert.deepEqual([result.code, result.stdout], [code, ""], result.stderr);
      assert.match(result.stderr, /^echo\.ts: [^\n]+\n$/);
      assert.match(result.stderr, message);
    }));
    const missing = await run(command(["--targets", join(folder, "nonesuch")]));
    assert.deepEqual([missing.code, missing.stdout], [1, ""]);
    assert.match(missing.stderr, /^echo\.ts: cannot read the targets in ".*nonesuch": no such file or directory\n$/);
  });

  test("many targets share few sockets; those that can't share are too many, and that is said", LONG, async () => {
    const addresses = Array.from({ length: 300 }, (_, i) => `127.0.${i >> 8}.${i & 255 || 256 - 1}:${port}`);
    const targets = file([...new Set(addresses)].join("\n"));
    const limited = (args: string[]) => {
      const words = command(["--targets", targets, "--json", "-q", "-c", "2", "-t", "10s", ...args]);
      return run(["sh", "-c", 'ulimit -n 200; exec "$@"', "sh", ...words]);
    };
    const { targets: summaries } = readProbe(await limited([]));
    assert.equal(summaries.length, new Set(addresses).size);
    for (const { received, stray } of summaries) assert.deepEqual([received, stray], [2, 0]);
    const { code, stdout, stderr } = await limited(["--connected"]);
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, /^echo\.ts: too many targets for the open files \(ulimit -n\): [^\n]+\n$/);
  });

  test("more targets than open files after SIGHUP: it goes on with the former ones", async () => {
    const targets = file(`127.0.0.1:${port} site=a\n`);
    const words = command(["--watch", ...FAST, "--targets", targets, "--connected", "--json"]);
    const watch = new Process(["sh", "-c", 'ulimit -n 100; exec "$@"', "sh", ...words]);
    try {
      await watch.waitFor(() => watch.stdout.includes("verdict"), "a verdict");
      const more = Array.from({ length: 100 }, (_, i) => `127.0.0.${i + 2}:${port}`);
      writeFileSync(targets, [`127.0.0.1:${port} site=b`, ...more].join("\n"));
      for (let i = 1; i <= 2; i++) {
        watch.signal("SIGHUP");
        await watch.waitFor(() => watch.stderr.split("\n").length > i, "a complaint");
      }
      assert.match(
        watch.stderr,
        /^(echo\.ts: too many targets for the open files [^\n]*; the targets stay as they are\n){2}$/,
      );
      writeFileSync(targets, more.slice(0, 20).join("\n"));
      watch.signal("SIGHUP");
      await watch.waitFor(() => watch.stdout.split("\n").length > 21, "twenty more verdicts");
      watch.signal("SIGINT");
      const { stdout, stderr } = await watch.end();
      assert.equal(JSON.parse(stdout.trimEnd().split("\n").at(-1)!).targets.length, 20, stderr);
    } finally {
      await watch.kill();
    }
  });

  test("metrics agree with the summary", async () => {
    // The port is reserved at 127.0.0.1.
    const metricsPort = await freePort();
    const targets = file(`127.0.0.1:${port} site=vienna\n127.0.0.1:${await freePort()} site=linz\n`);
    const fetchText = async () => await (await fetch(`http://127.0.0.2:${metricsPort}/metrics`)).text();
    const args = ["--targets", targets, "--json", "--metrics", `127.0.0.2:${metricsPort}`, "--source-ports", "2"];
    await watching(args, async (watch) => {
      await watch.waitFor(() => watch.events("verdict").length >= 2, "verdicts");
      const text = await fetchText();
      const value = (name: string) => {
        const line = text.split("\n").find((line) => line.startsWith(`${name} `));
        assert.ok(line !== undefined, `${name} in ${text}`);
        return Number(line.split(" ").at(-1));
      };
      const labels = `target="127.0.0.1:${port}",site="vienna"`;
      assert.equal(value(`echo_probe_verdict{${labels},echo_probe_verdict="ok"}`), 1);
      assert.equal(value(`echo_probe_verdict{${labels},echo_probe_verdict="refused"}`), 0);
      const received = value(`echo_probe_requests_total{${labels},outcome="received"}`);
      assert.equal(value(`echo_probe_round_trip_seconds_bucket{${labels},le="+Inf"}`), received);
      assert.ok(value(`echo_probe_good_answer_age_seconds{${labels}}`) < 10);
      const byPort = text.split("\n").filter((line) =>
        line.startsWith(`echo_probe_path_requests_total{${labels}`) && line.includes('"received"')
      );
      assert.equal(byPort.length, 2);
      assert.equal(byPort.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0), received);
      watch.signal("SIGINT");
      const { targets: [good, refused] } = readProbe(await watch.end());
      assert.ok(good!.received >= received && received > 0 && refused!.failed > 0);
    });
  });

  test("a port for the metrics that is in use: one sentence", async () => {
    const taken = await misbehave(() => {});
    const { createServer } = await import("node:http");
    const http = createServer();
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    const { port } = http.address() as { port: number };
    const args = [taken.target, "--watch", "--metrics", String(port)];
    const { code, stdout, stderr } = await run(command(args)).finally(() => (http.close(), taken.close()));
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, new RegExp(`^echo\\.ts: cannot serve metrics on 127\\.0\\.0\\.1:${port}: [^\\n]+\\n$`));
  });
});

describe("probe --source-ports", () => {
  test("sends from so many ports in turn, and tells them apart", async () => {
    const ports: number[] = [];
    const server = await misbehave((payload, _, answer) => answer(payload));
    server.socket.on("message", (_, { port }) => ports.push(port));
    const args = [server.target, "--source-ports", "4", "-c", "8", "-i", "10ms"];
    const { verdict, source_ports } = await probeOne(args).finally(server.close);
    assert.equal(verdict, "ok");
    assert.equal(new Set(ports).size, 4);
    assert.deepEqual(ports.slice(0, 4), ports.slice(4));
    assert.deepEqual(
      source_ports.map(({ port, settled, received }) => [port, settled, received]),
      ports.slice(0, 4).map((port) => [port, 2, 2]),
    );
  });

  test("one broken path of several shows as what it is", async () => {
    const seen: number[] = [];
    const server = await misbehave(() => {});
    server.socket.on("message", (payload, { port, address }) => {
      if (!seen.includes(port)) seen.push(port);
      if (port !== seen[1]) server.socket.send(payload, port, address);
    });
    const args = [server.target, "--source-ports", "4", "-c", "12", "-i", "10ms", "-t", "2s"];
    const { verdict, explanation, source_ports } = await probeOne(args).finally(server.close);
    assert.equal(verdict, "partial");
    assert.deepEqual(source_ports.map(({ loss_percent }) => loss_percent), [0, 100, 0, 0]);
    assert.match(
      explanation!,
      new RegExp(`; requests from source port ${seen[1]} get no good answer, those from 3 others do: one of several `),
    );
  });
});
