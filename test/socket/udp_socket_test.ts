/** What `UdpSocket` adds to batches: options, single datagrams, waiting, iteration, and fields of each datagram. */
import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import {
  constants,
  datagrams,
  type MessageBatch,
  serve,
  SystemError,
  type UdpBindOptions,
  UdpSocket,
} from "../../src/mod.ts";
import { LONG, PATIENCE_MS, run, sleep, temporaryFolder, until } from "../support/process.ts";
import { commandLine, ROOT, RUNTIME } from "../support/server.ts";
import { codeOf } from "../support/errors.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const noIPv6 = !existsSync("/proc/net/if_inet6") && "needs IPv6";
const LOCALHOST = { port: 0, address: "127.0.0.1" };

/** Binds two sockets on loopback, the second with these options, and a path from the first to it. */
function pair(address: string, options: Omit<UdpBindOptions, "port"> = {}) {
  const sender = UdpSocket.bind({ port: 0 });
  const receiver = UdpSocket.bind({ port: 0, ...options });
  return { sender, receiver, path: sender.path({ to: { address, port: receiver.port } }) };
}

/** Receives until the batch has datagrams. */
async function receive(socket: UdpSocket, batch: MessageBatch): Promise<void> {
  assert.equal(await socket.readable({ timeoutMilliseconds: PATIENCE_MS }), true);
  assert.ok(socket.tryReceive(batch) > 0);
}

describe("fields of each datagram", () => {
  for (const address of ["127.0.0.1", "::1"]) {
    test(`TOS, ECN, TTL and arrival, also of trains: ${address}`, { skip: noIPv6 }, async () => {
      const { sender, receiver, path } = pair(address, {
        receiveTrafficClass: true,
        receiveHopLimit: true,
        receiveArrival: true,
      });
      // These bring control messages too.
      receiver.setOption(constants.IPPROTO_IP, constants.IP_RECVFRAGSIZE, 1);
      receiver.setOption(constants.IPPROTO_IPV6, constants.IPV6_RECVFRAGSIZE, 1);
      sender.set({ ttl: 33, trafficClass: 8 });
      const out = sender.batch(32);
      for (let i = 0; i < 32; i++) {
        out.add(bytes(`${i % 4}`), path);
        // ECN of two kinds, and the class of the socket.
        if (i % 4 < 2) out.setTrafficClass(i, 0xb8 | i % 4);
      }
      const start = Date.now();
      assert.equal(sender.send(out), 32);
      const batch = receiver.batch(64);
      const counts: Record<string, number> = {};
      for (let count = 0; count < 32;) {
        await receive(receiver, batch);
        if (receiver.notices.length === 0) assert.ok(batch.count <= 4, `${batch.count} messages`);
        for (let i = 0; i < batch.count; i++) assert.equal(batch.isCut(i), false);
        for (const { payload, trafficClass, hopLimit, arrival, local } of datagrams(batch)) {
          const sent = Number(text(payload));
          assert.equal(trafficClass, sent < 2 ? 0xb8 | sent : 8);
          assert.equal(hopLimit, 33);
          // The kernel begins to take times a moment after the first socket has asked for it.
          if (arrival !== undefined) {
            assert.ok(arrival > start - 2 && arrival < Date.now() + 2, `${arrival - start} ms`);
          }
          assert.equal(local.address, address);
          counts[trafficClass!] = (counts[trafficClass!] ?? 0) + 1;
          count++;
        }
      }
      assert.deepEqual(counts, { 8: 16, 184: 8, 185: 8 });
      for (batch.clear(); batch.count === 0 || batch.arrival(0) === undefined;) {
        sender.sendTo(bytes("later"), path);
        await receive(receiver, batch);
      }
      const exact = Number(batch.arrivalNanoseconds(0)! / 100n) / 10_000;
      assert.ok(Math.abs(batch.arrival(0)! - exact) < 0.001);
      for (const socket of [sender, receiver]) socket.close();
    });
  }

  test("are absent unless they were asked for", async () => {
    const { sender, receiver, path } = pair("127.0.0.1");
    sender.sendTo(bytes("x"), path);
    const batch = receiver.batch(1);
    await receive(receiver, batch);
    assert.deepEqual([batch.trafficClass(0), batch.hopLimit(0), batch.arrival(0)], [undefined, undefined, undefined]);
    for (const socket of [sender, receiver]) socket.close();
  });

  test("control messages that do not fit are reported, by serve too", { skip: noIPv6 }, async () => {
    // More than the library can ask for: SO_TIMESTAMP, SO_RCVMARK, IPV6_2292PKTINFO, IPV6_2292HOPLIMIT,
    // IPV6_RECVORIGDSTADDR.
    const excess = (socket: UdpSocket) => {
      socket.set({ receiveTrafficClass: true, receiveHopLimit: true, receiveArrival: true });
      for (const name of [29, 75]) socket.setOption(constants.SOL_SOCKET, name, 1);
      for (const name of [2, 8, 74]) socket.setOption(constants.IPPROTO_IPV6, name, 1);
    };
    const { sender, receiver, path } = pair("::1");
    excess(receiver);
    sender.sendTo(bytes("x"), path);
    const batch = receiver.batch(1);
    await receive(receiver, batch);
    assert.deepEqual([batch.isCut(0), text(batch.payload(0))], [true, "x"]);

    const stop = new AbortController();
    const errors: unknown[] = [];
    await serve({
      port: 0,
      signal: stop.signal,
      onListen: ({ socket }) => {
        excess(socket);
        sender.sendTo(bytes("y"), { to: { address: "::1", port: socket.port } });
      },
      onError: (error) => {
        errors.push(error);
        stop.abort();
      },
    }, () => assert.fail("handled"));
    const [error] = errors;
    assert.ok(error instanceof SystemError && error.code === "ENOBUFS" && /control messages/.test(error.message));
    for (const socket of [sender, receiver]) socket.close();
  });
});

