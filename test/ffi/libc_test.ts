/** Functions of libc: results, `-errno`, and values that take more than one word. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import {
  AF_INET,
  EBADF,
  ENOENT,
  ENOPROTOOPT,
  F_GETFL,
  FD_CLOEXEC,
  IP_TTL,
  IPPROTO_IP,
  MSG_DONTWAIT,
  O_RDONLY,
  POLLIN,
  POLLOUT,
  SO_RCVTIMEO,
  SOCK_DGRAM,
  SOL_SOCKET,
} from "../../ffi/constants.ts";
import * as libc from "../../ffi/libc.ts";
import { libc as loaded } from "../../ffi/library.ts";
import { Memory } from "../../ffi/memory.ts";
import { UdpSocket } from "../../src/mod.ts";
import { run, temporaryFolder } from "../support/process.ts";
import { targetOf } from "../support/proc.ts";
import { commandLine, ROOT, RUNTIME } from "../support/server.ts";

const LOCALHOST = { port: 0, address: "127.0.0.1" };
const NO_DESCRIPTOR = 999_999;
const POLLNVAL = 0x20;
const SEEK_SET = 0;
const F_GETFD = 1;

/** A file with this text. */
function file(text: string): string {
  const path = join(temporaryFolder(), "datei-ä");
  writeFileSync(path, text);
  return path;
}

describe("a function of libc", () => {
  test("that fails: the negative error number, each its own", () => {
    assert.equal(libc.close(NO_DESCRIPTOR), -EBADF);
    assert.equal(libc.open("/nonesuch", O_RDONLY), -ENOENT);
    assert.equal(libc.open(`/nonesuch/${"long/ä".repeat(60)}`, O_RDONLY), -ENOENT);
    assert.equal(libc.fcntl(NO_DESCRIPTOR, F_GETFL, 0), -EBADF);
    assert.equal(libc.poll(0, 0, 0), 0);
    assert.equal(libc.lseek(NO_DESCRIPTOR, 0, SEEK_SET), -EBADF);
    using socket = UdpSocket.bind(LOCALHOST);
    assert.equal(libc.getsockopt(socket.fd, SOL_SOCKET, 9999), -ENOPROTOOPT);
    assert.equal(libc.setsockopt(socket.fd, SOL_SOCKET, 9999, 1), -ENOPROTOOPT);
    assert.equal(libc.setsockoptBytes(socket.fd, SOL_SOCKET, 9999, new Uint8Array(4)), -ENOPROTOOPT);
  });

  test("open, lseek, read, close: a file, also beyond 2 GiB", () => {
    const fd = libc.open(file("text"), O_RDONLY);
    assert.ok(fd > 2);
    const target = targetOf(fd);
    assert.notEqual(target, "");
    assert.equal(libc.lseek(fd, 1, SEEK_SET), 1);
    const memory = new Memory(8);
    assert.equal(loaded().call.read(fd, memory.pointer(0), 8), 3);
    assert.equal(new TextDecoder().decode(memory.bytes.subarray(0, 3)), "ext");
    assert.equal(libc.lseek(fd, 0x7fff_ffff, SEEK_SET), 0x7fff_ffff);
    assert.equal(libc.lseek(fd, 2, 1), 0x8000_0001, "relative");
    assert.equal(libc.close(fd), 0);
    assert.notEqual(targetOf(fd), target);
  });

  test("setsockopt, getsockopt: numbers and bytes", () => {
    using socket = UdpSocket.bind(LOCALHOST);
    assert.equal(libc.setsockopt(socket.fd, IPPROTO_IP, IP_TTL, 33), 0);
    assert.equal(libc.getsockopt(socket.fd, IPPROTO_IP, IP_TTL), 33);
    assert.equal(libc.setsockoptBytes(socket.fd, IPPROTO_IP, IP_TTL, Uint8Array.of(44, 0, 0, 0)), 0);
    assert.equal(libc.getsockopt(socket.fd, IPPROTO_IP, IP_TTL), 44);
  });

  test("setsockopt: a struct of words, such as the time that a reception waits", () => {
    using socket = UdpSocket.bind(LOCALHOST);
    const time = new Memory(16);
    const length = new Memory(4);
    for (const milliseconds of [0, 4, 1500, 3_600_000, 1000, 60_020]) {
      socket.setReceiveTimeout(milliseconds);
      length.i32[0] = 16;
      const { getsockopt } = loaded().call;
      assert.equal(getsockopt(socket.fd, SOL_SOCKET, SO_RCVTIMEO, time.pointer(0), length.pointer(0)), 0);
      assert.deepEqual([time.i32[0], time.i32[2]], [Math.floor(milliseconds / 1000), milliseconds % 1000 * 1000]);
    }
  });

  test("poll: the events, an error, or none in the time given", () => {
    using socket = UdpSocket.bind(LOCALHOST);
    assert.equal(libc.poll(socket.fd, POLLIN, 0), 0);
    const start = performance.now();
    assert.equal(libc.poll(socket.fd, POLLIN, 20), 0);
    assert.ok(performance.now() - start > 15);
    socket.sendTo(new Uint8Array(1), { to: socket.local });
    assert.equal(libc.poll(socket.fd, POLLIN, -1), POLLIN);
    assert.equal(libc.poll(socket.fd, POLLIN | POLLOUT, -1), POLLIN | POLLOUT);
    assert.equal(libc.poll(NO_DESCRIPTOR, POLLIN, -1), POLLNVAL);
  });

  test("write, send: the bytes written and sent, none too", () => {
    using socket = UdpSocket.bind({ ...LOCALHOST, trains: false });
    socket.connect(socket.local);
    const block = new Memory(4);
    block.bytes.set([1, 2, 3, 4]);
    const failed = [libc.write(NO_DESCRIPTOR, block, 4), libc.send(NO_DESCRIPTOR, block, 4, MSG_DONTWAIT)];
    assert.deepEqual(failed, [-EBADF, -EBADF]);
    const sent = [3, 2, 0].map((length, i) =>
      i === 0 ? libc.write(socket.fd, block, length) : libc.send(socket.fd, block, length, MSG_DONTWAIT)
    );
    assert.deepEqual(sent, [3, 2, 0]);
    const batch = socket.batch(4);
    const payloads: number[][] = [];
    while (socket.tryReceive(batch) > 0) {
      for (let i = 0; i < batch.count; i++) payloads.push([...batch.payload(i)]);
    }
    assert.deepEqual(payloads, [[1, 2, 3], [1, 2], []]);
  });

  test("socket, bind, getsockname, connect", () => {
    const fd = libc.socket(AF_INET, SOCK_DGRAM);
    assert.ok(fd > 2);
    assert.equal(libc.fcntl(fd, F_GETFD, 0), FD_CLOEXEC);
    using peer = UdpSocket.bind(LOCALHOST);
    const address = new Memory(16);
    const name = () => {
      address.bytes.fill(0);
      assert.equal(libc.getsockname(fd, address, 16), 0);
      return [...address.bytes.subarray(0, 8)];
    };
    const localhost = [AF_INET, 0, 0, 0, 127, 0, 0, 1];
    address.bytes.set(localhost);
    assert.equal(libc.bind(fd, address, 16), 0);
    const [family, , high, low, ...rest] = name();
    assert.ok(high! << 8 | low!);
    assert.deepEqual([family, ...rest], [AF_INET, 127, 0, 0, 1]);
    address.bytes.set([AF_INET, 0, peer.port >> 8, peer.port & 0xff, 127, 0, 0, 1]);
    assert.equal(libc.connect(fd, address, 16), 0);
    assert.equal(libc.close(fd), 0);
    assert.equal(libc.connect(NO_DESCRIPTOR, address, 16), -EBADF);
  });
});

