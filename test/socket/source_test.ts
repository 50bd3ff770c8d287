/** The source address of what the library sends, in every combination of bound, connected, `from` and path. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Endpoint, type MessageBatch, UdpSocket } from "../../src/mod.ts";

const payload = new TextEncoder().encode("source");

/** Receives one message. */
async function receive(socket: UdpSocket): Promise<MessageBatch> {
  const batch = socket.batch(1);
  assert.equal(await socket.readable(), true);
  assert.equal(socket.receive(batch, false), 1);
  return batch;
}

/** A way to send to a receiver: by address alone, with a source, along a path, over a connection. */
type Way = "to" | "from" | "path" | "connected" | "connected with from";

interface Case {
  name: string;
  /** Address that the sender is bound to; undefined for all. */
  bound: string | undefined;
  family?: 4 | 6;
  receiver: string;
  way: Way;
  from?: string;
  expected: string;
}

const cases: Case[] = [
  { name: "bound, to", bound: "127.0.0.5", receiver: "127.0.0.1", way: "to", expected: "127.0.0.5" },
  { name: "bound, connected", bound: "127.0.0.5", receiver: "127.0.0.1", way: "connected", expected: "127.0.0.5" },
  { name: "bound, along a path", bound: "127.0.0.5", receiver: "127.0.0.1", way: "path", expected: "127.0.0.5" },
  { name: "bound, from the same", bound: "127.0.0.5", receiver: "127.0.0.1", way: "from", expected: "127.0.0.5" },
  {
    name: "bound, from another",
    bound: "127.0.0.5",
    receiver: "127.0.0.1",
    way: "from",
    from: "127.0.0.6",
    expected: "127.0.0.6",
  },
  { name: "IPv4, to", bound: undefined, family: 4, receiver: "127.0.0.9", way: "to", expected: "127.0.0.1" },
  {
    name: "IPv4, from",
    bound: undefined,
    family: 4,
    receiver: "127.0.0.9",
    way: "from",
    from: "127.0.0.7",
    expected: "127.0.0.7",
  },
  {
    name: "IPv4, along a path",
    bound: undefined,
    family: 4,
    receiver: "127.0.0.9",
    way: "path",
    expected: "127.0.0.8",
  },
  { name: "dual-stack, to IPv4", bound: undefined, receiver: "127.0.0.9", way: "to", expected: "127.0.0.1" },
  {
    name: "dual-stack, connected to IPv4",
    bound: undefined,
    receiver: "127.0.0.9",
    way: "connected",
    expected: "127.0.0.1",
  },
  {
    name: "dual-stack, from IPv4",
    bound: undefined,
    receiver: "127.0.0.9",
    way: "from",
    from: "127.0.0.7",
    expected: "127.0.0.7",
  },
  {
    name: "dual-stack, connected, from IPv4",
    bound: undefined,
    receiver: "127.0.0.9",
    way: "connected with from",
    from: "127.0.0.7",
    expected: "127.0.0.7",
  },
  {
    name: "dual-stack, along an IPv4 path",
    bound: undefined,
    receiver: "127.0.0.9",
    way: "path",
    expected: "127.0.0.8",
  },
  { name: "dual-stack, to IPv6", bound: undefined, receiver: "::1", way: "to", expected: "::1" },
  { name: "dual-stack, along an IPv6 path", bound: undefined, receiver: "::1", way: "path", expected: "::1" },
  { name: "IPv6, bound, to", bound: "::1", receiver: "::1", way: "to", expected: "::1" },
  { name: "IPv6, bound, connected", bound: "::1", receiver: "::1", way: "connected", expected: "::1" },
  { name: "IPv6, from", bound: undefined, family: 6, receiver: "::1", way: "from", from: "::1", expected: "::1" },
];

describe("the source", () => {
  for (const { name, bound, family, receiver: address, way, from = bound, expected } of cases) {
    test(`${name}: ${expected}`, async () => {
      using receiver = UdpSocket.bind({ port: 0, address });
      using sender = UdpSocket.bind({ port: 0, address: bound, family });
      const to: Endpoint = { address, port: receiver.port };
      if (way === "to") {
        sender.sendTo(payload, { to });
      } else if (way === "from") {
        sender.sendTo(payload, { to, from });
      } else if (way === "path") {
        // The sender answers a datagram to the address that is expected as the source.
        receiver.sendTo(payload, { to: { address: expected, port: sender.port } });
        sender.sendTo(payload, (await receive(sender)).path(0));
      } else {
        sender.connect(to);
        sender.sendTo(payload, way === "connected" ? { to } : { to, from });
      }
      const batch = await receive(receiver);
      assert.deepEqual(batch.peer(0), { address: expected, port: sender.port });
    });
  }

  test("a batch of several routes: each leaves from its own", async () => {
    using receiver = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
    using sender = UdpSocket.bind({ port: 0 });
    const batch = sender.batch(4);
    const to = { address: "127.0.0.1", port: receiver.port };
    for (const from of ["127.0.0.2", undefined, "127.0.0.3", "127.0.0.2"]) batch.add(payload, { to, from });
    assert.equal(sender.send(batch), 4);
    const received = receiver.batch(8);
    const sources: string[] = [];
    while (sources.length < 4 && await receiver.readable()) {
      receiver.receive(received, false);
      for (let i = 0; i < received.count; i++) {
        for (let k = 0; k < received.datagrams(i); k++) sources.push(received.peer(i).address);
      }
    }
    assert.deepEqual(sources.toSorted(), ["127.0.0.1", "127.0.0.2", "127.0.0.2", "127.0.0.3"]);
  });
});