test("open: a name is resolved while the event loop goes on", LONG, async () => {
  using socket = await UdpSocket.open({ port: 0, address: "localhost", family: 4 });
  assert.equal(socket.local.address, "127.0.0.1");
  using other = await UdpSocket.open({ port: 0, address: "127.0.0.2" });
  assert.equal(other.local.address, "127.0.0.2");
  for (const address of ["no.such.name.invalid", ""]) {
    const opening = UdpSocket.open({ port: 0, address });
    await assert.rejects(opening, (error) => error instanceof SystemError && error.code === "EADDRNOTAVAIL");
  }
  await assert.rejects(UdpSocket.open({ port: -1 }), SystemError);
  using any = await UdpSocket.open({ port: 0, family: 4, ttl: 9 });
  assert.deepEqual([any.local.address, any.getOption(constants.IPPROTO_IP, constants.IP_TTL)], ["0.0.0.0", 9]);
  // Without a turn of the event loop not all of them can be answered.
  let opened = 0;
  const openings = Array.from({ length: 50 }, async () => {
    using _socket = await UdpSocket.open({ port: 0, address: "localhost" });
    opened++;
  });
  for (let i = 0; i < 1000; i++) await Promise.resolve();
  assert.ok(opened < openings.length);
  await Promise.all(openings);
});

