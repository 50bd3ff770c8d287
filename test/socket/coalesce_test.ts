/** Coalescing, compared with its rules: any messages of few flows, in any order. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { AF_INET6 } from "../../ffi/constants.ts";
import { addressWords, parseAddress } from "../../src/net/address.ts";
import { coalesce, WINDOW } from "../../src/socket/coalesce.ts";
import { field, word } from "../../src/socket/message_layout.ts";
import { Messages } from "../../src/socket/messages.ts";

const DATAGRAMS_MAX = 64;
const BYTES_MAX = 65_507;
/** Error of every message before. */
const OLD_ERROR = 7;

/** A message: where it goes, and what it carries. */
interface Sent {
  readonly peer: string;
  readonly local: string;
  readonly port: number;
  readonly scope: number;
  readonly by: number;
  readonly trafficClass: number;
  readonly size: number;
  /** Bytes of each datagram; 0 for a single one. */
  readonly segment: number;
  readonly marked: boolean;
}

// Addresses that differ in one word each.
const PEERS = ["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8:0:1::1", "2001:db9::1", "2001:db8::1:0:1", "fe80::1"];
const LOCALS = ["192.0.2.9", "2001:db8::9", "2001:db8::1:0:9", "fe80::9", "::"];

/** The first most of the time, so that flows have many messages. */
const mostly = <T>(...values: readonly [T, ...T[]]) =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(values[0]) }, { weight: 1, arbitrary: fc.constantFrom(...values) });

const size = fc.oneof(
  { weight: 6, arbitrary: mostly(100, 0, 1, 99, 101, 1200, 30_000, BYTES_MAX - 100, BYTES_MAX) },
  { weight: 1, arbitrary: fc.nat(3000) },
);
const message: fc.Arbitrary<Sent> = fc.record({
  peer: mostly(PEERS[0]!, ...PEERS),
  local: mostly(LOCALS[1]!, ...LOCALS),
  port: mostly(7, 8),
  scope: mostly(0, 2),
  by: mostly(0, 2, 3),
  trafficClass: mostly(-1, 0, 1),
  size,
  segment: mostly(0, 100, 50, 1, 1000),
  marked: mostly(true, false),
}).map((sent) => ({
  ...sent,
  // A reception has no other trains.
  segment: sent.segment < sent.size && sent.size <= sent.segment * DATAGRAMS_MAX ? sent.segment : 0,
}));

const capacity = 3 * WINDOW;
const messages = new Messages(AF_INET6, capacity);
const heads = new Int32Array(WINDOW);

/** Coalesces the messages from `first` on; returns the trains, each as the numbers of its messages. */
function coalesced(sent: readonly Sent[], first: number, segmentation: boolean): number[][] {
  messages.count = sent.length;
  sent.forEach(({ peer, local, port, scope, by, trafficClass, size, segment, marked }, i) => {
    const { paths } = messages;
    const path = messages.path(i);
    paths.set(addressWords(parseAddress(peer)!), path + word.peer);
    paths.set(addressWords(parseAddress(local)!), path + word.local);
    paths[path + word.peerPort] = port;
    paths[path + word.peerScope] = scope;
    paths[path + word.sendInterface] = by;
    // The interface that a message arrived by does not matter.
    paths[path + word.interface] = i;
    messages.set(i, field.sendTrafficClass, trafficClass);
    messages.set(i, field.size, size);
    messages.set(i, field.segmentSize, segment || size);
    messages.set(i, field.marked, marked ? 1 : 0);
    messages.set(i, field.error, OLD_ERROR);
  });
  const trains = coalesce(messages, first, sent.length, heads, segmentation);
  return Array.from(heads.subarray(0, trains), (head) => {
    const numbers: number[] = [];
    for (let i = head; i >= 0; i = messages.get(i, field.next)) numbers.push(i);
    return numbers;
  });
}

/** What the messages of a flow share. */
function flowOf({ peer, local, port, scope, by, trafficClass }: Sent): string {
  return `${peer} ${port} ${scope} ${local} ${by} ${trafficClass}`;
}

/** The sizes of the datagrams of messages. */
function datagramsOf(sent: readonly Sent[]): number[] {
  return sent.flatMap(({ size, segment }) =>
    segment === 0
      ? [size]
      : Array.from({ length: Math.ceil(size / segment) }, (_, k) => Math.min(segment, size - k * segment))
  );
}

/** Whether the kernel takes these datagrams as one message: all of one size, but the last may be shorter. udp(7) */
function isTrain(datagrams: readonly number[]): boolean {
  const total = datagrams.reduce((sum, size) => sum + size, 0);
  return datagrams.length === 1 || datagrams.length <= DATAGRAMS_MAX && total <= BYTES_MAX && datagrams.at(-1)! > 0 &&
      datagrams.slice(0, -1).every((size) => size === datagrams[0]) && datagrams.at(-1)! <= datagrams[0]!;
}

