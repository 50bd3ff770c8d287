/** The echo loop, beside what the simulation proves: the memory that it shares, its sleep, and its last datagrams. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Clock } from "../../ffi/clock.ts";
import { EAGAIN } from "../../ffi/constants.ts";
import { RECEIVED, RECEIVED_BEFORE } from "../../src/echo/counters.ts";
import { EchoServer } from "../../src/echo/echo_server.ts";
import type { Group } from "../../src/echo/group.ts";
import type { Operator } from "../../src/echo/operator.ts";
import { parseEcho } from "../../src/echo/options.ts";
import { Supervisor } from "../../src/echo/supervisor.ts";
import { UdpSocket } from "../../src/socket/udp_socket.ts";

/** A server at a port of its own, without output; `group` replaces parts of the group that it belongs to. */
function serverAt(socket: UdpSocket, group: Partial<Group> = {}): { server: EchoServer; counts: Float64Array } {
  const settings = parseEcho(["--quiet"]);
  assert.ok(typeof settings === "object");
  const operator = { output: { dropped: 0, flush: () => true }, json: false, warn: assert.fail } as unknown as Operator;
  const supervisor = new Supervisor({ socket, settings, operator });
  const { block } = supervisor;
  const whole: Group = {
    index: 0,
    block,
    tend: () => supervisor.tend(),
    ...group,
  };
  return { server: new EchoServer(settings, { socket, operator, group: whole }), counts: block.counters[0]!.counts };
}

test("a batch that is handled shows in the counters: what was received with it, and before it", async () => {
  using socket = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
  using client = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
  const { server, counts } = serverAt(socket);
  const request = () => client.sendTo(Uint8Array.of(1), { to: { address: "127.0.0.1", port: socket.port } });
  const seen: [before: number, received: number][] = [];
  const send = socket.send.bind(socket);
  socket.send = (batch) => {
    seen.push([counts[RECEIVED_BEFORE]!, counts[RECEIVED]!]);
    const sent = send(batch);
    if (seen.length < 3) request();
    else server.stop();
    return sent;
  };
  request();
  await server.run();
  assert.deepEqual(seen, [[0, 1], [1, 2], [2, 3]]);
});

test("it sleeps no longer than until the group is due, and ends when the group does", async () => {
  using socket = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
  const due = [7, 0];
  const { server } = serverAt(socket, { tend: () => due.shift()! });
  const sleeps: number[] = [];
  const setReceiveTimeout = socket.setReceiveTimeout.bind(socket);
  socket.setReceiveTimeout = (milliseconds) => {
    sleeps.push(milliseconds);
    setReceiveTimeout(milliseconds);
  };
  await server.run();
  assert.deepEqual([sleeps.at(-1), due], [7, []]);
});

describe("at the end", () => {
  /** How many datagrams are counted of sockets with so many, if to receive each takes a millisecond of the processor. */
  function drained(...left: number[]): number[] {
    using socket = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
    const { server } = serverAt(socket);
    const { microseconds } = Clock.prototype;
    let now = 0;
    Clock.prototype.microseconds = () => now;
    const seen = left.map(() => 0);
    const sockets = left.map((count, i) => ({
      receive(): number {
        if (seen[i] === count) return -EAGAIN;
        now += 1000;
        return ++seen[i]!;
      },
    }));
    try {
      server.drain(sockets as unknown as UdpSocket[]);
    } finally {
      Clock.prototype.microseconds = microseconds;
    }
    return seen;
  }

  test("datagrams that are left are counted for 30 ms, and those of each socket for its share of them", () => {
    assert.deepEqual(drained(Infinity), [30]);
    assert.deepEqual(drained(Infinity, Infinity, Infinity), [10, 10, 10]);
  });

  test("a socket leaves the rest of its share to those behind it", () => {
    assert.deepEqual(drained(0, Infinity, 2, Infinity), [0, 15, 2, 13]);
  });
});
