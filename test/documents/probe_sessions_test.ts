/** The sessions of docs/probe.md, run on the hosts that the document describes. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { otherRuntime } from "../support/full_mode.ts";
import { type Host, host, join, noHosts } from "../support/hosts.ts";
import { LONG, missing, Process, until } from "../support/process.ts";
import { runProgram, serve, type Server } from "../support/server.ts";
import { form, jsonForm } from "./form.ts";
import { fencesOf, fenceWith } from "./markdown.ts";

const document = "docs/probe.md";
const program = "echo.ts";

/*
 *   client 192.0.2.5 ── bridge ─┬─ server 192.0.2.10 to .12
 *                               └─ router 192.0.2.1 ── MTU 1400 ── far 203.0.113.10
 */
describe(document, { skip: otherRuntime(import.meta.url) || noHosts || missing("python3", "nft", "ss") }, () => {
  const hosts: Host[] = [];
  const processes: (Process | Server)[] = [];
  let client: Host;

  before(async () => {
    hosts.push(...await Promise.all([host(), host(), host(), host()]));
    const [server, router, far] = hosts.slice(1) as [Host, Host, Host];
    client = hosts[0]!;
    join([client, "a"], [server, "eth0"]);
    join([client, "b"], [router, "eth0"]);
    join([router, "eth1"], [far, "eth0"]);
    client.run(`
      ip link add br0 type bridge
      ip link set dev a master br0; ip link set dev b master br0; ip link set dev br0 up
      ip address add 192.0.2.5/24 dev br0
      ip address add 2001:db8::5/64 dev br0 nodad
      ip route add 203.0.113.0/24 via 192.0.2.1
    `);
    for (const address of ["192.0.2.10/24", "192.0.2.11/24", "192.0.2.12/24", "2001:db8::10/64"]) {
      server.addAddress(address, "eth0");
    }
    server.run(`
      nft add table inet filter
      nft "add chain inet filter input { type filter hook input priority 0; }"
      nft add rule inet filter input ip daddr 192.0.2.12 drop
    `);
    router.run(
      "ip address add 192.0.2.1/24 dev eth0; ip address add 203.0.113.1/24 dev eth1; ip link set eth1 mtu 1400",
    );
    far.run("ip address add 203.0.113.10/24 dev eth0; ip link set eth0 mtu 1400; ip route add default via 203.0.113.1");
    for (const place of [server, far]) processes.push(await serve({ program, host: place, port: 9000, args: ["-q"] }));
    const ordinary = new Process(server.command(["sh", "-c", `exec ${fenceWith("README.md", "server.bind")}`]));
    processes.push(ordinary);
    await until(() => server.run("ss -Huln sport = :9001") !== "", "ordinary server");
  });
  after(async () => {
    for (const process of processes) await process.kill();
    for (const host of hosts) await host.remove();
  });

  const probe = async (line: string): Promise<string> => {
    const [command, ...args] = line.split(" ");
    assert.equal(command, "echo.ts");
    return (await runProgram(args, { program, host: client, env: { LANG: "C.UTF-8" } })).stdout.trim();
  };

  test("the sessions", LONG, async () => {
    await Promise.all(
      fencesOf(document, "console").map(async ({ text }) => {
        const [line = "", ...shown] = text.replace(/^\$ /, "").split("\n");
        const lines = (await probe(line)).split("\n");
        if (shown.at(-1) === "...") lines.splice(shown.length - 1, Infinity, "...");
        assert.equal(form(lines.join("\n")), form(shown.join("\n")), line);
      }),
    );
  });

  test("the summary of one target", LONG, async () => {
    const counted = (text: string) => jsonForm(text).replaceAll(/ +/g, " ").split("\n\n").slice(0, 2).join("\n\n");
    const summary = await probe("echo.ts probe 192.0.2.11 --count 20 --interval 5ms --quiet");
    assert.equal(counted(summary), counted(fenceWith(document, "deviation ")));
  });

  test("the JSON", LONG, async () => {
    const shown = (text: string) => jsonForm(fenceWith(document, text)).split("\n");
    const targets = "192.0.2.11 192.0.2.11:9999 192.0.2.12";
    const lines = (await probe(`echo.ts probe ${targets} --count 1 --timeout 1s --json`)).split("\n");
    const printed = (event: string, target: string) => {
      const line = lines.find((line) => line.startsWith(`{"event":"${event}","target":"${target}"`));
      return line && jsonForm(line);
    };
    const reply = lines.find((line) => line.startsWith('{"event":"reply"'));
    assert.deepEqual([jsonForm(reply ?? "")], shown('"event":"reply"'));
    assert.deepEqual(
      [printed("failure", "192.0.2.11:9999"), printed("lost", "192.0.2.12:9000")],
      shown('"event":"failure"'),
    );

    const summary = await probe("echo.ts probe 192.0.2.11 --count 5 --interval 0 --json --quiet");
    assert.equal(jsonForm(summary), jsonForm(JSON.stringify(JSON.parse(fenceWith(document, '"event": "summary"')))));
    assert.deepEqual([jsonForm(await probe("echo.ts probe 203.0.113.10 --mtu --json"))], shown('"event":"mtu"'));
  });
});
