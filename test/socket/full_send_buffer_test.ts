/** Sending while the send buffer is more than half full, with a kernel whose fill level the test says. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EAGAIN, SK_MEMINFO_SNDBUF, SK_MEMINFO_WMEM_ALLOC } from "../../ffi/constants.ts";
import type { SocketMemory } from "../../ffi/socket_memory.ts";
import { UdpSocket } from "../../src/mod.ts";
import { BatchSender } from "../../src/socket/batch_sender.ts";
import { messagesOf } from "../../src/socket/message_batch.ts";

/** What a datagram costs beside its bytes, which count twice. */
const BOOKKEEPING = 1024;
const SIZE = 1 << 19;

/** Sends datagrams of these sizes to one peer, with so many bytes left in the buffer; tells what became of them. */
function send(sizes: readonly number[], room: number, stays = (_bytes: number) => 0) {
  using receiver = UdpSocket.bind({ port: 0, address: "127.0.0.1", receiveBuffer: 1 << 20 });
  using socket = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
  const batch = socket.batch(sizes.length);
  const path = socket.path({ to: receiver.local });
  for (const size of sizes) batch.add(new Uint8Array(size), path);
  const received = receiver.batch(sizes.length);
  const arrived: number[] = [];
  let messages = 0;
  const memory = {
    used: SIZE - room,
    read(value: number) {
      for (let count = 1; count > 0;) {
        count = receiver.tryReceive(received);
        messages += count;
        for (let i = 0; i < count; i++) {
          arrived.push(...Array.from({ length: received.datagrams(i) }, (_, k) => received.payloadSize(i, k)));
          this.used += stays(received.size(i));
        }
      }
      if (value === SK_MEMINFO_SNDBUF) return SIZE;
      assert.equal(value, SK_MEMINFO_WMEM_ALLOC);
      return this.used;
    },
  };
  const sender = new BatchSender({
    fd: socket.fd,
    segmentation: socket.notices.length === 0,
    socketMemory: memory as unknown as SocketMemory,
  });
  // It looks at the fill level when it may have filled one half.
  using other = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
  const large = socket.batch(2);
  for (let i = 0; i < 2; i++) large.add(new Uint8Array(65_507), { to: other.local });
  sender.send(messagesOf("sendmmsg", large));
  const failedBefore = sender.failed[EAGAIN]!;
  sender.lastError = 0;

  const sent = sender.send(messagesOf("sendmmsg", batch));
  memory.read(SK_MEMINFO_WMEM_ALLOC);
  assert.equal(sent, arrived.length);
  assert.equal(sender.failed[EAGAIN]! - failedBefore, sizes.length - sent);
  assert.equal(sender.lastError, sent < sizes.length ? EAGAIN : 0);
  return { arrived, messages, errors: sizes.map((_, i) => batch.error(i)) };
}

/** The bytes of a datagram that costs so much. */
const bytesFor = (cost: number) => (cost - BOOKKEEPING) / 2;

describe("into a send buffer that is more than half full, to one peer", () => {
  test("a datagram leaves if it fits with its bookkeeping, else it fails with EAGAIN", () => {
    const room = 10_000;
    const fits = bytesFor(room);
    assert.deepEqual(send([fits], room), { arrived: [fits], messages: 1, errors: [0] });
    assert.deepEqual(send([fits + 1], room), { arrived: [], messages: 0, errors: [EAGAIN] });
    assert.deepEqual(send([0], BOOKKEEPING), { arrived: [0], messages: 1, errors: [0] });
    assert.deepEqual(send([0], BOOKKEEPING - 1), { arrived: [], messages: 0, errors: [EAGAIN] });
  });

  test("what leaves the host at once does not count: all of it goes, a train as its datagrams", () => {
    const sizes = [...new Array(20).fill(500), 100, 0, 700];
    const { arrived, messages, errors } = send(sizes, 10_000);
    assert.deepEqual([arrived, errors], [sizes, sizes.map(() => 0)]);
    assert.equal(messages, sizes.length);
  });

  test("what stays counts: the first goes, and few others", () => {
    const sizes = new Array(20).fill(500);
    const { arrived, errors } = send(sizes, SIZE / 4, (bytes) => 4 * bytes);
    assert.ok(arrived.length >= 3 && arrived.length < 12, `${arrived.length} datagrams`);
    assert.equal(errors[0], 0);
    assert.deepEqual(errors.filter((error) => error !== 0), new Array(20 - arrived.length).fill(EAGAIN));
  });

  test("a train that takes a small part of the room leaves as one message", () => {
    const sizes = new Array(4).fill(100);
    const cost = 2 * 400 + 4 * BOOKKEEPING;
    assert.equal(send(sizes, 32 * cost).messages, 1);
    assert.equal(send(sizes, 32 * cost - 32).messages, 4);
  });
});