describe("single datagrams", () => {
  test("along a path that was made once", async () => {
    const { sender, receiver } = pair("127.0.0.1");
    const path = sender.path({ to: { address: "127.0.0.2", port: receiver.port }, from: "127.0.0.9" });
    assert.deepEqual([path.peer.address, path.local.address], ["127.0.0.2", "127.0.0.9"]);
    assert.ok(Object.isFrozen(path.peer) && Object.isFrozen(path.local));
    const batch = receiver.batch(1);
    for (let i = 0; i < 3; i++) {
      sender.sendTo(bytes("x"), path);
      await receive(receiver, batch);
      assert.deepEqual(batch.peer(0), { address: "127.0.0.9", port: sender.port });
    }
    using ipv4 = UdpSocket.bind(LOCALHOST);
    assert.equal(codeOf(() => ipv4.sendTo(bytes("x"), path)), "EAFNOSUPPORT");
    assert.equal(codeOf(() => sender.path({ to: path.peer, from: "192.0.2.99" })), "EADDRNOTAVAIL");
    for (const socket of [sender, receiver]) socket.close();
  });

  test("on a connected socket", async () => {
    using receiver = UdpSocket.bind(LOCALHOST);
    using socket = UdpSocket.bind(LOCALHOST);
    assert.equal(codeOf(() => socket.send(bytes("x"))), "EDESTADDRREQ");
    socket.connect(receiver.local);
    assert.equal(socket.send(bytes("hello")), 1);
    const batch = receiver.batch(1);
    await receive(receiver, batch);
    assert.equal(text(batch.payload(0)), "hello");
    assert.equal(codeOf(() => socket.sendTo(bytes("x"), { to: { ...receiver.local, port: 1 } })), "EISCONN");
    receiver.close();
    // The kernel limits ICMP errors a second, and other tests cause many.
    await until(() => {
      socket.send(bytes("x"));
      return codeOf(() => socket.tryReceive(batch)) === "ECONNREFUSED";
    }, "refusal");
    assert.equal(socket.tryReceive(batch), 0);
  });
});