test("a descriptor with the number of a standard stream moves above them, and exec closes it", async () => {
  const path = join(temporaryFolder(), "move.ts");
  writeFileSync(
    path,
    `import { readFileSync, readlinkSync } from "node:fs";
    import { aboveStandardStreams, close, fcntl, open } from ${JSON.stringify(join(ROOT, "ffi/libc.ts"))};
    const link = (fd) => { try { return readlinkSync("/proc/self/fd/" + fd); } catch { return "closed"; } };
    const high = open("/dev/zero", 0);
    close(2);
    const low = open("/dev/full", 0);
    const moved = aboveStandardStreams(low);
    const links = [link(low), link(moved)];
    const fdinfo = readFileSync("/proc/self/fdinfo/" + moved, "latin1");
    const closedByExec = (parseInt(fdinfo.match(/flags:\\s+(\\d+)/)[1], 8) & 0o2000000) !== 0;
    console.log(low, moved > 2, ...links, closedByExec);
    for (const fd of [0, 1]) {
      const saved = fd === 1 ? fcntl(1, 1030, 3) : -1;
      close(fd);
      const moved = aboveStandardStreams(open("/dev/full", 0));
      if (fd === 1) fcntl(saved, 0, 1);
      console.log(moved > 2);
    }
    console.log(aboveStandardStreams(high) === high, link(high), aboveStandardStreams(-9));`,
  );
  const { code, stdout, stderr } = await run(commandLine(path, [], RUNTIME === "Deno" ? ["-A"] : []));
  assert.deepEqual([code, stdout], [0, "2 true closed /dev/full true\ntrue\ntrue\ntrue /dev/zero -9\n"], stderr);
});
