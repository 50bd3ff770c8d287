/** The reports of the probe, of ledgers whose requests the test says. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  EACCES,
  EAFNOSUPPORT,
  ECONNREFUSED,
  EHOSTUNREACH,
  EMSGSIZE,
  ENETUNREACH,
  ENOBUFS,
  EPERM,
} from "../../ffi/constants.ts";
import { explanation } from "../../src/probe/explanation.ts";
import { jsonReport } from "../../src/probe/json_report.ts";
import { lineReport } from "../../src/probe/line_report.ts";
import { timesOf } from "../../src/probe/report.ts";
import { TimeStatistics } from "../../src/probe/statistics.ts";
import { tableReport } from "../../src/probe/table_report.ts";
import { verdict } from "../../src/probe/verdict.ts";
import { Asked, icmp, peerOf, REFUSED, reportOf, ROUTER, Screen, settingsOf, TARGET } from "../support/asked.ts";

/** Nanoseconds of round trips, which no clock contradicts. */
const TIMES = [100_000, 300_000, 200_000, 250_000];

const good = () => TIMES.reduce((asked, time) => asked.answered(time), new Asked());

const REPLY = {
  ...{ sequence: 3, roundTrip: 1_234_567, reordered: false, from: peerOf(TARGET), to: "192.0.2.1" },
  ...{ payload: new Uint8Array(1), fragmentSize: 0, hopLimit: undefined, trafficClass: undefined, time: 500_000_000 },
};

/** A target of which much is wrong. */
const bad = () =>
  new Asked().answered(100_000).lost().failed(ENETUNREACH).failed(EPERM).corrupted()
    .answered(400_000, peerOf("192.0.2.66")).answered(90_000, peerOf(TARGET), 3).stray().waiting();

/** Targets of every kind, for a table. */
const several = () =>
  [good(), bad(), new Asked("far.example", "2001:db8::7").lost(), new Asked(undefined, "192.0.2.13").waiting()]
    .map(({ target }) => target);

/** Columns of that table. */
const WIDTH = 90;

/** What a table shows on the way and at the end, and how many lines it erases before each. */
function tables(options: Partial<Screen>): { progress: string; finish: string; erased: number[] } {
  const screen = new Screen({ marks: true, ...options });
  const report = tableReport({ targets: several() }, settingsOf(), screen.terminal);
  report.progress!();
  const progress = text(screen);
  report.finish();
  return { progress, finish: text(screen), erased: screen.erased };
}

/** Lines as one text. */
const lines = (...texts: string[]) => texts.join("\n");

/** What was written since the last call. */
const text = (screen: Screen) => screen.lines.splice(0).join("\n");

/** The summary of one target. */
function finish(asked: Asked, options: Partial<Screen>, ...args: string[]): string {
  const screen = new Screen(options);
  lineReport({ targets: [asked.target] }, settingsOf(...args), screen.terminal).finish();
  return text(screen);
}

