/** Sending: to each peer its datagrams, in order, from the right address, whatever else is in the batch; over loopback. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { EACCES, EINVAL, EMSGSIZE, ENETUNREACH, SOL_SOCKET } from "../../ffi/constants.ts";
import { ERRNO_COUNT } from "../../ffi/errno.ts";
import { addressWords, parseAddress } from "../../src/net/address.ts";
import type { MessageBatch } from "../../src/socket/message_batch.ts";
import { UdpSocket } from "../../src/socket/udp_socket.ts";
import { noPython } from "../support/client.ts";
import { LONG, Process } from "../support/process.ts";
import { receiveAsleep } from "../support/receive.ts";

/** Sends with checksum 0, which the kernel's segmentation refuses (EINVAL). <asm-generic/socket.h>, socket(7) */
const SO_NO_CHECK = 11;

// Peers in Python. A command is a line of JSON, and so is its answer. The last one takes
// trains as a whole (UDP_GRO, 104).
const PEERS = ["127.0.0.1", "127.0.0.1", "127.0.0.9", "::1", "::1", "127.0.0.1"];
const GRO_PEER = 5;
const PROGRAM = `
import hashlib, json, random, socket, sys, time

def peer(address):
  made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
  for option in (33, socket.SO_RCVBUF): # SO_RCVBUFFORCE, which is for root
    try:
      made.setsockopt(socket.SOL_SOCKET, option, 4 << 20)
      break
    except PermissionError: pass
  made.bind((address, 0))
  made.setblocking(False)
  return made

peers = [peer(address) for address in ${JSON.stringify(PEERS)}]
peers[${GRO_PEER}].setsockopt(socket.IPPROTO_UDP, 104, 1)
digest = lambda payload: "%d %s" % (len(payload), hashlib.sha256(payload).hexdigest()[:16])
source = random.Random(1)

# Sends payloads to a port: [peer, local address, size, segment size or 0]; tells the datagrams as the peers see them.
def send(port, items):
  sent = []
  for peer, local, size, segment in items:
    payload = source.randbytes(size)
    peers[peer].setsockopt(socket.IPPROTO_UDP, 103, segment) # UDP_SEGMENT
    assert peers[peer].sendto(payload, (local, port)) == size
    step = segment or size or 1
    for at in range(0, max(size, 1), step): sent.append([peer, local, port, digest(payload[at:at + step])])
  return sent

# Receives so many datagrams, and whatever else there is; tells [peer, source address, source port, digest].
def receive(count):
  received, deadline = [], time.monotonic() + 5
  while True:
    quiet = True
    for i, peer in enumerate(peers):
      try:
        while True:
          payload, control, flags, name = peer.recvmsg(65535, 64)
          size = int.from_bytes(control[0][2], "little") if control else len(payload) or 1
          for at in range(0, max(len(payload), 1), size): received.append([i, name[0], name[1], digest(payload[at:at + size])])
          messages[i] += 1
          quiet = False
      except BlockingIOError: pass
    if quiet and (len(received) >= count or time.monotonic() > deadline): return received

for line in sys.stdin:
  messages = [0] * len(peers)
  command, *given = json.loads(line)
  if command == "ports": answer = [peer.getsockname()[1] for peer in peers]
  if command == "send": answer = send(*given)
  if command == "receive": answer = [receive(*given), messages]
  print(json.dumps(answer), flush=True)
`;

/** A datagram as a peer sees it: which peer, the server's address and port, length and digest of the payload. */
type Datagram = [peer: number, local: string, port: number, payload: string];

/** What a peer sends in one system call: with a segment size, as a train. */
type Item = [peer: number, local: string, size: number, segment: number];

class Peers {
  readonly #process = new Process(["python3", "-c", PROGRAM], { stdin: true });
  #answers = 0;

  async ask<T>(...command: unknown[]): Promise<T> {
    this.#process.write(`${JSON.stringify(command)}\n`);
    const line = () => this.#process.stdout.split("\n").slice(0, -1)[this.#answers];
    const answer = await this.#process.waitFor(line, `answer to ${command[0]}`);
    this.#answers++;
    return JSON.parse(answer);
  }

  send(port: number, items: Item[]): Promise<Datagram[]> {
    return this.ask("send", port, items);
  }

