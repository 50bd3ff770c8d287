/** The library: the socket and its batches, by themselves, and with whatever arguments. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import * as library from "../src/mod.ts";
import { MessageBatch, PAYLOAD_SIZE_MAX, UdpSocket, UNICAST } from "../src/mod.ts";
import { LONG, run, sleep, temporaryFolder, until } from "./support/process.ts";
import { commandLine, ROOT, RUNTIME } from "./support/server.ts";
import { systemErrorOf } from "./support/errors.ts";
import { socketAndHeir } from "./support/heir.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const EAGAIN = 11;

/** Runs a module that imports the library as `library`, and returns what it prints. */
async function runModule(source: string, runtimeOptions?: string[]): Promise<string> {
  const file = join(temporaryFolder(), "module.ts");
  writeFileSync(file, `import * as library from ${JSON.stringify(join(ROOT, "src/mod.ts"))};\n${source}`);
  const { code, stdout, stderr } = await run(commandLine(file, [], runtimeOptions));
  assert.equal(code, 0, stderr);
  return stdout;
}

/** Receives one message, which must come. */
async function receiveOne(socket: UdpSocket, batch: MessageBatch): Promise<void> {
  await until(() => socket.receive(batch, false) > 0, "datagram");
  assert.equal(batch.count, 1);
}

/** The error that a call throws. */
function errorOf(call: () => unknown): { code: string; syscall: string; message: string } {
  const error = systemErrorOf(call);
  assert.ok(error instanceof library.SystemError, `no error: ${call}`);
  return { code: error.code, syscall: error.syscall, message: error.message };
}