describe("the report on one target", () => {
  test("all is well", () => {
    assert.equal(
      finish(good(), {}),
      lines(
        "",
        "192.0.2.10:9000: ok",
        "",
        "  sent            4      minimum    0.100 ms",
        "  received        4      mean       0.212 ms",
        "  lost            0      median     0.200 ms",
        "  late            0      p90        0.300 ms",
        "  wrong source    0      p99        0.300 ms",
        "  corrupted       0      p99.9      0.300 ms",
        "  failed          0      maximum    0.300 ms",
        "  duplicates      0      deviation  0.085 ms",
        "  reordered       0      jitter     0.117 ms",
        "  loss          0 %",
        "",
        "  0.100 ms ######################### 1",
        "         :",
        "  0.200 ms ################################################## 2",
        "  0.251 ms ######################### 1",
      ),
    );
  });

  test("much is wrong", () => {
    assert.equal(
      finish(bad(), { marks: true }),
      lines(
        "",
        "192.0.2.10:9000: <bad wrong source>",
        "192.0.2.10:9000 answered 1 of 7 times from 192.0.2.66:9000: the server does not set the source of its replies (IP_PKTINFO); clients with a connected socket never see these answers",
        "",
        "  sent                8      minimum    0.090 ms",
        "  received            2      mean       0.197 ms",
        "  lost                1      median     0.100 ms",
        "  late                0      p90        0.400 ms",
        "  wrong source        1      p99        0.400 ms",
        "  corrupted           1      p99.9      0.400 ms",
        "  failed              2      maximum    0.400 ms",
        "  duplicates          2      deviation  0.176 ms",
        "  reordered           0      jitter     0.310 ms",
        "  stray               1",
        "  waiting             1",
        "  loss          42.86 %",
        "",
        "  failed with ENETUNREACH: 1, EPERM: 1",
        "",
        "  0.032 ms <bar ##################################################> 1",
        "  0.100 ms <bar ##################################################> 1",
        "  0.316 ms <bar ##################################################> 1",
      ),
    );
  });

  test("in a narrow terminal", () => {
    const options = { interactive: true, unicode: true, columns: 40 };
    assert.equal(
      finish(good(), options, "--timeout", "2"),
      lines(
        "",
        "192.0.2.10:9000: ok",
        "",
        "  sent            4",
        "  received        4",
        "  lost            0",
        "  late            0",
        "  wrong source    0",
        "  corrupted       0",
        "  failed          0",
        "  duplicates      0",
        "  reordered       0",
        "  loss          0 %",
        "",
        "  minimum    0.100 ms",
        "  mean       0.212 ms",
        "  median     0.200 ms",
        "  p90        0.300 ms",
        "  p99        0.300 ms",
        "  p99.9      0.300 ms",
        "  maximum    0.300 ms",
        "  deviation  0.085 ms",
        "  jitter     0.117 ms",
        "",
        "  0.100 ms █████████████▌ 1",
        "         ⋮",
        "  0.200 ms ███████████████████████████ 2",
        "  0.251 ms █████████████▌ 1",
      ),
    );
    assert.equal(
      finish(new Asked().lost(), options, "-q"),
      lines(
        "192.0.2.10:9000: no answer",
        "nothing came back from 192.0.2.10:9000",
        "within 1s: no such host, nothing that",
        "answers at port 9000, or a firewall",
        "that drops datagrams, on the way there",
        "or back",
        "",
        "  sent              1",
        "  received          0",
        "  lost              1",
        "  late              0",
        "  wrong source      0",
        "  corrupted         0",
        "  failed            0",
        "  duplicates        0",
        "  reordered         0",
        "  loss          100 %",
        "",
      ),
    );
  });

  test("each event", () => {
    assert.equal(
      events("-i", "0", "--connected", "-s", "1"),
      lines(
        "probing name.example at 192.0.2.10:9000 with 1 byte as fast as it answers, connected",
        "1 byte from 192.0.2.10:9000 to 192.0.2.1: seq=3 <strong time=1.235 ms>",
        "1 byte from [2001:db8::1]:7 to 192.0.2.1: seq=3 <strong time=1.235 ms> <bad wrong source> <doubtful reordered>",
        "64 bytes from 192.0.2.10:9000 to 192.0.2.1: seq=3 <bad corrupted>",
        "1 byte from 192.0.2.10:9000 to 192.0.2.1: seq=3 <doubtful duplicate>",
        "1 byte from 192.0.2.10:9000 to 192.0.2.1: seq=3 <strong time=1.235 ms> <doubtful late>",
        "1 byte from 192.0.2.10:9000 to 192.0.2.1: <doubtful stray>",
        "<bad seq=4 failed: network is unreachable>",
        "<bad failed: port unreachable, says 192.0.2.10>",
        "<doubtful seq=5 no answer within 1s>",
      ),
    );
  });
});