function check(sent: readonly Sent[], first: number, segmentation: boolean): void {
  const found = coalesced(sent, first, segmentation);
  const due = sent.flatMap(({ marked }, i) => marked && i >= first ? [i] : []);
  assert.deepEqual(found.flat().sort((a, b) => a - b), due, "each marked message is in one train");
  assert.deepEqual(found.map(([head]) => head), found.map(([head]) => head).sort((a, b) => a! - b!));
  assert.deepEqual(
    sent.map((_, i) => messages.get(i, field.error)),
    sent.map((_, i) => due.includes(i) ? 0 : OLD_ERROR),
  );
  const flows = new Map<string, Sent[][]>();
  for (const numbers of found) {
    const train = numbers[0]!;
    const members = numbers.map((i) => sent[i]!);
    const flow = flowOf(members[0]!);
    for (const member of members) assert.equal(flowOf(member), flow);
    const datagrams = datagramsOf(members);
    assert.ok(isTrain(datagrams), `${datagrams}`);
    assert.equal(messages.get(train, field.trainDatagrams), datagrams.length);
    assert.equal(messages.get(train, field.trainSize), datagrams.reduce((sum, size) => sum + size, 0));
    assert.equal(messages.get(train, field.segmentSize), datagrams[0]);
    if (!segmentation) assert.equal(members.length, 1);
    flows.set(flow, [...flows.get(flow) ?? [], members]);
  }
  for (const [flow, own] of flows) {
    const inOrder = due.map((i) => sent[i]!).filter((each) => flowOf(each) === flow);
    assert.deepEqual(own.flat(), inOrder, "the order within the flow");
    // No train could have taken the next message too.
    for (let k = 1; k < own.length && segmentation; k++) {
      assert.ok(!isTrain(datagramsOf([...own[k - 1]!, own[k]![0]!])), `${datagramsOf(own.flat())}`);
    }
  }
}

describe("trains", () => {
  test("hold the messages of one flow, in order, as many as may be", () => {
    fc.assert(
      fc.property(
        fc.array(message, { minLength: 1, maxLength: WINDOW, size: "max" }),
        fc.boolean(),
        (sent, segmentation) => check(sent, 0, segmentation || sent.length % 3 > 0),
      ),
      { numRuns: 400 },
    );
  });

  test("in a later window of a batch", () => {
    const before = new Array<Sent>(2 * WINDOW).fill({
      ...{ peer: PEERS[0]!, local: LOCALS[1]!, port: 7, scope: 0, by: 2, trafficClass: -1 },
      ...{ size: 100, segment: 0, marked: true },
    });
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: WINDOW, size: "max" }), (sent) => {
        check([...before, ...sent], before.length, true);
      }),
      { numRuns: 60 },
    );
  });

  test("as long as the kernel takes them, and not longer", () => {
    const one = {
      peer: PEERS[2]!,
      local: LOCALS[1]!,
      port: 7,
      scope: 0,
      by: 2,
      trafficClass: -1,
      segment: 0,
      marked: true,
    };
    const lengths = (...sizes: number[]) =>
      coalesced(sizes.map((size) => ({ ...one, size })), 0, true).map((t) => t.length);
    assert.deepEqual(lengths(...new Array<number>(WINDOW).fill(1)), [64]);
    assert.deepEqual(lengths(32_753, 32_753, 1), [3]);
    assert.deepEqual(lengths(32_753, 32_753, 2), [2, 1]);
    assert.deepEqual(lengths(32_753, 32_754), [1, 1]);
    assert.deepEqual(lengths(32_754, 32_753), [2]);
    assert.deepEqual(lengths(32_754, 32_754), [1, 1]);
    const train = (size: number, segment: number) => ({ ...one, size, segment });
    const joined = (...sent: Sent[]) => coalesced(sent, 0, true).map((numbers) => numbers.length);
    assert.deepEqual(joined(train(630, 10), { ...one, size: 10 }, { ...one, size: 10 }), [2, 1]);
    assert.deepEqual(joined(train(320, 10), train(320, 10)), [2]);
    assert.deepEqual(joined(train(320, 10), train(321, 10)), [1, 1]);
    assert.deepEqual(joined(train(325, 10), train(310, 10)), [1, 1]);
  });

  test("of as many flows as there are messages, which differ in little", () => {
    const sent = Array.from({ length: WINDOW }, (_, i): Sent => ({
      peer: `2001:db8::${(i >> 3).toString(16)}:0:1`,
      ...{ local: LOCALS[1]!, port: i & 7, scope: 0, by: 2, trafficClass: -1, size: 100, segment: 0, marked: true },
    }));
    assert.equal(coalesced(sent, 0, true).length, WINDOW);
    check([...sent.slice(0, 32), ...sent.slice(0, 32)], 0, true);
  });
});
