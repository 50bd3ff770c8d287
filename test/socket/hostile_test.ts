/**
 * Hostile use of the library: objects that lie, change between reads, or lose their memory. Each scenario runs in a
 * process of its own, which must end as it says, not by a signal.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { LONG, PATIENCE_MS, run, temporaryFolder } from "../support/process.ts";
import { commandLine, ROOT } from "../support/server.ts";

const PRELUDE = `
import * as library from ${JSON.stringify(join(ROOT, "src/mod.ts"))};
const { MessageBatch, serve, UdpSocket } = library;
const bytes = (text) => new TextEncoder().encode(text);
const receiver = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
const sender = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
const to = { address: "127.0.0.1", port: receiver.port };
const received = receiver.batch(4);
const errorOf = (call) => {
  try {
    call();
    return "no error";
  } catch (error) {
    return error instanceof library.SystemError ? error.code : error.constructor.name;
  }
};
/** Receives one message; returns its size. */
const receive = async () => {
  await receiver.readable();
  receiver.receive(received, false);
  return received.size(0);
};
const print = (...values) => console.log(values.join(" "));
`;

/** Runs a scenario; returns the lines that it prints. */
async function outcome(scenario: string): Promise<string[]> {
  const file = join(temporaryFolder(), "scenario.mjs");
  writeFileSync(file, `${PRELUDE}\n${scenario}\nsender.close();\nreceiver.close();`);
  const { code, signal, stdout, stderr } = await run(commandLine(file, []));
  assert.deepEqual({ code, signal }, { code: 0, signal: null }, stderr);
  return stdout.trim().split("\n");
}

describe("memory", LONG, () => {
  test("payloads transferred to another thread: the batch is refused from then on", async () => {
    const lines = await outcome(`
      for (const move of [(buffer) => structuredClone(buffer, { transfer: [buffer] }), (buffer) => buffer.transfer()]) {
        const batch = receiver.batch(2);
        sender.sendTo(bytes("one"), { to });
        await receiver.readable();
        receiver.receive(batch, false);
        const payload = batch.payload(0);
        const copy = move(payload.buffer);
        sender.sendTo(bytes("two"), { to });
        await receiver.readable();
        print(errorOf(() => receiver.receive(batch, false)), errorOf(() => { batch.markForSend(0); receiver.send(batch); }));
        print(errorOf(() => batch.setPayload(0, bytes("x"))) !== "no error");
        print(await receive());
      }`);
    assert.deepEqual(lines, ["EINVAL EINVAL", "true", "3", "EINVAL EINVAL", "true", "3"]);
  });

  test("transferred payloads are noticed when their view denies it", async () => {
    const lines = await outcome(`
      const deny = [
        (view) => Object.defineProperty(view, "length", { value: 1 }),
        (view) => Object.setPrototypeOf(view, { length: 1 }),
      ];
      for (const how of deny) {
        const batch = receiver.batch(1);
        how(batch.payloads);
        const taken = new Uint8Array(Reflect.getOwnPropertyDescriptor(
          Object.getPrototypeOf(Uint8Array.prototype), "buffer").get.call(batch.payloads).transfer()).fill(0x3c);
        sender.sendTo(bytes("one"), { to });
        await receiver.readable();
        print(errorOf(() => receiver.receive(batch, false)), taken.every((byte) => byte === 0x3c));
        await receive();
      }`);
    assert.deepEqual(lines, ["EINVAL true", "EINVAL true"]);
  });

  test("no header, address or control message can be reached from a batch", async () => {
    const lines = await outcome(`
      const batch = receiver.batch(2);
      const buffers = new Set();
      const walk = (value, depth) => {
        if (typeof value !== "object" || value === null || depth > 4) return;
        if (ArrayBuffer.isView(value)) buffers.add(value.buffer);
        for (let of = value; of !== null && of !== Object.prototype; of = Object.getPrototypeOf(of)) {
          for (const key of Reflect.ownKeys(of)) {
            try {
              walk(value[key], depth + 1);
            } catch {}
          }
        }
      };
      walk(batch, 0);
      print(buffers.has(batch.payloads.buffer), buffers.has(batch.addresses.buffer));
      // Whatever is written there, the next reception and the next sending stay inside.
      for (const buffer of buffers) new Uint8Array(buffer).fill(0xff);
      sender.sendTo(bytes("hello"), { to });
      await receiver.readable();
      print(receiver.receive(batch, false), new TextDecoder().decode(batch.payload(0)), batch.localAddress(0));`);
    assert.deepEqual(lines, ["true true", "1 hello 127.0.0.1"]);
  });

  test("a payload whose length lies or changes: what the runtime keeps is sent", async () => {
    const lines = await outcome(`
      let reads = 0;
      class Changing extends Uint8Array {
        get length() { return reads++ % 2 === 0 ? 3 : 60_000; }
        get byteLength() { return 60_000; }
        get byteOffset() { return 1 << 20; }
      }
      sender.sendTo(new Changing([1, 2, 3]), { to });
      print(await receive(), received.payload(0).join(","));
      const batch = sender.batch(1);
      batch.add(new Changing([4, 5]), { to });
      batch.setPayload(0, new Changing([4, 5, 6, 7]));
      sender.send(batch);
      print(await receive(), received.payload(0).join(","));
      print(errorOf(() => sender.sendTo(new Proxy(new Uint8Array(4), {}), { to })));
      print(errorOf(() => sender.sendTo({ length: 70_000, __proto__: Uint8Array.prototype }, { to })));`);
    assert.deepEqual(lines, ["3 1,2,3", "4 4,5,6,7", "EINVAL", "EINVAL"]);
  });

  test("a payload that changes while its route is read: what it holds then is sent", async () => {
    const lines = await outcome(`
      for (const size of [1, 200_000]) {
        const buffer = new ArrayBuffer(3, { maxByteLength: 200_000 });
        const payload = new Uint8Array(buffer).fill(1);
        const batch = sender.batch(2);
        print(errorOf(() => batch.add(payload, { get to() { buffer.resize(size); return to; } })), batch.count);
        if (batch.count > 0) print(batch.size(0));
      }`);
    assert.deepEqual(lines, ["no error 1", "1", "EMSGSIZE 0"]);
  });

  test("a route whose getters call the batch: no message comes back or is lost", async () => {
    const lines = await outcome(`
      const batch = sender.batch(4);
      for (let i = 0; i < 3; i++) batch.add(bytes("cleared"), { to });
      batch.add(bytes("a"), { get to() { batch.clear(); return to; } });
      print(batch.count, batch.size(0));
      batch.clear();
      batch.add(bytes("ab"), { get to() { batch.add(bytes("abc"), { to }); return to; } });
      print(batch.count, batch.size(0), batch.size(1));`);
    assert.deepEqual(lines, ["1 1", "2 3 2"]);
  });

  test("views of a batch that are overridden: what was added is sent", async () => {
    const lines = await outcome(`
      const batch = sender.batch(1);
      for (const view of [batch.payloads, batch.addresses]) {
        for (const key of ["set", "fill", "subarray"]) view[key] = () => new Int32Array(8);
      }
      batch.add(bytes("hello"), { to });
      sender.send(batch);
      print(await receive(), new TextDecoder().decode(received.payload(0)));`);
    assert.deepEqual(lines, ["5 hello"]);
  });

  test("paths that are overwritten: the payload stays what it is, and no other memory is sent", async () => {
    const lines = await outcome(`
      const batch = sender.batch(2);
      for (const value of [-1, 2 ** 31 - 1, 0x10001, 0]) {
        batch.clear();
        for (let i = 0; i < 2; i++) batch.add(bytes("hello"), { to });
        batch.addresses.fill(value);
        sender.send(batch);
        const { peer, local } = batch.path(1);
        const texts = [peer.address, local.address, batch.peer(1).address, batch.localAddress(1), batch.peerZone(1)];
        if (texts.some((text) => typeof text !== "string")) print(texts);
        const error = errorOf(() => batch.add(bytes("!"), batch.path(0)));
        print(batch.count, batch.size(1), batch.datagrams(1), batch.payload(1).length, error);
      }
      batch.clear();
      batch.add(bytes("hello"), { to });
      sender.send(batch);
      print(await receive(), new TextDecoder().decode(received.payload(0)));`);
    assert.deepEqual(lines, [...new Array<string>(4).fill("2 5 1 5 ENOBUFS"), "5 hello"]);
  });

  test("a batch that lies: its overridden methods and its capacity change nothing", async () => {
    const lines = await outcome(`
      class Lying extends MessageBatch {
        payloadOffset() { return 2 ** 40; }
        payloadAt() { return 2 ** 40; }
        size() { return 65_535; }
        get capacity() { return 1024; }
        get count() { return 1024; }
        get payloads() { return new Uint8Array(0); }
        get addresses() { return new Int32Array(0); }
      }
      const lying = new Lying(sender.domain, 1);
      for (let i = 0; i < 40; i++) sender.sendTo(bytes("hello"), { to });
      await receiver.readable();
      print(receiver.receive(lying, false));
      lying.markForSend(0);
      print(receiver.send(lying));
      const one = receiver.batch(1);
      print(errorOf(() => { one.capacity = 1024; }), one.capacity, receiver.receive(one, false));
      const proxy = new Proxy(one, { get: (target, key) => key === "capacity" ? 1024 : Reflect.get(target, key) });
      print(errorOf(() => receiver.receive(proxy, false)), errorOf(() => receiver.send(proxy)));
      print(errorOf(() => receiver.receive({ __proto__: MessageBatch.prototype }, false)));
      print(errorOf(() => UdpSocket.prototype.send.call({ __proto__: UdpSocket.prototype, fd: 0 }, one)));`);
    assert.deepEqual(lines, ["1", "1", "TypeError 1 1", "EINVAL EINVAL", "EINVAL", "TypeError"]);
  });

  test("a socket that lies about its descriptor or family", async () => {
    const lines = await outcome(`
      print(errorOf(() => { sender.domain = 10; }), errorOf(() => { sender.fd = 0; }));
      print(errorOf(() => new library.ErrorQueue().receive({ __proto__: UdpSocket.prototype, fd: 0 })));
      print(errorOf(() => new library.ErrorQueue().receive(new Proxy(sender, {}))));
      print(new library.ErrorQueue().receive(sender).length);`);
    assert.deepEqual(lines, ["TypeError TypeError", "EINVAL", "EINVAL", "0"]);
  });

  test("a getter that closes the socket: the next owner of the descriptor is left alone", async () => {
    const lines = await outcome(`
      const heirs = [];
      const hostile = (socket) => ({
        address: "127.0.0.1",
        get port() {
          const { fd } = socket;
          socket.close();
          // The runtime may have closed a lower descriptor meanwhile: the next sockets have that.
          do heirs.push(UdpSocket.bind({ port: 0, address: "127.0.0.1" })); while (heirs.at(-1).fd < fd);
          return receiver.port;
        },
      });
      const sending = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
      const descriptor = sending.fd;
      print(errorOf(() => sending.sendTo(bytes("x"), { to: hostile(sending) })), heirs.at(-1).fd === descriptor);
      print(receiver.receive(received, false));
      const connecting = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
      print(errorOf(() => connecting.connect(hostile(connecting))));
      // Connected to another peer, it would get nothing.
      sender.sendTo(bytes("x"), { to: { address: "127.0.0.1", port: heirs.at(-1).port } });
      print(heirs.at(-1).receive(received, false));
      for (const heir of heirs) heir.close();`);
    assert.deepEqual(lines, ["EBADF true", "-11", "EBADF", "1"]);
  });

  test("no socket or path is made without bind, adopt or a batch", async () => {
    const lines = await outcome(`
      const parts = { fd: sender.fd, domain: 2, dualStack: false, segmentation: true, receiveBuffer: 0, notices: [] };
      print(errorOf(() => new UdpSocket(parts, true).close()), errorOf(() => sender.sendTo(bytes("x"), { to })));
      const addresses = new Int32Array(8);
      const messages = { family: 2, ports: [1], addresses, scopes: [0], interfaces: [0], peerWord: () => 0 };
      print(errorOf(() => new library.Path(messages, 0)));`);
    assert.deepEqual(lines, ["EINVAL no error", "EINVAL"]);
  });

  test("an error number that is none gives no counters away", async () => {
    const lines = await outcome(`
      for (const errno of ["buffer", "length", 1.5, -1]) print(errorOf(() => sender.failed(errno)));
      print(sender.failed(1e6));`);
    assert.deepEqual(lines, ["EINVAL", "EINVAL", "EINVAL", "EINVAL", "0"]);
  });

  test("options whose getters change: each is read once", async () => {
    const lines = await outcome(`
      const changing = (values) => { let i = 0; return () => values[i++ % values.length]; };
      const port = changing([0, -1, 70_000]);
      const options = { get port() { return port(); }, address: "127.0.0.1" };
      for (let i = 0; i < 3; i++) print(errorOf(() => UdpSocket.bind(options).close()));
      const peerPort = changing([to.port, 0, -1]);
      const peer = { address: "127.0.0.1", get port() { return peerPort(); } };
      sender.sendTo(bytes("x"), { to: peer });
      print(await receive(), errorOf(() => sender.sendTo(bytes("x"), { to: peer })));`);
    assert.deepEqual(lines, ["no error", "EINVAL", "EINVAL", "1 EINVAL"]);
  });
});

describe("serve", LONG, () => {
  test("a handler that transfers its payload harms no other", async () => {
    const lines = await outcome(`
      const stop = new AbortController();
      const answers = [];
      const errors = [];
      const running = serve({
        port: 0,
        address: "127.0.0.1",
        signal: stop.signal,
        onListen: async ({ socket }) => {
          for (let i = 0; i < 5; i++) receiver.sendTo(bytes("request " + i), { to: { address: "127.0.0.1", port: socket.port } });
        },
        onError: (error) => { errors.push(error.constructor.name); },
      }, async ({ payload }) => {
        const text = new TextDecoder().decode(payload);
        if (text.endsWith("1")) structuredClone(payload.buffer, { transfer: [payload.buffer] });
        await new Promise((resolve) => setTimeout(resolve, 20));
        return payload;
      });
      while (answers.length < 5) {
        await receiver.readable();
        receiver.receive(received, false);
        for (let i = 0; i < received.count; i++) {
          for (let k = 0; k < received.datagrams(i); k++) {
            answers.push(new TextDecoder().decode(received.payload(i, k)));
          }
        }
        if (answers.length + errors.length >= 5) break;
      }
      stop.abort();
      await running;
      print(answers.filter(Boolean).toSorted().join("|"));`);
    assert.deepEqual(lines, ["request 0|request 2|request 3|request 4"]);
  });

  test("a signal whose removeEventListener throws: the socket is closed", async () => {
    const lines = await outcome(`
      const { signal } = new AbortController();
      signal.removeEventListener = () => { throw new Error("from the signal"); };
      let socket;
      const onListen = ({ socket: bound }) => {
        socket = bound;
        throw new Error("from onListen");
      };
      print(await serve({ port: 0, address: "127.0.0.1", signal, onListen }, () => {}).catch((error) => error.message));
      print(socket.fd);`);
    assert.deepEqual(lines, ["from the signal", "-1"]);
  });

  test("a callback that overrides close: the server still stops, with its error alone", async () => {
    const lines = await outcome(`
      let socket;
      const onListen = async ({ socket: bound }) => {
        socket = bound;
        socket.close = () => { throw new Error("from close"); };
        throw new Error("from onListen");
      };
      print(await serve({ port: 0, address: "127.0.0.1", onListen }, () => {}).catch((error) => error.message));
      print(socket.fd);`);
    assert.deepEqual(lines, ["from onListen", "-1"]);
  });

  test("an async onListen or onError that rejects ends the server with its error", async () => {
    const lines = await outcome(`
      const outcomeOf = (options, handler) => serve({ port: 0, address: "127.0.0.1", ...options }, handler)
        .then(() => "no error", (error) => error.message);
      print(await outcomeOf({ onListen: async () => { throw new Error("from onListen"); } }, () => {}));
      print(await outcomeOf({
        onListen: ({ socket }) => receiver.sendTo(bytes("x"), { to: { address: "127.0.0.1", port: socket.port } }),
        onError: async () => { throw new Error("from onError"); },
      }, () => { throw new Error("from the handler"); }));`);
    assert.deepEqual(lines, ["from onListen", "from onError"]);
  });

  test("IP_RECVERR set by a user: errors are reported, and an idle server sleeps", async () => {
    const lines = await outcome(`
      const [IPPROTO_IP, IP_RECVERR] = [0, 11];
      const stop = new AbortController();
      const errors = [];
      let calls = 0;
      await serve({
        port: 0,
        address: "127.0.0.1",
        signal: stop.signal,
        onListen: ({ socket }) => {
          socket.setOption(IPPROTO_IP, IP_RECVERR, 1);
          const { receive } = UdpSocket.prototype;
          socket.receive = (batch, wait) => { calls++; return receive.call(socket, batch, wait); };
          const closed = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
          const gone = closed.port;
          closed.close();
          socket.sendTo(bytes("x"), { to: { address: "127.0.0.1", port: gone } });
          setTimeout(() => { calls = 0; }, 200);
          setTimeout(() => stop.abort(), 500);
        },
        onError: (error) => { errors.push(error.code); },
      }, () => {});
      print([...new Set(errors)].join(), calls < 10 ? "sleeps" : calls + " receptions");`);
    assert.deepEqual(lines, ["ECONNREFUSED sleeps"]);
  });

  test("a full pipe at standard error does not block it", async () => {
    const file = join(temporaryFolder(), "noisy.mjs");
    writeFileSync(
      file,
      `${PRELUDE}
      const stop = new AbortController();
      let handled = 0;
      const running = serve({
        port: 0,
        address: "127.0.0.1",
        signal: stop.signal,
        onListen: ({ socket }) => {
          for (let i = 0; i < 100; i++) receiver.sendTo(bytes("x"), { to: { address: "127.0.0.1", port: socket.port } });
        },
      }, () => {
        if (++handled === 100) queueMicrotask(() => stop.abort());
        throw new Error("x".repeat(2000));
      });
      await running;
      print(handled);
      sender.close();
      receiver.close();`,
    );
    // The other end of the pipe is open for longer than the program may take, and never read.
    const seconds = 2 * PATIENCE_MS / 1000;
    const script = `exec 3> >(exec sleep ${seconds}); "$@" 2>&3; code=$?; kill $!; exit $code`;
    const pipeline = ["bash", "-c", script, "bash"];
    const { code, stdout, stderr } = await run([...pipeline, ...commandLine(file, [])]);
    assert.deepEqual([code, stdout.trim()], [0, "100"], stderr);
  });
});