describe("waiting", () => {
  test("ends with the time, the signal, or the socket: false", async () => {
    using socket = UdpSocket.bind(LOCALHOST);
    assert.equal(await socket.readable({ timeoutMilliseconds: 0 }), false);
    const start = performance.now();
    assert.equal(await socket.readable({ timeoutMilliseconds: 30 }), false);
    assert.ok(performance.now() - start > 25);
    assert.equal(await socket.readable({ signal: AbortSignal.abort() }), false);
    const stop = new AbortController();
    const waiting = [socket.readable({ signal: stop.signal }), socket.readable()];
    await sleep(5);
    stop.abort();
    assert.equal(await waiting[0], false);
    socket.sendTo(bytes("x"), { to: socket.local });
    assert.equal(await waiting[1], true);
    assert.equal(socket.tryReceive(socket.batch(1)), 1);
    const last = socket.readable();
    await sleep(5);
    socket.close();
    assert.equal(await last, false);
  });

  test("for space in the send buffer", async () => {
    using socket = UdpSocket.bind(LOCALHOST);
    assert.equal(await socket.writable(), true);
    const readable = socket.readable({ timeoutMilliseconds: 50 });
    assert.equal(await socket.writable({ timeoutMilliseconds: PATIENCE_MS }), true);
    assert.equal(await readable, false);
    // Who waits for another event goes on waiting.
    const waiting = socket.readable({ timeoutMilliseconds: PATIENCE_MS });
    const brief = socket.readable({ timeoutMilliseconds: 5 });
    await sleep(2);
    assert.equal(await socket.writable(), true);
    assert.equal(await brief, false);
    socket.sendTo(bytes("x"), { to: socket.local });
    assert.equal(await waiting, true);
  });

  test("ends the process when only waits that are over are left", async () => {
    using socket = UdpSocket.bind(LOCALHOST);
    for (let i = 0; i < 5; i++) {
      assert.deepEqual(
        await Promise.all([1, 2, 3].map((ms) => socket.readable({ timeoutMilliseconds: ms }))),
        [false, false, false],
      );
    }
  });

  test("keeps the process alive, unless the socket was unreferenced", LONG, async () => {
    const outputOf = async (call: string) => {
      const file = join(temporaryFolder(), "wait.ts");
      writeFileSync(
        file,
        `
        import { UdpSocket } from ${JSON.stringify(join(ROOT, "src/mod.ts"))};
        const socket = UdpSocket.bind({ port: 0, address: "127.0.0.1" })${call};
        // It waits too, but keeps nothing alive.
        void UdpSocket.bind({ port: 0, address: "127.0.0.1" }).unref().readable();
        const receiveTwice = async () => {
          for (let i = 0; i < 2; i++) {
            // It is not this timer that keeps the process alive.
            setTimeout(() => socket.sendTo(new Uint8Array(1), { to: socket.local }), 200).unref();
            console.log(await socket.readable(), socket.tryReceive(socket.batch(1)));
          }
        };
        void receiveTwice();
        `,
      );
      const { code, stdout, stderr } = await run(commandLine(file, []));
      assert.deepEqual([code, stderr], [0, ""]);
      return stdout;
    };
    assert.equal(await outputOf(""), "true 1\ntrue 1\n");
    assert.equal(await outputOf(".unref().ref()"), "true 1\ntrue 1\n");
    assert.equal(await outputOf(".unref()"), "");
  });

  test("in a worker that is terminated: the process goes on when datagrams come for it", LONG, async () => {
    const library = JSON.stringify(join(ROOT, "src/mod.ts"));
    const folder = temporaryFolder();
    writeFileSync(
      join(folder, "worker.ts"),
      `
      import { parentPort } from "node:worker_threads";
      import { UdpSocket } from ${library};
      const sockets = Array.from({ length: 20 }, () => UdpSocket.bind({ port: 0, address: "127.0.0.1" }));
      for (const socket of sockets) void socket.readable();
      void UdpSocket.open({ port: 0, address: "no.such.name.invalid" }).catch(() => {});
      setTimeout(() => parentPort.postMessage(sockets.map(({ port }) => port)), 20);
      `,
    );
    const file = join(folder, "program.ts");
    writeFileSync(
      file,
      `
      import { Worker } from "node:worker_threads";
      import { UdpSocket } from ${library};
      const socket = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
      for (let round = 0; round < 5; round++) {
        const worker = new Worker(new URL("worker.ts", import.meta.url));
        const ports = await new Promise((resolve) => worker.on("message", resolve));
        await worker.terminate();
        const garbage = Array.from({ length: 1000 }, () => new ArrayBuffer(1024));
        for (const port of ports) socket.sendTo(new Uint8Array(1), { to: { address: "127.0.0.1", port } });
        await socket.readable({ timeoutMilliseconds: 10 });
        if (garbage.some((buffer) => new Uint8Array(buffer).some((byte) => byte !== 0))) console.log("foreign memory");
      }
      console.log("alive");
      process.exit(0);
      `.replace("import {", 'import process from "node:process";\n      import {'),
    );
    const { code, stdout, stderr } = await run(commandLine(file, [], RUNTIME === "Deno" ? ["-A"] : []));
    assert.deepEqual([code, stdout], [0, "alive\n"], stderr);
  });

  test("thousands of sockets", async () => {
    const sockets = Array.from({ length: 2000 }, () => UdpSocket.bind({ ...LOCALHOST, receiveBuffer: 4096 }));
    using sender = UdpSocket.bind(LOCALHOST);
    const waiting = sockets.map((socket) => socket.readable({ timeoutMilliseconds: PATIENCE_MS }));
    await sleep(20);
    for (const socket of sockets) sender.sendTo(bytes("x"), { to: socket.local });
    assert.equal((await Promise.all(waiting)).every(Boolean), true);
    const again = sockets.map((socket) => socket.close() as unknown ?? socket.fd);
    assert.ok(again.every((fd) => fd === -1));
  });

  test("for await: each datagram once, trains too, until the socket is closed", async () => {
    const { sender, receiver, path } = pair("127.0.0.1");
    const out = sender.batch(40);
    for (let i = 0; i < 40; i++) out.add(bytes(`${i % 10}`), path);
    const seen: string[] = [];
    sender.send(out);
    for await (const { payload, peer } of receiver) {
      assert.equal(peer.port, sender.port);
      seen.push(text(payload));
      if (seen.length % 7 === 0) await sleep(1);
      if (seen.length === 40) receiver.close();
    }
    assert.equal(seen.join(""), "0123456789".repeat(4));
    for await (const _ of receiver) assert.fail("closed");
    sender.close();
  });
});
