/** What a socket says of itself, and how it receives, blocking and not. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, test } from "node:test";
import {
  AF_INET,
  AF_INET6,
  EACCES,
  EAGAIN,
  ESHUTDOWN,
  F_DUPFD_CLOEXEC,
  F_GETFL,
  F_SETFL,
  IPPROTO_IPV6,
  IPV6_FREEBIND,
  O_NONBLOCK,
  SO_RCVBUF,
  SOCK_DGRAM,
  SOL_SOCKET,
} from "../../ffi/constants.ts";
import { bind, fcntl, getsockopt, socket } from "../../ffi/libc.ts";
import { libraries } from "../../ffi/library.ts";
import { Memory } from "../../ffi/memory.ts";
import { runtime } from "../../ffi/runtime.ts";
import { BatchSocket, MessageBatch, UdpSocket } from "../../src/mod.ts";
import { errorText } from "../support/errors.ts";
import { socketAndHeir } from "../support/heir.ts";
import { receiveAsleep } from "../support/receive.ts";

const noIPv6 = !existsSync("/proc/net/if_inet6") && "needs IPv6";
const LOCALHOST = { port: 0, address: "127.0.0.1" };

describe("a socket says", { skip: noIPv6 }, () => {
  test("its families, whom it reaches, its endpoint, and whether it was adopted", () => {
    const said = (options: object) => {
      using socket = BatchSocket.bind({ port: 0, ...options });
      const { domain, families, endpoint, port, adopted } = socket;
      assert.equal(adopted, false);
      return [domain, families, socket.reaches(true), socket.reaches(false), endpoint.replace(`:${port}`, ":PORT")];
    };
    assert.deepEqual(said({}), [AF_INET6, "IPv4 and IPv6", true, true, "[::]:PORT"]);
    assert.deepEqual(said({ family: 6 }), [AF_INET6, "IPv6", false, true, "[::]:PORT"]);
    assert.deepEqual(said({ family: 4 }), [AF_INET, "IPv4", true, false, "0.0.0.0:PORT"]);
    assert.deepEqual(said({ address: "127.0.0.9" }), [AF_INET, "IPv4", true, false, "127.0.0.9:PORT"]);
    assert.deepEqual(said({ address: "::1" }), [AF_INET6, "IPv6", false, true, "[::1]:PORT"]);
  });

  test("the receive buffer that the kernel granted, without what it doubles", () => {
    using small = BatchSocket.bind({ ...LOCALHOST, receiveBuffer: 5000 });
    using large = BatchSocket.bind({ ...LOCALHOST, receiveBuffer: 190_000 });
    for (const { fd, receiveBuffer } of [small, large]) {
      assert.equal(receiveBuffer, getsockopt(fd, SOL_SOCKET, SO_RCVBUF) / 2);
    }
    assert.equal(large.receiveBuffer, Math.max(190_000, small.receiveBuffer));
  });

  test("an IPv6 socket may send from an address that only a route makes local", () => {
    using ipv6 = BatchSocket.bind({ port: 0, family: 6 });
    assert.equal(getsockopt(ipv6.fd, IPPROTO_IPV6, IPV6_FREEBIND), 1);
  });
});

describe("a socket receives", () => {
  test("for as long as its time-out says, or what comes first", () => {
    using receiver = BatchSocket.bind(LOCALHOST);
    using sender = UdpSocket.bind(LOCALHOST);
    const batch = receiver.batch(2);
    receiver.setReceiveTimeout(30);
    const start = performance.now();
    assert.equal(receiveAsleep(receiver, batch), -EAGAIN);
    assert.ok(performance.now() - start > 20);
    assert.equal(receiver.receive(batch, false), -EAGAIN);
    receiver.setReceiveTimeout(0);
    sender.sendTo(Uint8Array.of(7), { to: { address: "127.0.0.1", port: receiver.port } });
    assert.equal(receiveAsleep(receiver, batch), 1);
    assert.deepEqual([...batch.payload(0)], [7]);
  });

  test("as long, if another process has made it nonblocking, and leaves it so", () => {
    const fd = socket(AF_INET, SOCK_DGRAM);
    const name = new Memory(16);
    name.u16[0] = AF_INET;
    bind(fd, name, 16);
    using adopted = UdpSocket.adopt(fd);
    assert.equal(adopted.adopted, true);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    adopted.setReceiveTimeout(30);
    const batch = adopted.batch(1);
    const start = performance.now();
    assert.equal(receiveAsleep(adopted, batch), -EAGAIN);
    assert.ok(performance.now() - start > 20);
    adopted.setReceiveTimeout(0);
    adopted.sendTo(Uint8Array.of(7), { to: { address: "127.0.0.1", port: adopted.port } });
    assert.equal(receiveAsleep(adopted, batch), 1);
    assert.notEqual(fcntl(fd, F_GETFL, 0) & O_NONBLOCK, 0);
  });
});

test("a socket that another process has shut down: what came before, then ESHUTDOWN", () => {
  const { shutdown } = runtime().ffi.load(libraries, { shutdown: { parameters: ["i32", "i32"], result: "i32" } }).call;
  using socket = UdpSocket.bind({ ...LOCALHOST, trains: false });
  const batch = socket.batch(4);
  for (let i = 0; i < 2; i++) socket.sendTo(Uint8Array.of(i), { to: socket.local });
  // It succeeds, although the socket is not connected.
  const SHUT_RDWR = 2;
  shutdown(socket.fd, SHUT_RDWR);
  assert.equal(receiveAsleep(socket, batch), 2);
  assert.deepEqual([...batch.payload(0), ...batch.payload(1)], [0, 1]);
  assert.equal(receiveAsleep(socket, batch), -ESHUTDOWN);
  assert.equal(batch.count, 0);
});

test("an adopted socket that was shut down: who does not wait hears of it too", async () => {
  const { shutdown } = runtime().ffi.load(libraries, { shutdown: { parameters: ["i32", "i32"], result: "i32" } }).call;
  using own = UdpSocket.bind(LOCALHOST);
  using socket = UdpSocket.adopt(fcntl(own.fd, F_DUPFD_CLOEXEC, 3));
  const batch = socket.batch(1);
  assert.equal(socket.tryReceive(batch), 0);
  const SHUT_RD = 0;
  shutdown(own.fd, SHUT_RD);
  assert.equal(await socket.readable(), true);
  assert.match(
    errorText(() => socket.tryReceive(batch)),
    /^ESHUTDOWN recvmmsg: another process has shut down the socket/,
  );
  await assert.rejects(async () => {
    for await (const _ of socket) assert.fail("a datagram");
  }, { code: "ESHUTDOWN" });
});

describe("a socket refuses", () => {
  test("a batch of the other family, or none, and numbers out of range", () => {
    using ipv4 = UdpSocket.bind(LOCALHOST);
    const foreign = new MessageBatch(AF_INET6, 1);
    for (const [call, syscall] of [["receive", "recvmmsg"], ["send", "sendmmsg"]] as const) {
      assert.equal(
        errorText(() => ipv4[call](foreign, false)),
        `EAFNOSUPPORT ${syscall}: the batch belongs to a socket of the other family; use one that this socket's \`batch\` makes`,
      );
      assert.equal(
        errorText(() => Reflect.apply(ipv4[call], ipv4, [[]])),
        `EINVAL ${syscall}: a batch must be a MessageBatch, not an array`,
      );
    }
    const limits = "must be a whole number from 0 to 2147483647, not -1";
    assert.equal(errorText(() => ipv4.failed(-1)), `EINVAL sendmmsg: an error number ${limits}`);
    assert.equal(errorText(() => ipv4.setReceiveTimeout(-1)), `EINVAL setsockopt: a time in milliseconds ${limits}`);
    assert.match(
      errorText(() => ipv4.setOption(0, 2 ** 31, 0)),
      /^EINVAL setsockopt: an option must be a whole number/,
    );
    assert.equal(errorText(() => ipv4.setOption(0, -1, 0)).split(" ")[0], "ENOPROTOOPT");
    assert.deepEqual([0, EACCES, 133, 134, 2 ** 31 - 1].map((errno) => ipv4.failed(errno)), [0, 0, 0, 0, 0]);
    for (const capacity of [0, 1025, 1.5]) {
      assert.match(
        errorText(() => ipv4.batch(capacity)),
        /^EINVAL recvmmsg: the capacity of a batch .* from 1 to 1024,/,
      );
    }
    assert.equal(
      errorText(() => new MessageBatch(7, 1)),
      "EINVAL recvmmsg: a batch is for AF_INET or AF_INET6",
    );
    assert.equal(
      errorText(() => new MessageBatch(AF_INET, 1, new Uint8Array(65_536))),
      "EINVAL recvmmsg: `headers` is memory of the program's own",
    );
  });

  test("everything after its end, and a second end has no effect", () => {
    let batch!: MessageBatch;
    using sockets = socketAndHeir((socket) => batch = socket.batch(1));
    const { closed, heir } = sockets;
    const { fd } = heir;
    closed.close();
    closed[Symbol.dispose]();
    assert.equal(closed.fd, -1);
    const message = "the socket is closed; bind a new one";
    assert.equal(errorText(() => closed.receive(batch, false)), `EBADF recvmmsg: ${message}`);
    assert.equal(errorText(() => closed.send(batch)), `EBADF sendmmsg: ${message}`);
    assert.equal(errorText(() => closed.setOption(0, 2, 1)), `EBADF setsockopt: ${message}`);
    assert.equal(errorText(() => closed.connect(heir.local)), `EBADF connect: ${message}`);
    assert.equal(errorText(() => closed.dropForgedOwnSources()), `EBADF setsockopt: ${message}`);
    assert.equal(errorText(() => closed.setReceiveTimeout(1)), `EBADF setsockopt: ${message}`);
    assert.deepEqual([heir.fd, heir.tryReceive(batch)], [fd, 0]);
  });

  test("a peer that it cannot be connected to", { skip: noIPv6 }, () => {
    using ipv4 = UdpSocket.bind(LOCALHOST);
    using broadcast = UdpSocket.bind(LOCALHOST);
    assert.match(
      errorText(() => ipv4.connect({ address: "::1", port: 9 })),
      /^EAFNOSUPPORT connect: an IPv4 socket does/,
    );
    assert.match(errorText(() => ipv4.connect({ address: "127.0.0.1", port: 0 })), /^EINVAL connect: a port must be/);
    assert.equal(
      errorText(() => broadcast.connect({ address: "127.255.255.255", port: 9 })),
      "EACCES connect: cannot connect to 127.255.255.255: permission denied",
    );
  });
});
