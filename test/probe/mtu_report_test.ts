/** The report of `--mtu`, of searches whose results the test decides on. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EMSGSIZE, EPERM } from "../../ffi/constants.ts";
import type { Failure } from "../../src/probe/ledger.ts";
import { mtuReport } from "../../src/probe/mtu_report.ts";
import type { Limit, MtuObserver } from "../../src/probe/mtu_search.ts";
import { Asked, icmp, peerOf, reportOf, ROUTER, Screen, settingsOf } from "../support/asked.ts";

const failure = (errno: number, report?: Parameters<typeof reportOf>[1]): Failure => ({
  ...(report && reportOf(errno, report)),
  sequence: 1,
  errno,
});

/** The limits that a search may meet, and their words. */
const LIMITS: readonly (readonly [limit: Limit | undefined, words: string])[] = [
  [undefined, "comes back"],
  [{ outcome: "lost" }, "no answer"],
  [{ outcome: "corrupted" }, "comes back altered"],
  [{ outcome: "fragmented", fragmentSize: 1280 }, "comes back in fragments of up to 1280 bytes"],
  [
    { outcome: "failed", failure: failure(EMSGSIZE, { icmp: icmp(3, 4), reporter: ROUTER, mtu: 1400 }) },
    "fragmentation needed, says 198.51.100.1 (MTU 1400)",
  ],
  [
    { outcome: "failed", failure: failure(EPERM, { icmp: icmp(3, 13), reporter: ROUTER }) },
    "administratively prohibited, says 198.51.100.1",
  ],
];

/** Limits that this host sets. */
const OWN_LIMITS: typeof LIMITS = [
  [{ outcome: "failed", failure: failure(EMSGSIZE, { mtu: 1500 }) }, "this host's interface takes no more (MTU 1500)"],
  [{ outcome: "failed", failure: failure(EMSGSIZE) }, "this host's interface takes no more"],
  [{ outcome: "failed", failure: failure(EPERM) }, "operation not permitted"],
];

function report(use: (report: MtuObserver) => void, ...args: string[]): string[] {
  const screen = new Screen({ marks: true });
  use(mtuReport(settingsOf("--mtu", ...args), screen.terminal));
  return screen.lines;
}

describe("the report of --mtu", () => {
  test("each size that is tried, but for those that this host refuses", () => {
    const { target } = new Asked();
    for (const [limit, words] of LIMITS) {
      const lines = report(({ tried }) => tried(target, 1000, limit));
      assert.deepEqual(lines, [`<faint 192.0.2.10:9000: 1000 bytes: ${words}>`]);
      for (const option of ["-q", "--json"]) {
        assert.deepEqual(report(({ tried }) => tried(target, 1, limit), option), []);
      }
    }
    for (const [limit] of OWN_LIMITS) assert.deepEqual(report(({ tried }) => tried(target, 1000, limit)), []);
  });

  test("the largest size, over IPv4 and IPv6, and what limits it", () => {
    const start = "192.0.2.10:9000: <strong 1472 bytes> pass unfragmented there and back, in packets of 1500 bytes; ";
    const { target } = new Asked().answered(1);
    for (const [limit, words] of [...LIMITS.slice(1), ...OWN_LIMITS]) {
      assert.deepEqual(report(({ found }) => found(target, 1472, limit)), [`${start}larger: ${words}`]);
    }
    const ipv6 = new Asked(undefined, "2001:db8::7");
    ipv6.socket.tellsFragments = false;
    assert.deepEqual(report(({ found }) => found(ipv6.target, 65_487, undefined)), [
      "[2001:db8::7]:9000: <strong 65487 bytes> pass unfragmented there (this kernel does not tell of the way back), " +
      "in packets of 65535 bytes; no datagram is larger",
    ]);
  });

  test("answers from elsewhere, and none", () => {
    const elsewhere = new Asked().answered(1, peerOf("192.0.2.66")).target;
    const [found, verdict, sentence] = report((report) => report.found(elsewhere, 16, { outcome: "lost" }));
    assert.match(found!, /larger: no answer$/);
    assert.equal(verdict, "192.0.2.10:9000: <bad wrong source>");
    assert.match(sentence!, /answered from 192\.0\.2\.66:9000: the server does not set the source/);
    const lines = report(({ found }) => found(new Asked().lost().target));
    assert.equal(lines[0], "192.0.2.10:9000: <bad no answer>");
    assert.match(lines[1]!, /nothing came back from 192\.0\.2\.10:9000 within 1s/);
    const refused = report(({ found }) => found(new Asked().failed(EMSGSIZE, { mtu: 40 }).target));
    assert.match(refused[1]!, /packet is too large .* it has 44 bytes, at most 40 pass; --size 12 fits/);
  });

  test("in JSON", () => {
    const json = (use: (report: MtuObserver) => void) => report(use, "--json").map((line) => JSON.parse(line));
    const event = { event: "mtu", target: "192.0.2.10:9000", errno: null, icmp: null, from: null };
    const good = new Asked().answered(1);
    assert.deepEqual(json(({ found }) => found(good.target, 1472, LIMITS[4]![0])), [{
      ...event,
      ...{ payload: 1472, packet: 1500, way_back_proved: true, verdict: "ok", larger: "failed", explanation: null },
      ...{ errno: "EMSGSIZE", icmp: "fragmentation needed", from: "198.51.100.1" },
    }]);
    good.socket.tellsFragments = false;
    assert.deepEqual(json(({ found }) => found(good.target, 100, undefined)), [{
      ...event,
      ...{ payload: 100, packet: 128, way_back_proved: false, verdict: "ok", larger: null, explanation: null },
    }]);
    const [{ explanation, ...elsewhere }] = json(({ found }) =>
      found(new Asked().answered(1, peerOf("192.0.2.66")).target, 16, { outcome: "lost" })
    );
    assert.deepEqual(elsewhere, {
      ...event,
      ...{ payload: 16, packet: 44, way_back_proved: true, verdict: "wrong_source", larger: "lost" },
    });
    assert.match(explanation, /from 192\.0\.2\.66/);
    const [silent] = json(({ found }) => found(new Asked().lost().target));
    assert.deepEqual({ ...silent, explanation: "" }, {
      ...event,
      ...{ payload: null, packet: null, way_back_proved: false, verdict: "no_answer", larger: null, explanation: "" },
    });
    assert.match(silent.explanation, /nothing came back/);
  });
});
