/** Multicast between hosts: groups of both families, interfaces, sources; also the echo server that answers them. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join as joinPath } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Host, host, join, noHosts } from "../support/hosts.ts";
import { LONG, Process, run, temporaryFolder } from "../support/process.ts";
import { commandLine, ROOT, withServer } from "../support/server.ts";

const PORT = 5300;

/** A module of its own on a host, with the library and helpers. */
function program(on: Host, source: string): string[] {
  const file = joinPath(temporaryFolder(), "program.ts");
  writeFileSync(
    file,
    `import { datagrams, serve, SystemError, UdpSocket } from ${JSON.stringify(joinPath(ROOT, "src/mod.ts"))};
    const bytes = (text) => new TextEncoder().encode(text);
    const text = (bytes) => new TextDecoder().decode(bytes);
    ${source}`,
  );
  return on.command(commandLine(file, []));
}

/** Runs such a module to its end; returns what it prints, line by line. */
async function runOn(on: Host, source: string): Promise<string[]> {
  const { code, stdout, stderr } = await run(program(on, source));
  assert.deepEqual([code, stderr], [0, ""]);
  return stdout.trim().split("\n");
}

/** Sends to each group from an interface, and prints who answers. */
const asker = (groups: readonly string[], device = "eth0") => `
  for (const group of ${JSON.stringify(groups)}) {
    const socket = UdpSocket.bind({ port: 0, multicastInterface: ${JSON.stringify(device)}, multicastLoopback: false });
    socket.sendTo(bytes(group), { to: { address: group, port: ${PORT} } });
    const answered = await socket.readable({ timeoutMilliseconds: 500 });
    const batch = socket.batch(1);
    if (answered) socket.tryReceive(batch);
    console.log(group, answered ? batch.peer(0).address : "silence");
    socket.close();
  }
`;