  /** Receives so many datagrams, and whatever comes besides; tells also in how many messages each peer received. */
  async receive(count: number): Promise<{ datagrams: Datagram[]; messages: number[] }> {
    const [datagrams, messages] = await this.ask<[Datagram[], number[]]>("receive", count);
    return { datagrams, messages };
  }

  stop(): Promise<void> {
    return this.#process.kill();
  }
}

/** Length and digest of a payload, as the peers tell them. */
function digest(payload: Uint8Array): string {
  return `${payload.length} ${createHash("sha256").update(payload).digest("hex").slice(0, 16)}`;
}

/** The datagrams of each flow (a peer and a local address), in order. */
function byFlow(datagrams: Datagram[]): Record<string, string[]> {
  const flows: Record<string, string[]> = {};
  for (const [peer, local, port, payload] of datagrams) {
    (flows[`peer ${peer}, ${local} port ${port}`] ??= []).push(payload);
  }
  return flows;
}

/** Answers so many datagrams, as the server does; returns how many messages they arrived in. */
function answer(socket: UdpSocket, batch: MessageBatch, count: number): number {
  let datagrams = 0;
  let messages = 0;
  while (datagrams < count) {
    const received = receiveAsleep(socket, batch);
    assert.ok(received > 0, `received ${datagrams} datagrams of ${count}, then error ${-received}`);
    let due = 0;
    for (let i = 0; i < received; i++) {
      due += batch.datagrams(i);
      batch.markForSend(i);
    }
    assert.equal(socket.send(batch), due);
    datagrams += due;
    messages += received;
  }
  return messages;
}

/** A socket whose `receive` doesn't wait for ever. */
function bind(options: { family?: 4; address?: string } = {}): UdpSocket {
  const socket = UdpSocket.bind({ port: 0, receiveBuffer: 4 << 20, ...options });
  socket.setReceiveTimeout(5000);
  return socket;
}