describe("a socket", () => {
  test("sends from the address it is told, and back along a path", async () => {
    using server = UdpSocket.bind({ port: 0 });
    using client = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
    assert.match(server.endpoint, /^(\[::\]|0\.0\.0\.0):[0-9]+$/);
    assert.equal(client.families, "IPv4");
    const requests = server.batch(4);
    const replies = client.batch(1);

    client.sendTo(bytes("hello"), { to: { address: "127.0.0.2", port: server.port } });
    await receiveOne(server, requests);
    assert.equal(text(requests.payload(0)), "hello");
    assert.deepEqual(requests.peer(0), { address: "127.0.0.1", port: client.port });
    assert.deepEqual([requests.localAddress(0), requests.destination(0)], ["127.0.0.2", UNICAST]);
    assert.deepEqual([requests.interfaceName(0), requests.datagrams(0)], ["lo", 1]);

    requests.markForSend(0);
    assert.equal(server.send(requests), 1);
    await receiveOne(client, replies);
    assert.deepEqual(replies.peer(0), { address: "127.0.0.2", port: server.port });

    const path = requests.path(0);
    assert.deepEqual([path.peer.port, path.local.address], [client.port, "127.0.0.2"]);
    assert.equal(requests.path(0, path), path);
    server.sendTo(bytes("later"), path);
    server.sendTo(bytes("from"), { to: path.peer, from: "127.0.0.3" });
    for (const [expected, address] of [["later", "127.0.0.2"], ["from", "127.0.0.3"]]) {
      await receiveOne(client, replies);
      assert.deepEqual([text(replies.payload(0)), replies.peer(0).address], [expected, address]);
    }
  });

  test("sends to one peer as a train, and receives a train", async () => {
    using server = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
    using client = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
    const out = client.batch(50);
    for (let i = 0; i < 50; i++) {
      out.add(bytes(`${100 + i}`), { to: { address: "127.0.0.1", port: server.port } });
    }
    assert.equal(client.send(out), 50);
    const batch = server.batch(64);
    await server.readable();
    assert.ok(server.receive(batch, false) > 0);
    let datagrams = 0;
    let content = "";
    for (let i = 0; i < batch.count; i++) {
      datagrams += batch.datagrams(i);
      for (let k = 0; k < batch.datagrams(i); k++) content += text(batch.payload(i, k));
      assert.equal(batch.segmentSize(i), 3);
    }
    assert.equal(datagrams, 50);
    assert.equal(content, Array.from({ length: 50 }, (_, i) => `${100 + i}`).join(""));
    if (server.notices.length === 0) assert.ok(batch.count < 50, "no train came");
  });

  test("tells which messages could not be sent, and why", () => {
    using socket = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
    const batch = socket.batch(3);
    const port = socket.port;
    batch.add(bytes("a"), { to: { address: "127.0.0.1", port } });
    batch.add(bytes("b"), { to: { address: "127.255.255.255", port } });
    batch.add(bytes("c"), { to: { address: "127.0.0.2", port } });
    assert.equal(socket.send(batch), 2);
    const EACCES = 13;
    assert.deepEqual([batch.error(0), batch.error(1), batch.error(2)], [0, EACCES, 0]);
    assert.equal(socket.failed(EACCES), 1);
    batch.clear();
    batch.add(new Uint8Array(65_520), { to: { address: "127.0.0.1", port } });
    assert.deepEqual([socket.send(batch), batch.error(0)], [0, 90]);
    batch.setPayload(0, bytes("smaller"));
    assert.deepEqual([socket.send(batch), batch.error(0)], [1, 0], "what failed before is forgotten");
    using other = UdpSocket.bind({ port: 0, address: "127.0.0.1", broadcast: true });
    other.sendTo(bytes("b"), { to: { address: "127.255.255.255", port } });
  });

  test("is not taken for readable because another with its descriptor was", async () => {
    for (let i = 0; i < 20; i++) {
      const closed = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
      using sender = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
      const before = closed.readable();
      await sleep(2);
      sender.sendTo(bytes("x"), { to: { address: "127.0.0.1", port: closed.port } });
      // The thread that waits has been told by then, but the event loop has not had its turn.
      for (const end = performance.now() + 2; performance.now() < end;);
      closed.close();
      using socket = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
      const waiting = Promise.race([socket.readable(), sleep(10).then(() => "nothing")]);
      await before;
      assert.equal(await waiting, "nothing");
    }
  });

  test("tells which datagrams left when, and what errors came of them", async () => {
    using peer = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
    using socket = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
    const errors = new library.ErrorQueue();
    assert.deepEqual(errors.receive(socket), []);
    // IP_RECVERR, and SO_TIMESTAMPING with software times of departure, numbered, without the payload.
    socket.setOption(0, 11, 1);
    socket.setOption(1, 37, 0x2 | 0x10 | 0x80 | 0x800);

    const before = Date.now();
    socket.sendTo(bytes("heard"), { to: { address: "127.0.0.1", port: peer.port } });
    let entries: ReturnType<typeof errors.receive> = [];
    const more = () => (entries = errors.receive(socket)).length > 0;
    await until(more, "departure");
    const [departure] = entries;
    assert.ok(departure?.kind === "departure" && departure.index === 0 && entries.length === 1);
    const left = departure.time;
    assert.equal(Math.round(left), Math.round(Number(departure.nanoseconds / 1000n) / 1000));
    assert.ok(left > before - 1 && left < Date.now() + 1, `left ${left - before} ms after it was sent`);

    const unheard = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
    const to = { address: "127.0.0.1", port: unheard.port };
    unheard.close();
    socket.sendTo(bytes("unheard"), { to });
    await until(() => more() && entries.some(({ kind }) => kind === "error"), "error");
    const error = entries.find((entry) => entry.kind === "error")!;
    const { kind: _, reporter, quoted, ...rest } = error;
    assert.deepEqual(rest, { errno: 111, icmp: { version: 4, type: 3, code: 3 }, peer: to, mtu: 0 });
    assert.deepEqual(reporter?.bytes.slice(12), library.parseAddress("127.0.0.1")?.bytes);
    assert.equal(text(quoted), "unheard");

    socket.close();
    assert.deepEqual(errorOf(() => errors.receive(socket)).code, "EBADF");
  });

  test("connected, receives from its peer alone, and learns that it refuses", async () => {
    using peer = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
    using stranger = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
    using socket = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
    const to = { address: "127.0.0.1", port: socket.port };
    socket.connect({ address: "127.0.0.1", port: peer.port });
    stranger.sendTo(bytes("no"), { to });
    peer.sendTo(bytes("yes"), { to });
    const batch = socket.batch(4);
    await receiveOne(socket, batch);
    assert.equal(text(batch.payload(0)), "yes");
    assert.equal(
      errorOf(() => socket.sendTo(bytes("x"), { to: { address: "127.0.0.1", port: stranger.port } })).code,
      "EISCONN",
    );
    peer.close();
    const ECONNREFUSED = 111;
    socket.sendTo(bytes("x"), { to: { address: "127.0.0.1", port: peer.port } });
    await until(() => socket.receive(batch, false) === -ECONNREFUSED, "refusal");
  });

  test("is waited for while the event loop goes on", async () => {
    using server = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
    using client = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
    const batch = server.batch(1);
    for (let round = 0; round < 3; round++) {
      assert.equal(server.receive(batch, false), -EAGAIN);
      const readable = server.readable();
      let settled = false;
      void readable.then(() => settled = true);
      await sleep(20);
      assert.equal(settled, false);
      client.sendTo(bytes("x"), { to: { address: "127.0.0.1", port: server.port } });
      assert.equal(await readable, true);
      assert.equal(server.receive(batch, false), 1);
    }
    const sockets = Array.from({ length: 20 }, () => UdpSocket.bind({ port: 0, address: "127.0.0.1" }));
    const all = sockets.map((socket) => socket.readable());
    for (const socket of sockets.slice(10)) {
      client.sendTo(bytes("x"), { to: { address: "127.0.0.1", port: socket.port } });
    }
    assert.deepEqual(await Promise.all(all.slice(10)), Array(10).fill(true));
    for (const socket of sockets) socket.close();
    assert.deepEqual(await Promise.all(all.slice(0, 10)), Array(10).fill(false));
  });

  test("that is waited for keeps the process alive, and closed it does not", LONG, async () => {
    const output = await runModule(`
      const socket = library.UdpSocket.bind({ port: 0, address: "127.0.0.1" });
      let asked = false;
      // It is not this timer that keeps the process alive.
      setTimeout(() => (asked = true, socket.close()), 300).unref();
      console.log(await socket.readable(), asked);
    `);
    assert.equal(output, "false true\n");
    assert.equal(await runModule("library.UdpSocket.bind({ port: 0, address: '127.0.0.1' });"), "");
    const exits = `
      void library.UdpSocket.bind({ port: 0, address: "127.0.0.1" }).readable();
      setTimeout(() => process.exit(0), 100);
    `;
    assert.equal(await runModule(`import process from "node:process";${exits}`), "");
  });

  test("that is forgotten is closed", LONG, async () => {
    const collect = RUNTIME === "Bun" ? "Bun.gc(true)" : "gc()";
    const output = await runModule(
      `
      import { readdirSync, readlinkSync } from "node:fs";
      const sockets = () => readdirSync("/proc/self/fd").filter((fd) => {
        try {
          return readlinkSync("/proc/self/fd/" + fd).startsWith("socket:");
        } catch {
          return false;
        }
      }).length;
      const before = sockets();
      const forget = () => {
        for (let i = 0; i < 50; i++) {
          const socket = library.UdpSocket.bind({ port: 0, address: "127.0.0.1" });
          socket.sendTo(new Uint8Array(1), { to: { address: "127.0.0.1", port: socket.port } });
        }
      };
      forget();
      const made = sockets() - before;
      for (let i = 0; i < 100 && sockets() - before > 5; i++) {
        ${collect};
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      console.log(made, sockets() - before <= 5);
    `,
      { Bun: [], Deno: ["-A", "--v8-flags=--expose-gc"], Node: ["--expose-gc"] }[RUNTIME],
    );
    assert.equal(output, "50 true\n");
  });
});

