/** Several sockets on one port: which of them receives a datagram. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { F_SETFD, FD_CLOEXEC, SO_ATTACH_REUSEPORT_CBPF, SO_BINDTOIFINDEX, SOL_SOCKET } from "../../ffi/constants.ts";
import { interfaceIndex } from "../../ffi/interfaces.ts";
import { fcntl, getsockopt } from "../../ffi/libc.ts";
import { attachProgram } from "../../ffi/socket_filter.ts";
import { sharePort, steeringProgram } from "../../src/echo/steering.ts";
import { BatchSocket } from "../../src/socket/batch_socket.ts";
import { UdpSocket } from "../../src/socket/udp_socket.ts";

const COUNT = 5;
const FACTORS = [0x9e37_79b1 | 0, 0x85eb_ca77 | 0] as const;

/** The socket that the program selects for a source, as its documentation says. */
function predicted(words: readonly [upper: number, lower: number]): number {
  const hash = words.reduce((sum, word, i) => sum + Math.imul(word, FACTORS[i]!), 0);
  return Math.floor((hash >>> 16) * COUNT / 2 ** 16);
}

/** The index of the socket that has a datagram, which it receives. */
function receiver(sockets: readonly BatchSocket[]): number {
  const receivers = sockets.flatMap((socket, i) => socket.receive(socket.batch(1), false) > 0 ? [i] : []);
  assert.equal(receivers.length, 1);
  return receivers[0]!;
}

describe("steering", () => {
  let all: BatchSocket[] = [];

  function share(options: Parameters<typeof BatchSocket.bind>[0]): BatchSocket {
    const first = BatchSocket.bind(options);
    all = [first, ...sharePort(first, COUNT)];
    assert.equal(attachProgram(first.fd, SO_ATTACH_REUSEPORT_CBPF, steeringProgram(COUNT, FACTORS)), 0);
    return first;
  }

  function close(): void {
    for (const socket of all) socket.close();
  }

  for (const family of [undefined, 4] as const) {
    test(`IPv4 sources, on a socket for ${family === 4 ? "IPv4" : "both families"}`, () => {
      const { port } = share({ port: 0, family });
      try {
        const found = new Set<number>();
        for (let host = 1; host <= 97; host++) {
          using client = UdpSocket.bind({ port: 0, address: `127.1.2.${host}` });
          for (const address of ["127.0.0.1", "127.0.0.2"]) {
            client.sendTo(Uint8Array.of(host), { to: { address, port } });
            const index = receiver(all);
            assert.equal(index, predicted([0, 0x7f01_0200 | host]), `127.1.2.${host}`);
            found.add(index);
          }
        }
        assert.equal(found.size, COUNT);
      } finally {
        close();
      }
    });
  }

  test("an IPv6 source", () => {
    const { port } = share({ port: 0, family: 6 });
    try {
      using client = UdpSocket.bind({ port: 0, address: "::1" });
      client.sendTo(Uint8Array.of(1), { to: { address: "::1", port } });
      assert.equal(receiver(all), predicted([0, 0]));
    } finally {
      close();
    }
  });

  test("every socket is on its own: none is inherited, and all are bound to the interface of the first", () => {
    const F_GETFD = 1;
    const first = BatchSocket.bind({ port: 0, family: 4 });
    const loopback = interfaceIndex("lo");
    first.setOption(SOL_SOCKET, SO_BINDTOIFINDEX, loopback);
    fcntl(first.fd, F_SETFD, 0);
    all = [first, ...sharePort(first, COUNT)];
    try {
      assert.equal(all.length, COUNT);
      for (const { fd, port } of all) {
        assert.equal(port, first.port);
        assert.equal(getsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX), loopback);
        assert.equal(fcntl(fd, F_GETFD, 0), FD_CLOEXEC);
      }
    } finally {
      close();
    }
  });

  test("where it cannot be, the message says why", () => {
    const first = BatchSocket.bind({ port: 0 });
    first.close();
    assert.throws(() => sharePort(first, 2), {
      message: "cannot share the port among workers: setsockopt: bad file descriptor; leave out --workers",
    });
  });
});

describe("the program", () => {
  /** Runs it on a packet whose network header is this. Documentation/networking/filter.rst */
  function run(header: Uint8Array, etherType: number): number {
    const packet = new DataView(header.buffer);
    let [a, x] = [0, 0];
    const program = steeringProgram(COUNT, FACTORS);
    for (let at = 0;; at++) {
      const [code, ifTrue, ifFalse, operand] = program[at]!;
      const k = operand >>> 0;
      if (code === 0x20) a = k === 0xfffff000 ? etherType : packet.getUint32(k - 0xfff00000);
      else if (code === 0x24) a = Math.imul(a, k) >>> 0;
      else if (code === 0x74) a >>>= k;
      else if (code === 0x0c) a = (a + x) >>> 0;
      else if (code === 0x07) x = a;
      else if (code === 0x15) at += a === k ? ifTrue : ifFalse;
      else if (code === 0x16) return a;
      else assert.fail(`instruction ${code}`);
    }
  }

  const word = fc.integer({ min: 0, max: 0xffff_ffff });

  test("steers an IPv6 /64", () => {
    fc.assert(fc.property(word, word, word, (upper, lower, host) => {
      const header = new DataView(new ArrayBuffer(40));
      [upper, lower, host].forEach((word, i) => header.setUint32(8 + 4 * i, word));
      assert.equal(run(new Uint8Array(header.buffer), 0x86dd), predicted([upper, lower]));
    }));
  });

  test("steers an IPv4 address", () => {
    fc.assert(fc.property(word, word, (address, other) => {
      const header = new DataView(new ArrayBuffer(20));
      [other, address, other].forEach((word, i) => header.setUint32(8 + 4 * i, word));
      assert.equal(run(new Uint8Array(header.buffer), 0x0800), predicted([0, address]));
    }));
  });

  test("has factors of its own each time, which are odd", () => {
    const factors = [1, 2, 3].map(() => steeringProgram(COUNT).filter(([code]) => code === 0x24).map(([, , , k]) => k));
    for (const [first, second, count] of factors) {
      assert.deepEqual([first! & 1, second! & 1, count], [1, 1, COUNT]);
    }
    assert.equal(new Set(factors.flatMap(([first, second]) => [first, second])).size, 6);
  });
});