describe("datagrams", { skip: noPython }, () => {
  let peers: Peers;
  let ports: number[];
  before(async () => {
    peers = new Peers();
    ports = await peers.ask("ports");
  });
  after(() => peers?.stop());

  /** Has the items sent, all of them answered, and asserts that each comes back where it belongs. */
  async function assertEchoed(socket: UdpSocket, batch: MessageBatch, items: Item[]): Promise<{ messages: number[] }> {
    const sent = await peers.send(socket.port, items);
    answer(socket, batch, sent.length);
    const { datagrams, messages } = await peers.receive(sent.length);
    assert.deepEqual(byFlow(datagrams), byFlow(sent));
    return { messages };
  }

  /** The first of these most of the time, so that there are flows of several datagrams. */
  const mostly = <T>(first: T, ...others: T[]) =>
    fc.oneof({ weight: 3, arbitrary: fc.constant(first) }, { weight: 2, arbitrary: fc.constantFrom(...others) });
  const local4 = mostly("127.0.0.1", "127.0.0.2", "127.255.0.3");
  const size = fc.oneof({ weight: 5, arbitrary: mostly(100, 0, 1, 99, 101, 1000) }, fc.nat(1200));
  const segment = mostly(0, 1, 40, 100, 500).chain((segment) => fc.tuple(size, fc.constant(segment)))
    .map(([size, segment]) => [size, segment > 0 && size > segment && size <= segment * 64 ? segment : 0] as const);
  const to4 = fc.tuple(mostly(0, 1, 2), local4, segment);
  const to6 = fc.tuple(mostly(3, 4), fc.constant("::1"), segment);
  const items = (...destinations: (typeof to4)[]): fc.Arbitrary<Item[]> =>
    fc.tuple(
      fc.array(fc.oneof(...destinations), { minLength: 1, maxLength: 40, size: "max" }),
      fc.option(fc.tuple(fc.nat(40), fc.constantFrom(65_507, 30_000)), { nil: undefined }),
    ).map(([destinations, large]) => {
      const items = destinations.map(([peer, local, [size, segment]]): Item => [peer, local, size, segment]);
      if (large) items.splice(large[0], 0, [0, "127.0.0.2", large[1], 0]);
      return items;
    });

  for (
    const [name, family, arbitrary] of [
      ["a dual-stack socket", undefined, items(to4, to6)],
      ["an IPv4 socket", 4, items(to4)],
    ] as const
  ) {
    test(`on ${name}, to many peers from many addresses, in any order`, LONG, async () => {
      const socket = bind(family ? { family } : {});
      const large = socket.batch(64);
      const small = socket.batch(3);
      try {
        await fc.assert(
          fc.asyncProperty(arbitrary, fc.boolean(), async (items, few) => {
            await assertEchoed(socket, few ? small : large, items);
          }),
          // What one run leaves in the socket, the next one finds.
          { numRuns: 80, interruptAfterTimeLimit: 8000, endOnFailure: true },
        );
      } finally {
        socket.close();
      }
    });
  }

  test("to one peer leave together, and a train as a train", async () => {
    const socket = bind();
    const batch = socket.batch(64);
    try {
      const single: Item = [GRO_PEER, "127.0.0.1", 100, 0];
      const { messages } = await assertEchoed(socket, batch, new Array(30).fill(single));
      assert.equal(messages[GRO_PEER], 1);
      const train: Item = [GRO_PEER, "127.0.0.1", 64 * 1000 - 1, 1000];
      const sent = await peers.send(socket.port, [train]);
      assert.equal(sent.length, 64);
      assert.equal(answer(socket, batch, 64), 1, "the train arrived in pieces");
      const received = await peers.receive(64);
      assert.deepEqual(byFlow(received.datagrams), byFlow(sent));
      assert.equal(received.messages[GRO_PEER], 1);
      // A shorter one ends a train, an empty one and a larger one can't join it.
      const sizes = [100, 100, 50, 100, 100, 0, 100, 200, 200];
      const mixed = await assertEchoed(socket, batch, sizes.map((size): Item => [GRO_PEER, "127.0.0.1", size, 0]));
      assert.equal(mixed.messages[GRO_PEER], 5);
    } finally {
      socket.close();
    }
  });

  test("of a train of which only the beginning is answered", async () => {
    const socket = bind();
    const batch = socket.batch(4);
    try {
      const sent = await peers.send(socket.port, [[0, "127.0.0.2", 950, 100], [3, "::1", 250, 100]]);
      assert.equal(receiveAsleep(socket, batch), 2);
      assert.deepEqual([batch.datagrams(0), batch.datagrams(1)], [10, 3]);
      batch.shorten(0, 4);
      batch.shorten(1, 3);
      batch.markForSend(0);
      batch.markForSend(1);
      assert.equal(socket.send(batch), 7);
      const { datagrams } = await peers.receive(7);
      assert.deepEqual(byFlow(datagrams), byFlow([...sent.slice(0, 4), ...sent.slice(10)]));
    } finally {
      socket.close();
    }
  });

  test("where the kernel refuses trains: one by one, in order, also when they outnumber the batch", async () => {
    const socket = bind({ family: 4 });
    socket.setOption(SOL_SOCKET, SO_NO_CHECK, 1);
    try {
      for (const capacity of [64, 4, 1]) {
        const batch = socket.batch(capacity);
        // The first time it has to find out, later it knows.
        for (let round = 0; round < 3; round++) {
          const { messages } = await assertEchoed(socket, batch, [
            ...new Array<Item>(10).fill([GRO_PEER, "127.0.0.1", 100, 0]),
            [GRO_PEER, "127.0.0.1", 6350, 100],
            [0, "127.0.0.2", 50, 0],
            [GRO_PEER, "127.0.0.1", 0, 0],
            ...new Array<Item>(5).fill([GRO_PEER, "127.0.0.1", 100, 0]),
          ]);
          assert.equal(messages[GRO_PEER], 80, "they came as a train");
        }
      }
      for (let errno = 1; errno < ERRNO_COUNT; errno++) assert.equal(socket.failed(errno), 0);
    } finally {
      socket.close();
    }
  });

  test("from an address that the kernel refuses: neither as a train nor one by one, and no others suffer", async () => {
    const socket = bind({ family: 4 });
    const batch = socket.batch(16);
    // Nothing can leave from a broadcast address (EINVAL, which might mean the train).
    const refused = addressWords(parseAddress("255.255.255.255")!);
    try {
      const stay = (peer: number): Item => [peer, "127.0.0.1", 100, 0];
      const go = (peer: number, size: number): Item => [peer, "127.0.0.2", size, 0];
      const items = [stay(0), go(0, 100), go(0, 100), stay(0), go(0, 50), stay(1), go(1, 0), stay(0)];
      const sent = await peers.send(socket.port, items);
      assert.equal(receiveAsleep(socket, batch), items.length);
      for (let i = 0; i < items.length; i++) {
        batch.markForSend(i);
        if (batch.localAddress(i) === "127.0.0.2") batch.addresses.set(refused, batch.localWord(i));
      }
      assert.equal(socket.send(batch), 4);
      assert.equal(socket.failed(EINVAL), 4);
      assert.deepEqual(
        items.map((_, i) => batch.error(i)),
        items.map(([, local]) => local === "127.0.0.2" ? EINVAL : 0),
      );
      const { datagrams } = await peers.receive(4);
      assert.deepEqual(byFlow(datagrams), byFlow(sent.filter(([, local]) => local === "127.0.0.1")));
    } finally {
      socket.close();
    }
  });

  test("more than a window of them, of many flows, in order", async () => {
    const socket = bind();
    const batch = socket.batch(200);
    try {
      const expected: Datagram[] = [];
      for (let i = 0; i < 200; i++) {
        const peer = [0, 1, 3][i % 3]!;
        const payload = new Uint8Array(i % 7 === 0 ? 50 : 100).fill(i);
        batch.add(payload, { to: { address: PEERS[peer]!, port: ports[peer]! } });
        expected.push([peer, PEERS[peer]!, socket.port, digest(payload)]);
      }
      assert.equal(socket.send(batch), 200);
      const { datagrams } = await peers.receive(200);
      assert.deepEqual(byFlow(datagrams), byFlow(expected));
    } finally {
      socket.close();
    }
  });

  test("a failure in one batch stays known after a good send of another", async () => {
    const socket = bind();
    const bad = socket.batch(1);
    const good = socket.batch(1);
    try {
      bad.add(new Uint8Array(4), { to: { address: "127.255.255.255", port: 9 } });
      assert.equal(socket.send(bad), 0);
      good.add(new Uint8Array(4), { to: { address: "127.0.0.1", port: ports[0]! } });
      assert.equal(socket.send(good), 1);
      assert.equal(socket.lastError, EACCES);
      assert.equal(socket.failed(EACCES), 1);
      await peers.receive(1);
    } finally {
      socket.close();
    }
  });

  test("of which some fail: the others arrive, and each failure is counted", LONG, async () => {
    const socket = bind();
    const batch = socket.batch(64);
    // None of these leaves the host, whatever its routes.
    const failures = [
      { errno: EMSGSIZE, address: "127.0.0.1", sizes: [65_508, 65_535] },
      { errno: EMSGSIZE, address: "::1", sizes: [65_528] },
      { errno: EACCES, address: "127.255.255.255", sizes: [100, 100, 50, 0] },
      { errno: ENETUNREACH, address: "fe80::1%lo", sizes: [100, 100, 50, 0] },
    ];
    const failing = fc.constantFrom(...failures).chain(({ errno, address, sizes }) =>
      fc.constantFrom(...sizes).map((size) => ({ errno, address, port: 9, peer: -1, size }))
    );
    const going = fc.tuple(mostly(0, 3, 1), mostly(100, 50, 0, 1000))
      .map(([peer, size]) => ({ errno: 0, address: PEERS[peer]!, port: ports[peer]!, peer, size }));
    const messages = fc.array(fc.oneof({ weight: 3, arbitrary: going }, { weight: 2, arbitrary: failing }), {
      minLength: 1,
      maxLength: 40,
      size: "max",
    });
    const counted = () => Array.from({ length: ERRNO_COUNT }, (_, errno) => socket.failed(errno));
    try {
      await fc.assert(
        fc.asyncProperty(messages, async (messages) => {
          const before = counted();
          batch.clear();
          const expected: Datagram[] = [];
          for (const [i, { errno, address, port, peer, size }] of messages.entries()) {
            const payload = new Uint8Array(size).fill(i);
            batch.add(payload, { to: { address, port } });
            before[errno]! += errno === 0 ? 0 : 1;
            if (errno > 0) continue;
            expected.push([peer, address, socket.port, digest(payload)]);
          }
          assert.equal(socket.send(batch), expected.length);
          assert.deepEqual(counted(), before);
          assert.deepEqual(messages.map((_, i) => batch.error(i)), messages.map(({ errno }) => errno));
          const { datagrams } = await peers.receive(expected.length);
          assert.deepEqual(byFlow(datagrams), byFlow(expected));
        }),
        { numRuns: 60, interruptAfterTimeLimit: 8000, endOnFailure: true },
      );
    } finally {
      socket.close();
    }
  });
});
