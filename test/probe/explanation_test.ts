/** Explanations of verdicts that depend on the family, the time, the source port, or the headers of answers. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EACCES, ECONNREFUSED, EHOSTUNREACH, EINVAL, EMSGSIZE, ENETUNREACH } from "../../ffi/constants.ts";
import { parseAddress } from "../../src/net/address.ts";
import { explanation, plural, trafficClassText } from "../../src/probe/explanation.ts";
import type { ProbeTarget } from "../../src/probe/target.ts";
import { Asked, icmp, peerOf, settingsOf, TARGET } from "../support/asked.ts";
import { TestClock } from "../support/clock.ts";

const IPV6 = "2001:db8::7";
const explain = ({ target }: { readonly target: ProbeTarget }, ...args: string[]) =>
  explanation(target, settingsOf(...args));
const hostOf = (address: string) => ({ bytes: parseAddress(address)!, scope: 0, zone: "" });

/** A target whose answers come this late, in milliseconds. */
function late(clock: TestClock, ...milliseconds: number[]): Asked {
  const asked = new Asked();
  for (const time of milliseconds) {
    const request = asked.ledger.open(64);
    request.sentAt = 0;
    clock.now += time;
    asked.ledger.answered({ payload: asked.ledger.payloadOf(request), from: peerOf(TARGET), time: time * 1e6 });
  }
  return asked;
}

describe("a target that answers", () => {
  test("too late, with answers in time or without", () => {
    using clock = new TestClock();
    assert.equal(
      explain(late(clock, 1500, 1200)),
      "192.0.2.10:9000 answered 0 of 2 requests in time: 2 got an answer too late, the last one after 1200.000 ms " +
        "(see --timeout)",
    );
    assert.equal(
      explain(late(clock, 1500, 100).lost().failed(ENETUNREACH)),
      "192.0.2.10:9000 answered 1 of 4 requests in time: 1 got no answer within 1s, 1 got an answer too late, the last " +
        "one after 1500.000 ms (see --timeout) and 1 failed (network is unreachable)",
    );
    assert.match(explain(late(clock, 1500).corrupted()), /^1 of 2 answers from 192\.0\.2\.10:9000 did not match /);
  });

  test("with another DSCP or ECN than it was asked with", () => {
    assert.deepEqual([0, 0xb9, 0xff, 4].map(trafficClassText), [
      "dscp=0 ecn=0",
      "dscp=46 ecn=1",
      "dscp=63 ecn=3",
      "dscp=1 ecn=0",
    ]);
    const asked = new Asked().answered(1);
    const withClass = (trafficClass: number | undefined) => ({
      target: { ...asked.target, lastReply: { trafficClass } } as unknown as ProbeTarget,
    });
    assert.equal(
      explain(withClass(0), "--dscp", "46"),
      "answers from 192.0.2.10:9000 have dscp=0 ecn=0, the requests left with dscp=46 ecn=0: the server does not send " +
        "them back (--reflect-tos of echo.ts does), or a device on the way changes them",
    );
    for (const [received, ...args] of [[184, "--dscp", "46"], [undefined, "--dscp", "46"], [4]] as const) {
      assert.equal(explain(withClass(received), ...args), "");
    }
    assert.equal(explain(asked, "--dscp", "46"), "");
  });

  test("from other ports, or from other addresses too", () => {
    const ports = new Asked().answered(1, peerOf(TARGET, 7)).answered(1, peerOf(TARGET, 8));
    assert.match(explain(ports), /^192\.0\.2\.10:9000 answered from port 7 and 8: the server replies from another /);
    const both = new Asked().answered(1, peerOf(TARGET, 7)).answered(1, peerOf("192.0.2.66"));
    assert.match(
      explain(both),
      /^192\.0\.2\.10:9000 answered from 192\.0\.2\.10:7 and 192\.0\.2\.66:9000: .* \(IP_PKTINFO\);/,
    );
    assert.match(explain(new Asked(undefined, IPV6).answered(1)), / \(IPV6_PKTINFO\);/);
  });

  test("from some source ports only", () => {
    const two = () => new Asked(undefined, TARGET, 2);
    const broken = (asked: Asked) => /; requests from source port .*$/.exec(explain(asked, "--source-ports", "2"))?.[0];
    const sentence = (ports: string) =>
      `; requests from source port ${ports} get no good answer, those from 1 other do: one of several paths is broken`;
    assert.equal(broken(two().answered(1).lost().answered(1).lost()), sentence("40001"));
    assert.equal(broken(two().lost().answered(1).lost().answered(1)), sentence("40000"));
    assert.equal(broken(two().answered(1).lost().answered(1)), undefined);
    // An answer in order begins anew, and where no port has one now, no path is known to be good.
    assert.equal(
      broken(two().answered(1).lost().answered(1).lost().lost().answered(1).lost().answered(1)),
      sentence("40000"),
    );
    assert.equal(broken(two().answered(1).answered(1).lost().lost().lost().lost()), undefined);
    assert.equal(broken(two().answered(1).answered(1).lost().answered(1)), undefined);
  });
});

