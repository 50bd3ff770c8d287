/** The probe across hosts: every address of a server, interfaces of any name, sources, and Ctrl-C. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join as joinPath } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { join } from "../support/hosts.ts";
import { missing, Process, run, temporaryFolder } from "../support/process.ts";
import { probe, probeOne, readProbe } from "../support/probe.ts";
import { describeNetwork, FAST, PORT, SERVER, SERVER_IPV6 } from "../support/probe_network.ts";
import { commandLine } from "../support/server.ts";

describeNetwork("probe, across hosts", import.meta.url, (network) => {
  test("this server is ok at every address, in one run", async () => {
    const addresses = [...SERVER, ...SERVER_IPV6];
    const { code, targets } = await probe([...FAST, ...addresses], { host: network.client });
    assert.deepEqual(
      targets.map(({ target, verdict, sent, received }) => ({ target, verdict, sent, received })),
      addresses.map((address) => ({
        target: address.includes(":") ? `[${address}]:${PORT}` : `${address}:${PORT}`,
        verdict: "ok",
        sent: 3,
        received: 3,
      })),
    );
    assert.equal(code, 0);
  });

  test("it is ok at a link-local address, with the zone or with --interface", async () => {
    const linkLocal = network.server.linkLocal("eth0");
    const options = { host: network.router };
    assert.equal((await probeOne([`${linkLocal}%eth1`, ...FAST], options)).verdict, "ok");
    const { verdict, target } = await probeOne([linkLocal, "--interface", "eth1", ...FAST], options);
    assert.deepEqual([verdict, target], ["ok", `[${linkLocal}%eth1]:${PORT}`]);
  });

  test("an interface of any name: answers are known again, and the name is safe to print", async () => {
    // Linux takes any byte but blank, slash and colon.
    for (const name of ["w\u00e9", "w\x1b[31m\u0085", "7"]) {
      join([network.client, name], [network.server, "eth9"]);
      try {
        const linkLocal = network.server.linkLocal("eth9");
        network.client.linkLocal(name);
        const index = network.client.run(`ip -oneline link show dev '${name}'`).split(":")[0]!;
        for (const args of [[`${linkLocal}%${name}`], [`${linkLocal}%${index}`], [linkLocal, "--interface", name]]) {
          const { targets: [target], replies } = await probe([...FAST, ...args], { host: network.client });
          assert.deepEqual([target!.verdict, target!.received], ["ok", 3], JSON.stringify(target));
          const shown = `%${name.replaceAll(/[^!-~]/g, "?")}`;
          for (const text of [target!.target, ...replies.flatMap(({ from, to }) => [from, to])]) {
            assert.ok(text.includes(shown), text);
          }
        }
        for (const args of [[`${linkLocal}%${name}`], [`${linkLocal}%${name}`, SERVER[0]]]) {
          const command = commandLine("src/main.ts", ["probe", ...FAST, ...args]);
          const { code, stdout } = await run(network.client.command(command), { env: { ...process.env, LC_ALL: "C" } });
          assert.equal(code, 0);
          assert.match(stdout, /^[\n -~]*$/);
        }
      } finally {
        network.client.run(`ip link delete dev '${name}'`);
      }
    }
  });

  describe("where datagrams leave from", () => {
    test("--source", async () => {
      for (const source of ["192.0.2.100", "192.0.2.101"]) {
        const { replies } = await probe([...FAST, SERVER[0], "--source", source], { host: network.client });
        assert.deepEqual(replies.map(({ to }) => to), [source, source, source]);
      }
    });

    test("--interface: answers are seen wherever they come in", async () => {
      network.client.run("ip route add 198.51.100.0/24 via 203.0.113.1 dev eth1 metric 99");
      const before = network.client.packetsSent("eth1");
      const { replies, targets } = await probe([...FAST, SERVER[0], "--interface", "eth1"], { host: network.client });
      assert.equal(targets[0]!.verdict, "ok");
      assert.deepEqual(replies.map(({ to }) => to), ["203.0.113.100", "203.0.113.100", "203.0.113.100"]);
      assert.ok(network.client.packetsSent("eth1") >= before + 3);
      // With another source, the answers come back by the other interface.
      const args = [SERVER[0], "--interface", "eth1", "--source", "192.0.2.100"];
      const otherWay = await probe([...FAST, ...args], { host: network.client });
      assert.equal(otherWay.targets[0]!.verdict, "ok");
      assert.deepEqual(otherWay.replies.map(({ to }) => to), ["192.0.2.100", "192.0.2.100", "192.0.2.100"]);
    });
  });

  test("Ctrl-C ends it while the name server is silent", { skip: missing("python3") }, async () => {
    const configuration = joinPath(temporaryFolder(), "resolv.conf");
    writeFileSync(configuration, "nameserver 127.0.0.1\n");
    const script = 'import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.bind(("127.0.0.1", 53))\n' +
      'print("ready", flush=True)\ns.recv(512)\nprint("asked", flush=True)\ns.recv(512)';
    const nameServer = new Process(network.client.command(["python3", "-c", script]));
    await nameServer.waitFor(() => nameServer.stdout.includes("ready"), "a name server");
    const mounted = [
      "unshare",
      "--mount",
      "sh",
      "-c",
      `mount --bind ${configuration} /etc/resolv.conf && exec "$@"`,
      "sh",
    ];
    const command = commandLine("src/main.ts", ["probe", "server.example"]);
    const running = new Process(network.client.command([...mounted, ...command]));
    try {
      await nameServer.waitFor(() => nameServer.stdout.includes("asked"), "a question");
      running.signal("SIGINT");
      const { signal, stdout } = await running.end(2000);
      assert.deepEqual([signal, stdout], ["SIGINT", ""]);
    } finally {
      await Promise.all([nameServer.kill(), running.kill()]);
    }
  });

  test("Ctrl-C at any time gives the summary", async () => {
    const command = commandLine("src/main.ts", ["probe", SERVER[0], "-c", "0", "--interval", "20ms", "--json"]);
    const running = new Process(network.client.command(command));
    try {
      await running.waitFor(() => running.stdout.split("\n").length > 5, "five replies");
      running.signal("SIGINT");
      const { targets: [target] } = readProbe(await running.end());
      assert.ok(target!.sent >= 5 && target!.verdict === "ok");
    } finally {
      await running.kill();
    }
  });
});