describe("multicast", { skip: noHosts }, () => {
  let client: Host;
  let target: Host;
  before(async () => {
    [client, target] = await Promise.all([host(), host()]);
    for (const [device, third] of [["eth0", 2], ["eth1", 3]] as const) {
      join([client, device], [target, device]);
      client.addAddress(`192.0.${third}.100/24`, device);
      client.addAddress(`2001:db8:${third}::100/64`, device);
      target.addAddress(`192.0.${third}.1/24`, device);
      target.addAddress(`2001:db8:${third}::1/64`, device);
    }
  });
  after(() => Promise.all([client?.remove(), target?.remove()]));

  test("the echo server: all hosts, and the groups that it joined", LONG, async () => {
    const groups = ["224.0.0.1", "224.1.2.3", "ff02::1%eth0", "ff02::1234%eth0"];
    const args = ["-q", "--join", "224.1.2.3%eth0", "--join", "ff02::1234%eth0"];
    await withServer({ args, host: target, port: PORT }, async () => {
      const linkLocal = `${target.linkLocal("eth0")}%eth0`;
      assert.deepEqual(await runOn(client, asker(groups)), [
        "224.0.0.1 192.0.2.1",
        "224.1.2.3 192.0.2.1",
        `ff02::1%eth0 ${linkLocal}`,
        `ff02::1234%eth0 ${linkLocal}`,
      ]);
      assert.deepEqual(await runOn(client, asker(["224.1.2.3"], "eth1")), ["224.1.2.3 silence"]);
    });
    await withServer({ args: ["-q", "--answer-multicast"], host: target, port: PORT }, async () => {
      const answers = await runOn(client, asker(["224.0.0.1", "224.1.2.3"]));
      assert.deepEqual(answers, ["224.0.0.1 192.0.2.1", "224.1.2.3 silence"]);
    });
  });

  test("a socket for both families joins and leaves groups of both, by interface and source", LONG, async () => {
    const server = new Process(program(
      target,
      `
      const refused = (call) => { try { call(); return "no error"; } catch (error) { return error.code; } };
      await serve({
        port: ${PORT},
        guard: false,
        onListen: ({ socket }) => {
          socket.joinGroup("232.1.2.3", { interface: "eth0", source: "192.0.2.100" });
          socket.joinGroup("232.1.2.4", { interface: "eth0", source: "192.0.2.99" });
          socket.joinGroup("ff35::1", { interface: "eth0", source: "2001:db8:2::100" });
          socket.joinGroup("224.5.5.5", { interface: "eth1" });
          socket.joinGroup("ff02::55%eth1");
          socket.joinGroup("224.6.6.6", { interface: "eth0" });
          socket.leaveGroup("224.6.6.6", { interface: "eth0" });
          console.log(refused(() => socket.joinGroup("ff02::55%eth1")), refused(() => socket.leaveGroup("224.6.6.6", { interface: "eth1" })),
            refused(() => socket.joinGroup("192.0.2.1")), refused(() => socket.joinGroup("224.0.0.9", { interface: "x" })),
            refused(() => socket.joinGroup("224.0.0.9", { source: "::1" })));
        },
      }, ({ payload, local, destination }) => bytes(\`\${local.interfaceName} \${destination}\`));`,
    ));
    await server.waitFor(() => server.stdout.includes("\n"), "errors");
    try {
      assert.equal(server.stdout, "EADDRINUSE EADDRNOTAVAIL EINVAL EADDRNOTAVAIL EINVAL\n");
      const onFirst = ["232.1.2.3", "232.1.2.4", "224.6.6.6", "224.5.5.5", "ff35::1"];
      assert.deepEqual(await runOn(client, asker(onFirst)), [
        "232.1.2.3 192.0.2.1",
        "232.1.2.4 silence",
        "224.6.6.6 silence",
        "224.5.5.5 silence",
        "ff35::1 2001:db8:2::1",
      ]);
      assert.deepEqual(await runOn(client, asker(["224.5.5.5", "ff02::55%eth1", "232.1.2.3"], "eth1")), [
        "224.5.5.5 192.0.3.1",
        `ff02::55%eth1 ${target.linkLocal("eth1")}%eth1`,
        "232.1.2.3 silence",
      ]);
    } finally {
      await server.kill();
    }
  });

  test("interfaceIndex: the way out, also between interfaces with the same address, or none", LONG, async () => {
    const hosts = await Promise.all([host(), host()]);
    const [server, clients] = hosts;
    try {
      for (const device of ["eth0", "eth1", "eth2"]) join([server, device], [clients, device]);
      for (const device of ["eth0", "eth1"]) server.addAddress("10.0.0.1/24", device);
      const indexes = Object.fromEntries(["eth0", "eth1", "eth2"].map((device) => [
        device,
        Number(server.run(`ip -oneline link show dev ${device}`).split(":")[0]),
      ]));
      const listening = new Process(program(
        clients,
        `
        let count = 0;
        const sockets = ["eth0", "eth1", "eth2"].map((device) => UdpSocket.bind({ port: 68, family: 4, device }));
        console.log("ready");
        for (const [i, socket] of sockets.entries()) {
          void (async () => {
            for await (const { payload, peer } of socket) console.log(\`eth\${i}\`, text(payload), "from", peer.address);
          })();
        }`,
      ));
      await listening.waitFor(() => listening.stdout.includes("ready\n"), "ready line");
      await runOn(
        server,
        `
        const socket = UdpSocket.bind({ port: 67, family: 4, broadcast: true });
        const to = { address: "255.255.255.255", port: 68 };
        for (const [device, interfaceIndex] of Object.entries(${JSON.stringify(indexes)})) {
          const from = device === "eth2" ? undefined : "10.0.0.1";
          socket.sendTo(bytes("offer by " + device), { to, from, interfaceIndex });
        }
        `,
      );
      await listening.waitFor(() => listening.stdout.split("\n").length > 4, "three offers");
      assert.deepEqual(listening.stdout.split("\n").filter((line) => line.includes("offer")).sort(), [
        "eth0 offer by eth0 from 10.0.0.1",
        "eth1 offer by eth1 from 10.0.0.1",
        "eth2 offer by eth2 from 10.0.0.1",
      ]);
      await listening.kill();
    } finally {
      await Promise.all(hosts.map((host) => host.remove()));
    }
  });
});
