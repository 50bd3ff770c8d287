/** When and how the counts are shown, and the events of a log in JSON. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertEchoed, noCompiler, send } from "../support/client.ts";
import { type Host, host, noHosts } from "../support/hosts.ts";
import { LONG, missing } from "../support/process.ts";
import { freePort, readSummary, serve, Server } from "../support/server.ts";

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,6}Z$/;

/** The lines of JSON in a text. */
function events(text: string): Record<string, unknown>[] {
  return text.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
}

describe("summaries", { skip: noCompiler }, () => {
  /** What a server with these arguments writes about two echoes, and a summary in between. */
  async function outputs(args: string[]): Promise<{ stdout: string; stderr: string }> {
    const server = await serve({ args });
    await assertEchoed("127.0.0.1", server.port);
    await server.summary();
    await assertEchoed("127.0.0.1", server.port);
    const { stdout, stderr } = await server.endBy("SIGTERM");
    return { stdout, stderr };
  }

  test("--summary json without a log: interim and final ones, with their time", async () => {
    const { stdout, stderr } = await outputs(["-q", "--summary", "json"]);
    const summaries = events(stdout);
    assert.deepEqual(summaries.map(({ event, final, echoed }) => ({ event, final, echoed })), [
      { event: "summary", final: false, echoed: 1 },
      { event: "summary", final: true, echoed: 2 },
    ]);
    for (const { time } of summaries) assert.match(time as string, TIME);
    assert.doesNotMatch(stderr, /received/);
  });

  test("--summary text beside a log in JSON: every line of the log has an event", async () => {
    const { stdout, stderr } = await outputs(["--log", "json", "--summary", "text"]);
    assert.deepEqual(events(stdout).map(({ event }) => event), ["echo", "echo"]);
    assert.equal(readSummary("", stderr).echoed, 2);
    assert.match(stderr, /^running for [\d.]+ s$/m);
    assert.match(stderr, /^stopped by SIGTERM after [\d.]+ s$/m);
  });

  test("--summary-every: one after another", LONG, async () => {
    const server = await serve({ args: ["-q", "--summary", "json", "--summary-every", "1"] });
    const finals = () => events(server.stdout).map(({ final }) => final);
    await server.waitFor(() => finals().length >= 2, "two summaries");
    await server.endBy("SIGTERM");
    assert.deepEqual(new Set(finals().slice(0, -1)), new Set([false]));
    assert.equal(finals().at(-1), true);
  });

  test("--log-time: every line of text begins with the time", LONG, async () => {
    const server = new Server(await freePort(), { args: ["--log-time", "--log-limit", "1"] });
    try {
      await server.waitFor(() => server.stderr.includes("listening on "), "ready line");
      await assertEchoed("127.0.0.1", server.port, { count: 5 });
      await server.waitFor(() => server.stdout.includes("LEFT OUT"), "line about what is left out");
      const { stdout, stderr } = await server.endBy("SIGTERM");
      // The table of the summary is one text.
      const lines = `${stdout}${stderr}`.split("\n").filter((line) => line !== "" && !line.startsWith("  "));
      assert.ok(lines.length >= 4, `${stdout}${stderr}`);
      for (const line of lines) assert.match(line.split(" ")[0]!, TIME);
      assert.match(stdout, /^\S+ RECV: 127\.0\.0\.1:\d+ -> /);
    } finally {
      await server.kill();
    }
  });
});

describe("failed replies", { skip: noCompiler || noHosts || missing("nft"), ...LONG }, () => {
  const rejectReplies = (port: number) =>
    `nft -f - <<'END'
table inet fault {
  chain output { type filter hook output priority 0; udp sport ${port} drop; }
}
END`;

  for (const log of ["text", "json"] as const) {
    test(`--log ${log}: are reported with their error and a peer`, async () => {
      const alone: Host = await host();
      try {
        const server = await serve({ args: ["--log", log], host: alone });
        try {
          alone.run(rejectReplies(server.port));
          const { received, local } = await send("127.0.0.1", server.port, { host: alone, count: 3, timeout: 10 });
          assert.equal(received, 0);
          if (log === "json") {
            const failed = () => events(server.stdout).find(({ event }) => event === "failed");
            const { time, ...rest } = await server.waitFor(failed, "event");
            assert.match(time as string, TIME);
            assert.deepEqual(rest, { event: "failed", counts: { EPERM: 3 }, peer: local });
          } else {
            const line =
              `echo.ts: replies could not be sent: EPERM (operation not permitted): 3; for example to ${local}\n`;
            await server.waitFor(() => server.stderr.includes(line), "line");
          }
          assert.equal((await server.stop()).failed, 3);
        } finally {
          await server.kill();
        }
      } finally {
        await alone.remove();
      }
    });
  }
});
