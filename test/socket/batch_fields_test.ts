/** What the methods of a batch tell of its messages, and what they refuse. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AF_INET, AF_INET6 } from "../../ffi/constants.ts";
import { MessageBatch } from "../../src/mod.ts";
import { messagesOf } from "../../src/socket/message_batch.ts";
import { field, word } from "../../src/socket/message_layout.ts";
import { PAYLOAD_SIZE_MAX } from "../../src/socket/messages.ts";
import { systemErrorOf } from "../support/errors.ts";

const TO = { to: { address: "2001:db8::1", port: 7 } };

/** A batch of two messages, of which the second is a train: datagrams of 100, 100 and 50 bytes. */
function example() {
  const batch = new MessageBatch(AF_INET6, 3);
  batch.add(Uint8Array.of(1, 2, 3), TO);
  batch.add(new Uint8Array(250).map((_, i) => i / 100), TO);
  const messages = messagesOf("recvmmsg", batch);
  messages.set(1, field.segmentSize, 100);
  const setWord = (name: number, value: number) => messages.paths[messages.path(1) + name] = value;
  return { batch, messages, setWord };
}

/** The error of a call, without the name of the system call. */
function errorOf(call: () => unknown): string {
  const error = systemErrorOf(call);
  if (error === undefined) return "no error";
  assert.equal(error.syscall, "sendmmsg");
  return `${error.code}: ${error.message}`;
}

