/** `--rate` and `--max-rate` against clients and forged sources on the network. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { attackHosts, forged, PORT, received, withGuard } from "../support/attack.ts";
import { assertEchoed, forge, noCompiler, noPython, send, type Source } from "../support/client.ts";
import { FULL, otherRuntime } from "../support/full_mode.ts";
import { type Host, noHosts } from "../support/hosts.ts";
import { LONG, sleep } from "../support/process.ts";
import { ask } from "../support/reflection.ts";

const skip = otherRuntime(import.meta.url) || noHosts || noCompiler || noPython;

describe("rates", { skip }, () => {
  let attacker: Host;
  let target: Host;

  before(async () => {
    ({ attacker, target } = await attackHosts());
  });
  after(async () => {
    await attacker?.remove();
    await target?.remove();
  });

  /** Asserts that the server has answered at least the burst, and at most the burst and the rate since `start`. */
  function assertLimited(answered: number, rate: number, burst: number, start: number): void {
    const most = burst + rate * (performance.now() - start) / 1000 + 1;
    assert.ok(answered >= burst && answered <= most, `${answered} answered, not ${burst} to ${most.toFixed(1)}`);
  }

  test("--rate: a burst at once, then so many a second, for each source", async () => {
    for (const address of ["192.0.2.1", "2001:db8::1"]) {
      const summary = await withGuard(target, ["--rate", "100/10"], async (server) => {
        let answered = 0;
        for (const turn of [1, 2]) {
          const start = performance.now();
          const { sent } = await send(address, PORT, { host: attacker, count: 50, window: 50, timeout: 1 });
          const { echoed } = await received(server, turn * sent);
          assertLimited(echoed - answered, 100, 10, start);
          answered = echoed;
          // The bucket is full again after 0.1 s.
          await sleep(150);
        }
      });
      assert.equal(summary.refused_by_reason["over_rate"], 100 - summary.echoed);
    }
  });

  test("--rate: a source is an IPv4 address, or an IPv6 /64", async () => {
    const start = performance.now();
    const summary = await withGuard(target, ["--rate", "1/5"], async (server) => {
      // Ten datagrams of each source: from ten ports, from one, from ten addresses of a prefix, from one.
      const ports = Array.from({ length: 10 }, (_, i): Source => ["198.18.0.1", 4000 + i]);
      const addresses = Array.from({ length: 10 }, (_, i): Source => [`2001:db8:1:1::${i + 1}`, 4000]);
      await forged(attacker, ports);
      await forged(attacker, ["198.18.0.2", 4000], { count: 10 });
      await forged(attacker, addresses);
      await forged(attacker, ["2001:db8:1:2::1", 4000], { count: 10 });
      const { echoed, failed } = await received(server, 40);
      assertLimited(echoed + failed, 4, 20, start);
    });
    assert.equal(summary.refused_by_reason["over_rate"], summary.refused);
  });

  test("--max-rate: all sources together", async () => {
    const start = performance.now();
    const summary = await withGuard(target, ["--max-rate", "20/10"], async (server) => {
      await forged(attacker, Array.from({ length: 40 }, (_, i): Source => [`198.18.0.${i + 1}`, 4000]));
      const { echoed } = await received(server, 40);
      assertLimited(echoed, 20, 10, start);
    });
    assert.deepEqual(summary.refused_by_reason, { over_max_rate: 40 - summary.echoed });
  });

  test("both: what --rate refuses does not count for --max-rate", async () => {
    const summary = await withGuard(target, ["--rate", "1/5", "--max-rate", "1/12"], async (server) => {
      await received(server, await forged(attacker, ["198.18.0.1", 4000], { count: 1000 }));
      await assertEchoed("192.0.2.1", PORT, { host: attacker, count: 5, window: 5 });
    });
    assert.ok(summary.refused_by_reason["over_rate"]! >= 990, JSON.stringify(summary));
  });

  test("of a train, as many datagrams are answered as the rate admits", async () => {
    const segment = 100;
    const train = Uint8Array.from({ length: 64 * segment }, (_, i) => i * 7 % 251);
    for (const [option, reason] of [["--rate", "over_rate"], ["--max-rate", "over_max_rate"]] as const) {
      for (const address of ["192.0.2.1", "2001:db8::1"]) {
        const summary = await withGuard(target, [option, "1/20"], async () => {
          const packets = attacker.packetsSent("eth0");
          const answers = await ask(address, PORT, train, { host: attacker, segment, answers: 20 });
          assert.ok(attacker.packetsSent("eth0") - packets < 20, "it was no train");
          // The rate may have admitted one more.
          assert.ok(answers.length === 20 || answers.length === 21, `${answers.length} answers`);
          const parts = answers.map(({ payload }) => Buffer.from(payload));
          assert.deepEqual(Buffer.concat(parts), Buffer.from(train.subarray(0, answers.length * segment)));
        });
        const { received, echoed, refused_by_reason } = summary;
        assert.ok(echoed === 20 || echoed === 21, `${echoed} echoed`);
        assert.deepEqual({ received, refused_by_reason }, {
          received: 64,
          refused_by_reason: { [reason]: 64 - echoed },
        });
      }
    }
  });

  test("however many sources are forged, a steady client is answered", LONG, async () => {
    // In full mode, more than the 65,536 that the table of sources holds.
    const forgeries = FULL ? 40_000 : 8_000;
    const summary = await withGuard(target, ["--rate", "200/20"], async (server) => {
      const many = { host: attacker, size: 8, count: forgeries, gap: 1 };
      const steady = { host: attacker, count: 100, gap: FULL ? 20_000 : 5_000 };
      await Promise.all([
        forge(["198.18.0.0/15", "random"], ["192.0.2.1", PORT], many),
        forge(["2001:db8:1::/48", "random"], ["2001:db8::1", PORT], many),
        assertEchoed("192.0.2.1", PORT, steady),
        assertEchoed("2001:db8::1", PORT, steady),
      ]);
      await server.received(2 * forgeries + 200);
    });
    const { received, dropped_by_kernel, refused_by_reason } = summary;
    assert.equal(received + dropped_by_kernel, 2 * forgeries + 200);
    // No source exceeds its rate. But some of the random ports are those of services, or the server's own.
    const reasons = Object.keys(refused_by_reason).filter((reason) => reason !== "own_source_port");
    assert.deepEqual(reasons, ["service_source_port"]);
  });
});