/** The report of events of every kind. */
function events(...args: string[]): string {
  const screen = new Screen({ marks: true });
  const { target } = new Asked("name.example");
  const report = lineReport({ targets: [target] }, settingsOf(...args), screen.terminal);
  report.start!();
  report.replied!(target, { ...REPLY, kind: "received" });
  report.replied!(target, { ...REPLY, kind: "wrong source", from: peerOf("2001:db8::1", 7), reordered: true });
  report.replied!(target, { ...REPLY, kind: "corrupted", roundTrip: undefined, payload: new Uint8Array(64) });
  report.replied!(target, { ...REPLY, kind: "duplicate", roundTrip: undefined });
  report.replied!(target, { ...REPLY, kind: "late" });
  report.replied!(target, { ...REPLY, kind: "stray", sequence: undefined, roundTrip: undefined });
  report.failed!(target, { sequence: 4, errno: ENETUNREACH });
  report.failed!(target, { ...reportOf(ECONNREFUSED, REFUSED), sequence: undefined });
  report.lost!(target, 5);
  return text(screen);
}

describe("the table of several targets", () => {
  test("without a terminal: once, at the end", () => {
    const { progress, finish, erased } = tables({});
    assert.deepEqual([progress, erased], ["", [0]]);
    assert.equal(
      finish,
      lines(
        "<faint target                          verdict       received     loss  minimum  median    p99>",
        "192.0.2.10:9000                 <good ok>                 4/4      0 %    0.100   0.200  0.300 ms",
        "192.0.2.10:9000                 <bad wrong source>       2/7  42.86 %    0.090   0.100  0.400 ms",
        "far.example [2001:db8::7]:9000  <bad no answer>          0/1    100 %        -       -      -",
        "192.0.2.13:9000                 <bad no answer>          0/0        -        -       -      -",
        "",
        "192.0.2.10:9000 answered 1 of 7 times from 192.0.2.66:9000: the server does not set the source of its replies (IP_PKTINFO); clients with a connected socket never see these answers",
        "nothing came back from [2001:db8::7]:9000 within 1s: no such host, nothing that answers at port 9000, or a firewall that drops datagrams, on the way there or back",
        "192.0.2.13:9000 had no time to answer",
      ),
    );
  });

  test("in a terminal: as it fills", () => {
    const { progress, finish, erased } = tables({ interactive: true, columns: 90, rows: 6 });
    assert.equal(
      progress,
      lines(
        "<faint target                          verdict       received     loss  minimum  median    p99>",
        "192.0.2.10:9000                 <good ok>                 4/4      0 %    0.100   0.200  0.300 ms",
        "192.0.2.10:9000                 <bad wrong source>       2/7  42.86 %    0.090   0.100  0.400 ms",
        "far.example [2001:db8::7]:9000  <bad no answer>          0/1    100 %        -       -      -",
        "192.0.2.13:9000                 <faint waiting>            0/0        -        -       -      -",
      ),
    );
    assert.equal(
      finish,
      lines(
        "<faint target                          verdict       received     loss  minimum  median    p99>",
        "192.0.2.10:9000                 <good ok>                 4/4      0 %    0.100   0.200  0.300 ms",
        "192.0.2.10:9000                 <bad wrong source>       2/7  42.86 %    0.090   0.100  0.400 ms",
        "far.example [2001:db8::7]:9000  <bad no answer>          0/1    100 %        -       -      -",
        "192.0.2.13:9000                 <bad no answer>          0/0        -        -       -      -",
        "",
        "192.0.2.10:9000 answered 1 of 7 times from 192.0.2.66:9000: the server does not set the",
        "source of its replies (IP_PKTINFO); clients with a connected socket never see these",
        "answers",
        "",
        "nothing came back from [2001:db8::7]:9000 within 1s: no such host, nothing that answers",
        "at port 9000, or a firewall that drops datagrams, on the way there or back",
        "",
        "192.0.2.13:9000 had no time to answer",
      ),
    );
    assert.deepEqual(erased, [0, 5]);
  });

  test("with fewer rows than targets: those that are not ok first", () => {
    const { progress, erased } = tables({ interactive: true, columns: 90, rows: 5 });
    assert.equal(
      progress,
      lines(
        "<faint target                          verdict       received     loss  minimum  median    p99>",
        "192.0.2.10:9000                 <bad wrong source>       2/7  42.86 %    0.090   0.100  0.400 ms",
        "far.example [2001:db8::7]:9000  <bad no answer>          0/1    100 %        -       -      -",
        "<faint and 2 more: 1 waiting, 1 ok>",
      ),
    );
    assert.deepEqual(erased, [0, 4]);
    assert.equal(
      tables({ interactive: true, columns: 90, rows: 2 }).progress,
      lines(
        "<faint target                          verdict       received     loss  minimum  median    p99>",
        "192.0.2.10:9000                 <bad wrong source>       2/7  42.86 %    0.090   0.100  0.400 ms",
        "<faint and 3 more: 1 no answer, 1 waiting, 1 ok>",
      ),
    );
  });

  test("with few columns: the first ones, in two lines if need be", () => {
    const table = (columns: number, rows: number) => tables({ interactive: true, columns, rows });
    assert.equal(
      table(WIDTH - 1, 6).progress,
      lines(
        "<faint target                          verdict       received     loss  minimum  median>",
        "192.0.2.10:9000                 <good ok>                 4/4      0 %    0.100   0.200 ms",
        "192.0.2.10:9000                 <bad wrong source>       2/7  42.86 %    0.090   0.100 ms",
        "far.example [2001:db8::7]:9000  <bad no answer>          0/1    100 %        -       -",
        "192.0.2.13:9000                 <faint waiting>            0/0        -        -       -",
      ),
    );
    assert.equal(
      table(54, 6).progress,
      lines(
        "<faint target                          verdict       received>",
        "192.0.2.10:9000                 <good ok>                 4/4",
        "192.0.2.10:9000                 <bad wrong source>       2/7",
        "far.example [2001:db8::7]:9000  <bad no answer>          0/1",
        "192.0.2.13:9000                 <faint waiting>            0/0",
      ),
    );
    assert.equal(
      table(53, 11).progress,
      lines(
        "<faint target",
        "  verdict       received>",
        "192.0.2.10:9000",
        "  <good ok>                 4/4",
        "192.0.2.10:9000",
        "  <bad wrong source>       2/7",
        "far.example [2001:db8::7]:9000",
        "  <bad no answer>          0/1",
        "192.0.2.13:9000",
        "  <faint waiting>            0/0",
      ),
    );
    const { progress, erased } = table(24, 10);
    assert.equal(
      progress,
      lines(
        "<faint target",
        "  verdict       received>",
        "192.0.2.10:9000",
        "  <bad wrong source>       2/7",
        "far.example [2001:db8::7",
        "  <bad no answer>          0/1",
        "192.0.2.13:9000",
        "  <faint waiting>            0/0",
        "<faint and 1 more: 1 ok>",
      ),
    );
    assert.deepEqual(erased, [0, 9]);
  });
});

