/** The memory that several servers on one port share. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { close } from "../../ffi/libc.ts";
import { BATCH_CAPACITY, type Block, isFor } from "../../src/echo/group.ts";
import { BROADCAST, MULTICAST, UNICAST, UNKNOWN } from "../../src/socket/control_message.ts";
import type { MessageBatch } from "../../src/socket/message_batch.ts";
import { UdpSocket } from "../../src/socket/udp_socket.ts";
import { mapBlock } from "../support/shared_block.ts";
import { receiveAsleep } from "../support/receive.ts";

/** Bytes that processors exchange as a whole. */
const CACHE_LINE = 64;

function partsOf({ stop, maxRateWord, linesLeft, counters, headers }: Block) {
  return [stop, maxRateWord, linesLeft, ...counters.map(({ counts }) => counts), ...headers];
}

describe("the memory of a group", () => {
  for (const servers of [1, 2, 5]) {
    test(`of ${servers}: each part has cache lines of its own`, () => {
      using block = mapBlock(servers);
      assert.equal(block.counters.length, servers);
      for (const word of [block.stop, block.maxRateWord, block.linesLeft]) assert.equal(word.length, 1);
      const parts = partsOf(block);
      // The memory begins with a page.
      const start = block.stop.byteOffset;
      const lines = parts.flatMap(({ byteOffset, byteLength }) => {
        const first = Math.floor((byteOffset - start) / CACHE_LINE);
        const last = Math.floor((byteOffset - start + byteLength - 1) / CACHE_LINE);
        return Array.from({ length: last - first + 1 }, (_, i) => first + i);
      });
      assert.equal(new Set(lines).size, lines.length);
      if (servers === 1) assert.deepEqual([block.fd, block.headers], [-1, []]);
      else close(block.fd);
    });
  }

  test("all of its servers see what one of them writes", () => {
    using block = mapBlock(3);
    using other = mapBlock(3, block.fd);
    try {
      assert.equal(other.fd, block.fd);
      partsOf(block).forEach((part, i) => part.fill(i + 1));
      partsOf(other).forEach((part, i) => assert.ok(part.every((value) => value === i + 1), `part ${i}`));
    } finally {
      close(block.fd);
    }
  });

  test("the headers of each server's batch are in it, so that another server can read them", () => {
    using block = mapBlock(2);
    using receiver = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
    using sender = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
    try {
      assert.equal(block.headers.length, 2);
      for (const headers of block.headers) {
        headers.fill(0);
        sender.sendTo(Uint8Array.of(1), { to: { address: "127.0.0.1", port: receiver.port } });
        const batch = receiver.batch(BATCH_CAPACITY, headers);
        assert.equal(receiveAsleep(receiver, batch), 1);
        assert.equal(batch.count, 1);
        assert.ok(headers.some((byte) => byte !== 0));
      }
    } finally {
      close(block.fd);
    }
  });
});

test("datagrams to broadcast and multicast addresses are for the first server only", () => {
  const destinations = [UNKNOWN, UNICAST, BROADCAST, MULTICAST];
  const isForServer = (index: number) =>
    destinations.map((to) => isFor(index, { destination: () => to } as unknown as MessageBatch, 0));
  assert.deepEqual(isForServer(0), [true, true, true, true]);
  assert.deepEqual([isForServer(1), isForServer(2)], Array(2).fill([true, true, false, false]));
});
