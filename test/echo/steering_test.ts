/** Several sockets on one port: which of them receives a datagram. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SO_ATTACH_REUSEPORT_CBPF } from "../../ffi/constants.ts";
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
});