test("the report in JSON", () => {
  const screen = new Screen();
  const { target } = new Asked();
  const report = jsonReport({ targets: [bad().target, new Asked("n\u00e4me").target] }, settingsOf(), screen.terminal);
  report.replied!(target, { ...REPLY, kind: "wrong source", time: 1_500_000_123, hopLimit: 57, trafficClass: 0xb9 });
  report.replied!(target, { ...REPLY, kind: "stray", sequence: undefined, roundTrip: undefined });
  report.failed!(target, { ...reportOf(EMSGSIZE, { mtu: 1400 }), sequence: 4 });
  report.failed!(target, { ...reportOf(ECONNREFUSED, REFUSED), sequence: undefined });
  report.lost!(target, 9);
  report.finish();
  for (const line of screen.lines) assert.match(line, /^[ -~]*$/);
  const [first, second, ...others] = screen.lines.map((line) => JSON.parse(line));
  const seconds = (text: string) => Date.parse(`${text.slice(0, 19)}Z`) / 1000;
  assert.equal(seconds(first.time) - seconds(second.time), 1);
  assert.match(first.time, /\.500000123Z$/);
  assert.match(second.time, /\.500000000Z$/);
  const reply = { event: "reply", target: "192.0.2.10:9000", from: "192.0.2.10:9000", to: "192.0.2.1", bytes: 1 };
  assert.deepEqual([{ ...first, time: "" }, { ...second, time: "" }], [
    {
      ...{ ...reply, time: "", sequence: 3, kind: "wrong_source", rtt_ns: 1_234_567, reordered: false },
      ...{ hop_limit: 57, dscp: 46, ecn: 1 },
    },
    {
      ...{ ...reply, time: "", sequence: null, kind: "stray", rtt_ns: null, reordered: false },
      ...{ hop_limit: null, dscp: null, ecn: null },
    },
  ]);
  const summary = others.pop();
  const failure = { event: "failure", target: "192.0.2.10:9000" };
  assert.deepEqual(others, [
    { ...failure, sequence: 4, errno: "EMSGSIZE", icmp: null, from: null, mtu: 1400 },
    { ...failure, sequence: null, errno: "ECONNREFUSED", icmp: "port unreachable", from: TARGET, mtu: null },
    { event: "lost", target: "192.0.2.10:9000", sequence: 9 },
  ]);
  assert.ok(summary.seconds >= 0 && summary.seconds < 60);
  const [wrong, silent] = summary.targets;
  const expected = {
    target: "192.0.2.10:9000",
    name: null,
    verdict: "wrong_source",
    explanation: explanation(bad().target, settingsOf()),
    ...{ sent: 8, received: 2, lost: 1, late: 0, wrong_source: 1, corrupted: 1, failed: 2 },
    ...{ duplicates: 2, reordered: 0, stray: 1, waiting: 1, loss_percent: 42.86 },
    failed_by_errno: { ENETUNREACH: 1, EPERM: 1 },
    wrong_sources: ["192.0.2.66:9000"],
    rtt_ns: {
      ...{ minimum: 90_000, mean: 196_667, median: 100_000, p90: 400_000, p99: 400_000, p99_9: 400_000 },
      ...{ maximum: 400_000, deviation: 176_163, jitter: 310_000 },
    },
    histogram: [
      { from_ns: 89_125, to_ns: 94_406, count: 1 },
      { from_ns: 100_000, to_ns: 105_925, count: 1 },
      { from_ns: 398_107, to_ns: 421_697, count: 1 },
    ],
  };
  for (const [name, value] of Object.entries(expected)) assert.deepEqual(wrong[name], value, name);
  assert.deepEqual([silent.name, silent.loss_percent, silent.rtt_ns, silent.histogram], ["n\u00e4me", null, null, []]);
});

