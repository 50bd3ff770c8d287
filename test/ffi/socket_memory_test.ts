/** What the kernel keeps for a socket: the buffers as `SO_MEMINFO` tells them, and drops. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  SK_MEMINFO_RCVBUF,
  SK_MEMINFO_RMEM_ALLOC,
  SK_MEMINFO_SNDBUF,
  SK_MEMINFO_WMEM_ALLOC,
  SO_RCVBUF,
  SO_SNDBUF,
  SOL_SOCKET,
} from "../../ffi/constants.ts";
import { SocketMemory } from "../../ffi/socket_memory.ts";
import { UdpSocket } from "../../src/mod.ts";

const LOCALHOST = { port: 0, address: "127.0.0.1" };

test("the sizes of the buffers, and what waits to be received", () => {
  using socket = UdpSocket.bind({ ...LOCALHOST, receiveBuffer: 1 << 20, sendBuffer: 100_000 });
  const memory = new SocketMemory(socket.fd);
  const size = memory.read(SK_MEMINFO_RCVBUF);
  assert.equal(size, socket.getOption(SOL_SOCKET, SO_RCVBUF));
  assert.equal(memory.read(SK_MEMINFO_SNDBUF), socket.getOption(SOL_SOCKET, SO_SNDBUF));
  assert.deepEqual([memory.read(SK_MEMINFO_RMEM_ALLOC), memory.read(SK_MEMINFO_WMEM_ALLOC)], [0, 0]);
  socket.sendTo(new Uint8Array(5000), { to: socket.local });
  const used = memory.read(SK_MEMINFO_RMEM_ALLOC);
  assert.ok(used > 5000, `${used} bytes`);
  assert.equal(memory.read(SK_MEMINFO_WMEM_ALLOC), 0);
  socket.receive(socket.batch(1), false);
  assert.ok(memory.read(SK_MEMINFO_RMEM_ALLOC) < used);
  socket.close();
  assert.equal(memory.read(SK_MEMINFO_RCVBUF), size, "of what is no socket any more: as it was");
});

test("drops since the object was made, all of them at each reading", () => {
  using socket = UdpSocket.bind({ ...LOCALHOST, trains: false });
  socket.setOption(SOL_SOCKET, SO_RCVBUF, 4096);
  const memory = new SocketMemory(socket.fd);
  assert.equal(memory.readDrops(), 0);
  // Two fill the buffer.
  const flood = (count: number) => {
    for (let i = 0; i < count; i++) socket.sendTo(new Uint8Array(8000), { to: socket.local });
  };
  flood(10);
  const dropped = memory.readDrops();
  assert.ok(dropped >= 8 && dropped < 10, `${dropped} of 10`);
  flood(5);
  const later = new SocketMemory(socket.fd);
  assert.deepEqual([memory.readDrops(), memory.readDrops(), later.readDrops()], [dropped + 5, dropped + 5, 0]);
  flood(1);
  assert.deepEqual([memory.readDrops(), later.readDrops()], [dropped + 6, 1]);
});