describe("bad input", () => {
  const port = 9;
  const payload = bytes("x");
  const to = { address: "127.0.0.1", port };
  const bad = <T>(value: unknown) => value as T;

  const cases: [what: string, code: string, syscall: string, call: (socket: UdpSocket, ipv4: UdpSocket) => unknown][] =
    [
      ["options that are none", "EINVAL", "bind", () => UdpSocket.bind(bad(undefined))],
      ["a port as text", "EINVAL", "bind", () => UdpSocket.bind(bad({ port: "9000" }))],
      ["a port too high", "EINVAL", "bind", () => UdpSocket.bind({ port: 65_536 })],
      ["an address that is a number", "EINVAL", "bind", () => UdpSocket.bind(bad({ port: 0, address: 1 }))],
      [
        "an address with a zero byte",
        "EADDRNOTAVAIL",
        "getaddrinfo",
        () => UdpSocket.bind({ port: 0, address: "::1\0" }),
      ],
      ["a family of 5", "EINVAL", "bind", () => UdpSocket.bind(bad({ port: 0, family: 5 }))],
      ["a negative buffer", "EINVAL", "setsockopt", () => UdpSocket.bind({ port: 0, receiveBuffer: -1 })],
      ["an address of another host", "EADDRNOTAVAIL", "bind", () => UdpSocket.bind({ port: 0, address: "192.0.2.99" })],
      ["a descriptor that is none", "EBADF", "getsockopt", () => UdpSocket.adopt(1_000_000)],
      ["another one's descriptor", "EINVAL", "getsockopt", (socket) => UdpSocket.adopt(socket.fd)],
      ["an option with pointers", "EINVAL", "setsockopt", (socket) => socket.setOption(1, 26, new Uint8Array(16))],
      ["an option that is text", "EINVAL", "setsockopt", (socket) => socket.setOption(1, 25, bad("lo"))],
      ["a group that is none", "EINVAL", "setsockopt", (socket) => socket.joinGroup("192.0.2.1")],
      ["an IPv6 group over IPv4", "EAFNOSUPPORT", "setsockopt", (_, ipv4) => ipv4.joinGroup("ff02::1")],
      ["a wait of the wrong type", "EINVAL", "poll", (socket) => socket.readable({ timeoutMilliseconds: -1 })],
      ["an interface that is negative", "EINVAL", "sendmmsg", (socket) => socket.path({ to, interfaceIndex: -1 })],
      ["a payload as text", "EINVAL", "sendmmsg", (socket) => socket.sendTo(bad("x"), { to })],
      [
        "a payload too large for any",
        "EMSGSIZE",
        "sendmmsg",
        (socket) => socket.sendTo(new Uint8Array(65_536), { to }),
      ],
      [
        "a payload too large for IPv4",
        "EMSGSIZE",
        "sendmmsg",
        (socket) => socket.sendTo(new Uint8Array(65_508), { to }),
      ],
      ["no peer", "EINVAL", "sendmmsg", (socket) => socket.sendTo(payload, bad({}))],
      [
        "a peer's name",
        "EINVAL",
        "inet_pton",
        (socket) => socket.sendTo(payload, { to: { address: "localhost", port } }),
      ],
      ["a peer's port 0", "EINVAL", "sendmmsg", (socket) => socket.sendTo(payload, { to: { ...to, port: 0 } })],
      [
        "`from` on another host",
        "EADDRNOTAVAIL",
        "sendmmsg",
        (socket) => socket.sendTo(payload, { to, from: "192.0.2.9" }),
      ],
      [
        "`from` of the other family",
        "EAFNOSUPPORT",
        "sendmmsg",
        (socket) => socket.sendTo(payload, { to, from: "::1" }),
      ],
      [
        "a peer of the other family",
        "EAFNOSUPPORT",
        "sendmmsg",
        (_, ipv4) => ipv4.sendTo(payload, { to: { address: "::1", port } }),
      ],
      [
        "a broadcast address",
        "EACCES",
        "sendmmsg",
        (socket) => socket.sendTo(payload, { to: { address: "127.255.255.255", port } }),
      ],
      [
        "a batch of the other family",
        "EAFNOSUPPORT",
        "recvmmsg",
        (socket, ipv4) => socket.receive(ipv4.batch(1), false),
      ],
      ["the same, to send", "EAFNOSUPPORT", "sendmmsg", (socket, ipv4) => socket.send(ipv4.batch(1))],
      ["a batch that is none", "EINVAL", "recvmmsg", (socket) => socket.receive(bad({}), false)],
      ["a batch of nothing", "EINVAL", "recvmmsg", (socket) => socket.batch(0)],
      ["a full batch", "ENOBUFS", "sendmmsg", (socket) => {
        const batch = socket.batch(1);
        for (let i = 0; i < 2; i++) batch.add(payload, { to });
      }],
      ["a message that is not there", "EINVAL", "sendmmsg", (socket) => socket.batch(4).markForSend(0)],
      ["half a message", "EINVAL", "sendmmsg", (socket) => {
        const batch = socket.batch(4);
        for (let i = 0; i < 2; i++) batch.add(payload, { to });
        batch.setPayload(0.5, payload);
      }],
      ["an option that is no number", "EINVAL", "setsockopt", (socket) => socket.setOption(1, bad("x"), 1)],
      ["a time that is none", "EINVAL", "setsockopt", (socket) => socket.setReceiveTimeout(NaN)],
    ];
  for (const [what, code, syscall, call] of cases) {
    test(`${what}: ${code}`, () => {
      using socket = UdpSocket.bind({ port: 0 });
      using ipv4 = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
      const error = errorOf(() => call(socket, ipv4));
      assert.deepEqual([error.code, error.syscall], [code, syscall]);
      assert.match(error.message, /\w{3,} \w+/, "a sentence");
      assert.doesNotMatch(error.message, /undefined is not|reading '/);
    });
  }

  test(
    "`from` that is not local, over IPv6, where the kernel would take it: EADDRNOTAVAIL",
    { skip: !hasIPv6() },
    () => {
      using socket = UdpSocket.bind({ port: 0 });
      const call = () => socket.sendTo(payload, { to: { address: "::1", port }, from: "2001:db8::99" });
      assert.equal(errorOf(call).code, "EADDRNOTAVAIL");
      socket.sendTo(payload, { to: { address: "::1", port }, from: "::1" });
    },
  );

  test("a closed socket: EBADF, also when its descriptor is another one's by now", async () => {
    let batch!: MessageBatch;
    using sockets = socketAndHeir((socket) => {
      batch = socket.batch(1);
      batch.add(payload, { to });
      socket.send(batch);
    });
    const { closed: socket, heir } = sockets;
    const calls = [
      () => socket.send(batch),
      () => socket.receive(batch, false),
      () => socket.sendTo(payload, { to }),
      () => socket.connect(to),
      () => socket.readable(),
      () => socket.setReceiveTimeout(1),
      () => socket.setOption(1, 2, 1),
    ];
    for (const call of calls) {
      const { code, message } = errorOf(call);
      assert.deepEqual([code, message], ["EBADF", "the socket is closed; bind a new one"]);
    }
    assert.equal(socket.fd, -1);
    socket.close();
    // The heir is still open.
    heir.sendTo(payload, { to: { address: "127.0.0.1", port: heir.port } });
    assert.equal(await heir.readable(), true);
  });
});

function hasIPv6(): boolean {
  return readFileSync("/proc/net/if_inet6", "utf8").includes(" lo");
}

describe("whatever is passed", () => {
  // Nothing is looked up, and nothing leaves the host: texts that might be names are spoilt.
  const noName = fc.string().map((text) => /^[\w.:-]*$/.test(text) ? `${text}!` : text);
  const anything = fc.oneof(
    fc.anything({
      withBigInt: true,
      withDate: true,
      withNullPrototype: true,
      withTypedArray: true,
      withSparseArray: true,
    }),
    fc.constantFrom<unknown>(
      -1,
      0,
      1,
      2,
      3,
      63,
      64,
      65_535,
      65_536,
      2 ** 31 - 1,
      2 ** 31,
      2 ** 53,
      NaN,
      Infinity,
      -0,
      0.5,
    ),
    fc.constantFrom<unknown>(Symbol("s"), () => {}, class {}, true, false, null, undefined, 7n, new Date(NaN)),
  );
  const address = fc.oneof(
    noName,
    fc.constantFrom("127.0.0.1", "127.0.0.2", "::1", "0.0.0.0", "::", "::ffff:127.0.0.1", "127.0.0.1%lo"),
  );
  const orAnything = (arbitrary: fc.Arbitrary<unknown>) =>
    fc.oneof({ weight: 3, arbitrary }, { weight: 1, arbitrary: anything });
  const endpoint = fc.record({ address: orAnything(address), port: orAnything(fc.integer({ min: 1, max: 65_535 })) });
  const route = fc.record({ to: orAnything(endpoint), from: orAnything(address) }, { requiredKeys: ["to"] });

  /** Bytes that are not what they seem. */
  function strangeBytes(): unknown[] {
    const detached = new Uint8Array(100);
    structuredClone(detached.buffer, { transfer: [detached.buffer] });
    const lying = (length: unknown) => Object.defineProperty(new Uint8Array(100_000), "length", { value: length });
    return [
      ...[0, 1, 1472, 65_507, 65_508, 65_527, 65_535, 65_536, 200_000].map((size) => new Uint8Array(size)),
      ...[3, -5, 65_535, NaN, "x", 2 ** 40].map(lying),
      detached,
      new Uint8Array(new SharedArrayBuffer(64)),
      new Proxy(new Uint8Array(8), {}),
      Object.create(Uint8Array.prototype),
      new Float64Array(8),
      Buffer.from("buffer"),
    ];
  }

  /** Calls a function; it may throw an `Error`, or give a promise that is rejected with one. */
  async function survive(call: () => unknown): Promise<unknown> {
    try {
      return await call();
    } catch (error) {
      assert.ok(error instanceof Error, `not an Error: ${String(error)}`);
      return undefined;
    }
  }

  const methods = (prototype: object) =>
    Reflect.ownKeys(prototype).filter((key) =>
      key !== "constructor" && typeof Object.getOwnPropertyDescriptor(prototype, key)!.value === "function"
    );

  for (const family of [4, 6] as const) {
    test(`every method of a socket and of its batch works or throws an Error: IPv${family}`, LONG, async () => {
      using peer = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
      const make = () => UdpSocket.bind(family === 4 ? { port: 0, address: "127.0.0.1" } : { port: 0 });
      const strange = strangeBytes();
      const open: UdpSocket[] = [];
      const renew = () => {
        for (const socket of open.splice(0)) socket.close();
        const socket = make();
        const batch = socket.batch(4);
        const self = { address: "127.0.0.1", port: socket.port };
        open.push(socket);
        // There is something to receive, and some of it was.
        for (let i = 0; i < 3; i++) socket.sendTo(bytes("abc"), { to: self });
        socket.receive(batch, false);
        socket.sendTo(bytes("abc"), { to: self });
        socket.setReceiveTimeout(1);
        return { socket, batch, path: batch.path(0), foreign: peer.batch(2) };
      };
      let world = renew();
      const argument = orAnything(fc.oneof(
        { weight: 3, arbitrary: fc.integer({ min: -1, max: 3 }) },
        endpoint,
        route,
        address,
        fc.constantFrom(...strange),
        fc.constantFrom("socket", "batch", "path", "foreign").map((name) => ({ name, special: true })),
      ));
      const targets = [
        ...[...methods(UdpSocket.prototype), ...methods(library.BatchSocket.prototype)]
          .map((method) => ["socket", method] as const),
        ...methods(MessageBatch.prototype).map((method) => ["batch", method] as const),
      ];
      assert.ok(targets.length > 35, `only ${targets.length} methods`);
      let works = 0;
      for (const [target, method] of targets) {
        await fc.assert(
          fc.asyncProperty(fc.array(argument, { maxLength: 3 }), fc.boolean(), async (given, close) => {
            const values = given.map((value) => {
              const { special, name } = Object(value) as { special?: unknown; name?: keyof typeof world };
              return special === true ? world[name!] : value;
            });
            if (close) world.socket.close();
            await survive(() => {
              const result = Reflect.apply(Reflect.get(world[target], method) as () => unknown, world[target], values);
              works++;
              // It is settled when the socket is closed.
              if (method !== "readable" && method !== "writable") return result;
              world.socket.close();
              return result;
            });
            world = renew();
          }),
          { numRuns: 80 },
        );
      }
      // Whatever was called, the next socket works.
      assert.equal(world.batch.count > 0 && works > 300, true, `${works} calls worked`);
      for (const socket of open) socket.close();
    });
  }

  test("every other export works or throws an Error", LONG, async () => {
    const flag = fc.option(fc.boolean(), { nil: undefined });
    const options = orAnything(fc.record({
      port: orAnything(fc.constant(0)),
      address: orAnything(address),
      family: orAnything(fc.constantFrom(4, 6, undefined)),
      receiveBuffer: orAnything(fc.constantFrom(0, 1, 1 << 20, undefined)),
      broadcast: orAnything(flag),
      dualStack: flag,
      trains: flag,
      reuseAddress: flag,
      freeBind: flag,
      receiveHopLimit: flag,
      ttl: orAnything(fc.constantFrom(1, 255, undefined)),
      device: fc.constantFrom("lo", undefined),
      multicastInterface: fc.constantFrom("lo", 1, undefined),
    }, { requiredKeys: [] }));
    const callback = orAnything(fc.constant(() => {}));
    const serveOptions = fc.tuple(
      options,
      fc.record({ onListen: callback, onError: callback, signal: orAnything(fc.constant("timeout")) }, {
        requiredKeys: [],
      }),
    )
      .map(([some, more]) => Object.assign(Object.create(null), typeof some === "object" ? some : {}, more));
    // Not the descriptors of this process.
    const descriptor = anything.map((value) =>
      typeof value === "number" && value >= 0 && value < 1e6 ? value + 1e6 : value
    );
    let bound = 0;
    const close = (value: unknown) => {
      if (!(value instanceof UdpSocket)) return;
      bound++;
      value.close();
    };

    const calls: [name: string, fc.Arbitrary<() => unknown>][] = [
      ["UdpSocket.bind", options.map((value) => () => close(Reflect.apply(UdpSocket.bind, UdpSocket, [value])))],
      [
        "UdpSocket.adopt",
        fc.tuple(descriptor, options).map((values) => () => Reflect.apply(UdpSocket.adopt, UdpSocket, values)),
      ],
      ["UdpSocket", fc.array(anything).map((values) => () => Reflect.construct(UdpSocket, values))],
      ["BatchSocket", fc.array(anything).map((values) => () => Reflect.construct(library.BatchSocket, values))],
      ["joinGroup", fc.array(anything).map((values) => () => Reflect.apply(library.joinGroup, undefined, values))],
      ["leaveGroup", fc.array(anything).map((values) => () => Reflect.apply(library.leaveGroup, undefined, values))],
      [
        "isServicePort",
        fc.array(anything).map((values) => () => Reflect.apply(library.isServicePort, undefined, values)),
      ],
      ["datagrams", anything.map((value) => () => [...Reflect.apply(library.datagrams, undefined, [value])])],
      [
        "MessageBatch",
        fc.tuple(orAnything(fc.constantFrom(2, 10)), anything).map((values) => () =>
          Reflect.construct(MessageBatch, values)
        ),
      ],
      [
        "Path",
        fc.array(anything).map((values) => () => {
          const path = Reflect.construct(library.Path, values);
          const batch = new MessageBatch(2, 1);
          batch.add(bytes("x"), path);
        }),
      ],
      ["SystemError", fc.array(anything).map((values) => () => Reflect.construct(library.SystemError, values))],
      ["LibraryError", fc.array(anything).map((values) => () => Reflect.construct(library.LibraryError, values))],
      [
        "parseAddress",
        fc.oneof(anything, address).map((value) => () => Reflect.apply(library.parseAddress, undefined, [value])),
      ],
      [
        "ErrorQueue",
        anything.map((value) => () =>
          Reflect.apply(library.ErrorQueue.prototype.receive, new library.ErrorQueue(), [value])
        ),
      ],
      [
        "formatAddress",
        fc.array(anything).map((values) => () => Reflect.apply(library.formatAddress, undefined, values)),
      ],
      [
        "serve",
        fc.tuple(orAnything(serveOptions), callback).map(([value, handler]) => () => {
          const settings = value as { signal?: unknown } | null | undefined;
          if (
            typeof settings === "object" && settings !== null &&
            (settings.signal === "timeout" || settings.signal === undefined)
          ) {
            settings.signal = AbortSignal.timeout(1);
          }
          return Reflect.apply(library.serve, undefined, [settings, handler]);
        }),
      ],
    ];
    const covered = calls.map(([name]) => name.split(".")[0]);
    for (const [name, value] of Object.entries(library)) {
      assert.ok(typeof value !== "function" || covered.includes(name), `${name} is not called`);
    }
    for (const [, call] of calls) {
      await fc.assert(fc.asyncProperty(call, async (call) => void await survive(call)), { numRuns: 200 });
    }
    assert.ok(bound > 5, `${bound} sockets could be bound`);
  });

  test("a message is never written outside its place", () => {
    using socket = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
    const batch = socket.batch(3);
    const to = { address: "127.0.0.1", port: 9 };
    for (let i = 0; i < 3; i++) batch.add(new Uint8Array(PAYLOAD_SIZE_MAX).fill(i + 1), { to });
    const before = batch.payloads.slice();
    for (const i of [-1, 3, 4, 1e9, NaN, 0.5, -0.5, 2 ** 32, "0"] as number[]) {
      assert.throws(() => batch.setPayload(i, bytes("overwritten")));
      assert.throws(() => batch.markForSend(i));
      assert.throws(() => batch.payload(i));
    }
    assert.throws(() => batch.add(bytes("overwritten"), { to }));
    assert.equal(Buffer.compare(before, batch.payloads), 0);
  });
});