/** Targets, options, and the verdict on them in a word and in a sentence. */
const EXPLANATIONS: readonly (readonly [asked: Asked, args: readonly string[], word: string, sentence: string])[] = [
  [good(), [], "ok", ""],
  [new Asked().answered(1, peerOf(TARGET), 3), [], "ok", "192.0.2.10:9000 answered 1 request with 3 datagrams"],
  [
    new Asked().lost(),
    ["-t", "300ms"],
    "no answer",
    "nothing came back from 192.0.2.10:9000 within 300ms: no such host, nothing that answers at port 9000, or a firewall that drops datagrams, on the way there or back",
  ],
  [
    new Asked().lost(),
    ["--connected"],
    "no answer",
    "a connected socket received nothing from 192.0.2.10:9000 within 1s; without --connected, answers from other addresses are seen too",
  ],
  [new Asked().waiting(), [], "no answer", "192.0.2.10:9000 had no time to answer"],
  [
    new Asked().answered(1).lost().lost(),
    [],
    "partial",
    "192.0.2.10:9000 answered 1 of 3 requests in time: 2 got no answer within 1s",
  ],
  [
    new Asked().answered(1).failed(EPERM).lost(),
    [],
    "partial",
    "192.0.2.10:9000 answered 1 of 3 requests in time: 1 got no answer within 1s and 1 failed (operation not permitted)",
  ],
  [
    new Asked().answered(1, peerOf(TARGET, 7)),
    [],
    "wrong source",
    "192.0.2.10:9000 answered from port 7: the server replies from another socket, or a device on the way translates ports; clients with a connected socket never see these answers",
  ],
  [
    new Asked().answered(1, peerOf("192.0.2.66")).answered(1),
    ["--connected"],
    "wrong source",
    "192.0.2.10:9000 answered 1 of 2 times from 192.0.2.66:9000: the server does not set the source of its replies (IP_PKTINFO)",
  ],
  [
    new Asked().answered(1, peerOf("192.0.2.66")).answered(1, peerOf("192.0.2.67", 5)),
    [],
    "wrong source",
    "192.0.2.10:9000 answered from 192.0.2.66:9000 and 192.0.2.67:5: the server does not set the source of its replies (IP_PKTINFO); clients with a connected socket never see these answers",
  ],
  [
    new Asked().corrupted(),
    [],
    "corrupted",
    "1 of 1 answer from 192.0.2.10:9000 did not match the request: something alters datagrams, or this is no echo server",
  ],
  [
    new Asked().corrupted(60).corrupted(60),
    [],
    "corrupted",
    "2 of 2 answers from 192.0.2.10:9000 did not match the request (60 bytes instead of 64): something alters datagrams, or this is no echo server",
  ],
  [
    new Asked().corrupted().answered(1),
    [],
    "corrupted",
    "1 of 2 answers from 192.0.2.10:9000 did not match the request: something alters datagrams, or this is no echo server",
  ],
  [
    new Asked().failed(EAFNOSUPPORT),
    [],
    "unreachable",
    "this host cannot send to 192.0.2.10:9000: it has no IPv6, or IPv6 is switched off (EAFNOSUPPORT)",
  ],
  [
    new Asked().failed(ENETUNREACH),
    [],
    "unreachable",
    "this host cannot send to 192.0.2.10:9000: it has no route (ENETUNREACH); `ip route get 192.0.2.10` shows more",
  ],
  [
    new Asked().failed(EPERM),
    [],
    "unreachable",
    "this host cannot send to 192.0.2.10:9000: a firewall rule forbids it (EPERM)",
  ],
  [
    new Asked().failed(EACCES),
    [],
    "unreachable",
    "this host cannot send to 192.0.2.10:9000: a route, or the kind of the address, forbids it (EACCES); `ip route get 192.0.2.10` shows more",
  ],
  [
    new Asked().failed(EHOSTUNREACH),
    [],
    "unreachable",
    "this host cannot send to 192.0.2.10:9000: a route, or the kind of the address, forbids it (EHOSTUNREACH); `ip route get 192.0.2.10` shows more",
  ],
  [
    new Asked().failed(ENOBUFS),
    [],
    "unreachable",
    "this host cannot send to 192.0.2.10:9000: no buffer space available (ENOBUFS)",
  ],
  [
    new Asked().failed(EMSGSIZE, { mtu: 1400 }),
    ["-s", "2000"],
    "unreachable",
    "this host cannot send to 192.0.2.10:9000: the packet is too large for the interface (EMSGSIZE); it has 2028 bytes, at most 1400 pass; --size 1372 fits",
  ],
  [
    new Asked().failed(EMSGSIZE, { mtu: 28 }),
    ["-s", "2000"],
    "unreachable",
    "this host cannot send to 192.0.2.10:9000: the packet is too large for the interface (EMSGSIZE); it has 2028 bytes",
  ],
  [
    new Asked().failed(EHOSTUNREACH, { icmp: icmp(3, 0), reporter: ROUTER, mtu: 1400 }),
    [],
    "unreachable",
    "198.51.100.1 has no route to 192.0.2.10:9000 (ICMP network unreachable)",
  ],
  [
    new Asked().failed(EHOSTUNREACH, { icmp: icmp(3, 1), reporter: ROUTER, mtu: 1400 }),
    [],
    "unreachable",
    "198.51.100.1 finds no host at 192.0.2.10:9000 (ICMP host unreachable)",
  ],
  [
    new Asked().failed(EHOSTUNREACH, { icmp: icmp(3, 3), reporter: ROUTER, mtu: 1400 }),
    [],
    "unreachable",
    "198.51.100.1 has a firewall that rejects datagrams to 192.0.2.10:9000 (ICMP port unreachable)",
  ],
  [
    new Asked().failed(EHOSTUNREACH, { icmp: icmp(3, 4), reporter: ROUTER, mtu: 1400 }),
    [],
    "unreachable",
    "198.51.100.1 cannot forward so large a packet to 192.0.2.10:9000 (ICMP fragmentation needed); it has 92 bytes, at most 1400 pass; --size 1372 fits",
  ],
  [
    new Asked().failed(EHOSTUNREACH, { icmp: icmp(3, 13), reporter: ROUTER, mtu: 1400 }),
    [],
    "unreachable",
    "198.51.100.1 has a firewall that rejects datagrams to 192.0.2.10:9000 (ICMP administratively prohibited)",
  ],
  [
    new Asked().failed(EHOSTUNREACH, { icmp: icmp(11, 0), reporter: ROUTER, mtu: 1400 }),
    [],
    "unreachable",
    "198.51.100.1 discards datagrams to 192.0.2.10:9000 (ICMP time to live exceeded): the routers forward them in a loop",
  ],
  [
    new Asked().failed(EHOSTUNREACH, { icmp: icmp(11, 1), reporter: ROUTER, mtu: 1400 }),
    [],
    "unreachable",
    "198.51.100.1 reports an error for 192.0.2.10:9000 (ICMP fragment reassembly time exceeded)",
  ],
  [
    new Asked().failed(EHOSTUNREACH, { icmp: icmp(99, 2), reporter: ROUTER, mtu: 1400 }),
    [],
    "unreachable",
    "198.51.100.1 reports an error for 192.0.2.10:9000 (ICMP message of type 99, code 2)",
  ],
  [
    new Asked().failed(EHOSTUNREACH, { icmp: icmp(3, 0) }),
    [],
    "unreachable",
    "an unknown host has no route to 192.0.2.10:9000 (ICMP network unreachable)",
  ],
  [
    new Asked().failed(EHOSTUNREACH, { icmp: icmp(11, 0) }),
    ["--ttl", "3"],
    "unreachable",
    "an unknown host discards datagrams to 192.0.2.10:9000 (ICMP time to live exceeded): --ttl 3 is not enough",
  ],
  [
    new Asked().failed(ECONNREFUSED, REFUSED),
    [],
    "refused",
    "192.0.2.10:9000 refused: nothing listens at port 9000, or its firewall rejects (ICMP port unreachable)",
  ],
];