describe("a target that does not answer", () => {
  test("is maybe asked from a port that echo servers refuse", () => {
    const hint =
      /; the requests left from port (\d+), which echo servers may refuse as that of a service: try again, or see sysctl net\.ipv4\.ip_local_port_range$/;
    const hinted = (port: number, targetPort = 9000) => {
      const asked = new Asked().lost();
      asked.socket.udp.port = port;
      const peer = { ...asked.target.peer, port: targetPort };
      return hint.exec(explain({ target: { ...asked.target, peer } as ProbeTarget }))?.[1];
    };
    assert.deepEqual([32_767, 32_768, 65_535, 1024].map((port) => hinted(port)), [
      "32767",
      undefined,
      undefined,
      "1024",
    ]);
    assert.deepEqual([hinted(40_000, 40_000), hinted(40_000, 40_001)], ["40000", undefined]);
  });

  test("has no host at its address, says this one", () => {
    const failed = (address: string, reporter: string, type: number, code: number, version: 4 | 6 = 4) => {
      const report = { icmp: { version, type, code }, reporter: hostOf(reporter) };
      return explain(new Asked(undefined, address).failed(EHOSTUNREACH, report));
    };
    const nothing = "nothing on its network answers for this address";
    assert.equal(failed(TARGET, "127.0.0.1", 3, 1), `no host at 192.0.2.10:9000: ${nothing} (ARP)`);
    assert.equal(failed(IPV6, "::1", 1, 3, 6), `no host at [2001:db8::7]:9000: ${nothing} (neighbour discovery)`);
    assert.match(failed(TARGET, "198.51.100.1", 3, 1), /^198\.51\.100\.1 finds no host at /);
    assert.match(failed(TARGET, "127.0.0.1", 3, 0), /^127\.0\.0\.1 has no route to /);
    assert.match(failed(TARGET, "127.0.0.1", 3, 3), /^127\.0\.0\.1 has a firewall that rejects /);
  });

  test("cannot be reached from this host", () => {
    for (const errno of [ENETUNREACH, EACCES, EINVAL, EHOSTUNREACH]) {
      assert.match(explain(new Asked(undefined, IPV6).failed(errno)), /; `ip route get 2001:db8::7` shows more$/);
    }
    assert.doesNotMatch(explain(new Asked().failed(ECONNREFUSED)), /ip route/);
    for (const [address, mtu, size] of [[TARGET, 29, 1], [IPV6, 1280, 1232], [IPV6, 49, 1]] as const) {
      const sentence = explain(new Asked(undefined, address).failed(EMSGSIZE, { mtu }));
      assert.ok(sentence.endsWith(`, at most ${mtu} pass; --size ${size} fits`), sentence);
    }
    assert.match(explain(new Asked(undefined, IPV6).failed(EMSGSIZE, { mtu: 48 })), /; it has 112 bytes$/);
    const tooBig = { icmp: icmp(3, 4), reporter: hostOf("198.51.100.1"), mtu: 0 };
    assert.match(explain(new Asked().failed(EMSGSIZE, tooBig)), /; it has 92 bytes$/);
  });
});

test("numbers of things", () => {
  assert.deepEqual([0, 1, 2].map((count) => plural(count, "byte")), ["0 bytes", "1 byte", "2 bytes"]);
});