describe("a batch", () => {
  test("numbers its messages and their datagrams from 0", () => {
    const { batch } = example();
    const { family, capacity, count } = batch;
    assert.deepEqual([family, capacity, count], [AF_INET6, 3, 2]);
    const sizes = [0, 1].map((i) => [batch.size(i), batch.segmentSize(i), batch.datagrams(i)]);
    assert.deepEqual(sizes, [[3, 3, 1], [250, 100, 3]]);
    assert.deepEqual(
      [0, 1, 2].map((k) => [...batch.payload(1, k)]),
      [100, 100, 50].map((size, k) => Array(size).fill(k)),
    );
    assert.deepEqual([0, 1, 2].map((k) => batch.payloadOffset(1, k) - batch.payloadOffset(1)), [0, 100, 200]);
    for (const i of [-1, 2, 3, 0.5, NaN]) {
      assert.equal(
        errorOf(() => batch.size(i)),
        `EINVAL: the batch has no message ${i}: it holds 2, numbered from 0`,
      );
    }
    for (const k of [-1, 3, 0.5]) {
      assert.equal(
        errorOf(() => batch.payload(1, k)),
        `EINVAL: message 1 has no datagram ${k}: it has 3, numbered from 0`,
      );
    }
    batch.clear();
    assert.equal(batch.count, 0);
    assert.match(errorOf(() => batch.size(0)), /it holds 0,/);
  });

  test("shortens a train to its first datagrams, and ignores other numbers", () => {
    for (
      const [datagrams, size] of [[1, 100], [2, 200], [3, 250], [4, 250], [0, 250], [-1, 250], [1.5, 250]] as const
    ) {
      const { batch } = example();
      batch.shorten(1, datagrams);
      assert.equal(batch.size(1), size, `${datagrams} datagrams`);
    }
  });

  test("tells no time, class or hop limit unless it was received, and times until 2106", () => {
    const { batch, messages } = example();
    const told = () => [
      ...[batch.arrival(1), batch.arrivalNanoseconds(1), batch.trafficClass(1), batch.hopLimit(1)],
      ...[batch.isCut(1), batch.fragmentSize(1)],
    ];
    assert.deepEqual(told(), [undefined, undefined, undefined, undefined, false, 0]);
    messages.set(1, field.seconds, 4_000_000_000);
    messages.set(1, field.nanoseconds, 0);
    for (const name of [field.trafficClass, field.hopLimit]) messages.set(1, name, 0);
    messages.set(1, field.cut, 1);
    messages.set(1, field.fragmentSize, 1280);
    assert.deepEqual(told(), [4_000_000_000_000, 4_000_000_000n * 1_000_000_000n, 0, 0, true, 1280]);
    messages.set(1, field.nanoseconds, 123_456_789);
    assert.equal(batch.arrivalNanoseconds(1), 4_000_000_000_123_456_789n);
    assert.ok(Math.abs(batch.arrival(1)! - 4_000_000_000_123.456789) < 0.001);
  });

  test("tells indexes of interfaces as numbers of at least 0, and zones of link-local addresses alone", () => {
    const { batch, setWord } = example();
    setWord(word.interface, -2);
    setWord(word.peerScope, -3);
    assert.deepEqual([batch.interfaceIndex(1), batch.peerScope(1), batch.peerZone(1)], [2 ** 32 - 2, 2 ** 32 - 3, ""]);
    assert.equal(batch.interfaceName(1), `${2 ** 32 - 2}`);
    setWord(word.interface, 1);
    setWord(word.peerScope, 1);
    setWord(word.peer, 0x80fe);
    assert.deepEqual([batch.interfaceName(1), batch.peerZone(1), batch.isIPv4(1)], ["lo", "lo", false]);
    assert.deepEqual(batch.peer(1), { address: `${batch.peer(1).address.split("%")[0]}%lo`, port: 7 });
  });

  test("marks what it sends, and takes payloads up to the largest", () => {
    const { batch, messages } = example();
    assert.deepEqual([batch.isMarked(0), batch.isMarked(1)], [true, true]);
    messages.set(1, field.marked, 0);
    assert.equal(batch.isMarked(1), false);
    batch.markForSend(1);
    assert.equal(batch.isMarked(1), true);
    batch.setPayload(1, new Uint8Array(PAYLOAD_SIZE_MAX));
    assert.deepEqual([batch.size(1), batch.segmentSize(1), batch.datagrams(1)], [
      PAYLOAD_SIZE_MAX,
      PAYLOAD_SIZE_MAX,
      1,
    ]);
    const tooLarge =
      `EMSGSIZE: a payload of ${PAYLOAD_SIZE_MAX + 1} bytes is too large: a datagram carries 65507 bytes ` +
      "over IPv4, 65527 over IPv6";
    assert.equal(errorOf(() => batch.setPayload(1, new Uint8Array(PAYLOAD_SIZE_MAX + 1))), tooLarge);
    assert.equal(errorOf(() => batch.add(new Uint8Array(PAYLOAD_SIZE_MAX + 1), TO)), tooLarge);
    for (const value of [0, 255]) batch.setTrafficClass(1, value);
    for (const value of [-1, 256]) {
      assert.equal(
        errorOf(() => batch.setTrafficClass(1, value)),
        `EINVAL: a traffic class must be a whole number from 0 to 255, not ${value}`,
      );
    }
    batch.add(new Uint8Array(0), TO);
    assert.deepEqual([batch.count, batch.size(2), batch.datagrams(2)], [3, 0, 1]);
    assert.equal(
      errorOf(() => batch.add(new Uint8Array(0), TO)),
      "ENOBUFS: the batch is full: it holds 3 messages; send it first",
    );
    assert.equal(
      errorOf(() => Reflect.apply(batch.add, batch, [new Uint8Array(0), "127.0.0.1"])),
      'EINVAL: the route of a message must be an object, not "127.0.0.1"',
    );
  });

  test("refuses a peer that its family does not reach", () => {
    const batch = new MessageBatch(AF_INET, 1);
    assert.equal(
      errorOf(() => batch.add(new Uint8Array(1), TO)),
      "EAFNOSUPPORT: an IPv4 socket does not reach the IPv6 address 2001:db8::1; bind one for both families, or for IPv6",
    );
    assert.equal(batch.count, 0);
  });
});