test("times of a thousand answers", () => {
  const times = new TimeStatistics();
  for (let value = 1; value <= 1000; value++) times.add(value);
  const figures = timesOf(times);
  assert.deepEqual([figures["minimum"], figures["mean"], figures["maximum"]], [1, 500.5, 1000]);
  assert.deepEqual(["median", "p90", "p99", "p99.9"].map((name) => figures[name]), [500, 900, 990, 999]);
});

test("a request that failed and is answered after all has not failed", () => {
  const asked = new Asked().failed(EPERM);
  const payload = asked.ledger.payloadOf(asked.ledger.newest!);
  asked.ledger.answered({ payload, from: peerOf(TARGET), time: 0 });
  assert.doesNotMatch(finish(asked, {}), /failed with/);
});

test("source ports without answers are named, beside others that have some", () => {
  const broken = (asked: Asked) => explanation(asked.target, settingsOf("--source-ports", "2"));
  const two = () => new Asked(undefined, TARGET, 2);
  assert.match(
    broken(two().answered(1).lost().answered(1).lost().answered(1)),
    /; requests from source port 40001 get no good answer, those from 1 other do: one of several paths is broken$/,
  );
  for (const asked of [two().answered(1).lost().answered(1), two().lost().lost().lost().lost()]) {
    assert.doesNotMatch(broken(asked), /source port 4000[01] get/);
  }
});

test("every verdict is explained", () => {
  for (const [{ target }, args, word, sentence] of EXPLANATIONS) {
    assert.deepEqual([verdict(target.ledger), explanation(target, settingsOf(...args))], [word, sentence]);
  }
});
