/** IPv6 switched off on the host of the server: before its start, and while it runs. IPv4 peers are answered throughout. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { noCompiler } from "../support/client.ts";
import { noCounting } from "../support/counting.ts";
import { FaultyNetwork, RESTORE_ROUTES } from "../support/faulty_network.ts";
import { otherRuntime } from "../support/full_mode.ts";
import { noHosts } from "../support/hosts.ts";
import { LONG } from "../support/process.ts";

const skip = otherRuntime(import.meta.url) || noHosts || noCompiler || noCounting;

describe("IPv6 switched off", { skip }, () => {
  let net: FaultyNetwork;

  before(async () => {
    net = await FaultyNetwork.make();
  });
  after(() => net?.remove());

  function switchOff(): void {
    net.target.run("sysctl -qw net.ipv6.conf.all.disable_ipv6=1");
  }

  /** The kernel has forgotten the addresses. */
  function switchOn(): void {
    net.target.run("sysctl -qw net.ipv6.conf.all.disable_ipv6=0");
    for (const [address, device] of [["2001:db8::1/64", "a"], ["2001:db8:b::1/64", "b"], ["::1/128", "lo"]]) {
      net.target.run(`ip -6 address replace ${address} dev ${device} nodad`);
    }
    net.target.run(RESTORE_ROUTES);
  }

  test("before the start", async () => {
    switchOff();
    try {
      const summary = await net.withServer(async (server) => {
        assert.match(server.readyLine, /listening on 0\.0\.0\.0:9000 \(IPv4,/);
        await net.whileSteady(() => net.echoes(50), { families: [4] });
      });
      assert.equal(summary.failed, 0);
    } finally {
      switchOn();
    }
  });

  test("while it runs, and on again", LONG, async () => {
    try {
      const { failed } = await net.withServer(async () => {
        await net.whileSteady(async () => {
          await net.echoes(50);
          switchOff();
          await net.echoes(100);
          switchOn();
          await net.echoes(50);
        }, { families: [4] });
        await net.whileSteady(() => net.echoes(50));
      });
      assert.equal(failed, 0);
    } finally {
      switchOn();
    }
  });
});
