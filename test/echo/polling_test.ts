/** Adaptive polling: the policy by itself, and the calls of the loop that follows it, over loopback. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Counters } from "../../src/echo/counters.ts";
import { EchoServer } from "../../src/echo/echo_server.ts";
import { Guard } from "../../src/echo/guard.ts";
import type { Log } from "../../src/echo/log.ts";
import type { Operator } from "../../src/echo/operator.ts";
import { AdaptivePolling } from "../../src/echo/polling.ts";
import type { Output } from "../../src/cli/output.ts";
import { UdpSocket } from "../../src/socket/udp_socket.ts";
import { assertEchoed, noCompiler } from "../support/client.ts";

const CEILING = 50;

/** The windows after receptions of one datagram, or of trains, that were waited for so long, in microseconds. */
function windows(ceiling: number, ...waits: number[]): number[] {
  const polling = new AdaptivePolling(ceiling);
  return waits.map((wait) => {
    polling.received(wait, false);
    return polling.windowMicroseconds;
  });
}

describe("the policy", () => {
  test("without traffic the window stays closed", () => {
    assert.deepEqual(windows(CEILING, 50_000, 50_000, 50_000), [0, 0, 0]);
  });

  test("the window opens with the second quick datagram, doubles while datagrams come behind it, up to the ceiling", () => {
    assert.deepEqual(windows(CEILING, 5, 5, 15, 25, 45, 50), [0, 10, 20, 40, 50, 50]);
  });

  test("a datagram within the window leaves it as it is", () => {
    assert.deepEqual(windows(CEILING, 5, 5, 10, 9, 1), [0, 10, 10, 10, 10]);
  });

  test("a datagram behind the ceiling closes it, and the next two open it", () => {
    assert.deepEqual(windows(CEILING, 5, 5, 51, 5, 5), [0, 10, 0, 0, 10]);
  });

  test("datagrams that gather close it", () => {
    const polling = new AdaptivePolling(CEILING);
    for (const gathered of [false, false, true]) polling.received(5, gathered);
    assert.equal(polling.windowMicroseconds, 0);
    polling.received(5, false);
    assert.equal(polling.windowMicroseconds, 0);
  });

  test("with a ceiling of 0 it never opens", () => {
    assert.deepEqual(windows(0, 0, 0, 1, 5, 0, 0), [0, 0, 0, 0, 0, 0]);
  });
});

describe("the loop", { skip: noCompiler }, () => {
  /** Serves a client with one datagram in flight; returns how many receptions waited, and how many did not. */
  async function serve(ceilingMicroseconds: number): Promise<{ waited: number; polled: number }> {
    using socket = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
    const calls = { waited: 0, polled: 0 };
    const receive = socket.receive.bind(socket);
    socket.receive = (batch, wait) => {
      calls[wait ? "waited" : "polled"]++;
      return receive(batch, wait);
    };
    const server = new EchoServer({
      socket,
      counters: new Counters(),
      guard: new Guard({ port: socket.port }),
      log: { leftOut: 0, record() {}, nextSecond() {} } as unknown as Log,
      polling: new AdaptivePolling(ceilingMicroseconds),
      output: { dropped: 0 } as unknown as Output,
      operator: { json: false, warn: assert.fail } as unknown as Operator,
    });
    const running = server.run();
    await assertEchoed("127.0.0.1", socket.port, { sizes: [64], count: 100, window: 1 });
    // Draining asks without waiting, too.
    const result = { ...calls };
    server.stop();
    await running;
    assert.equal(server.summary().echoed, 100);
    return result;
  }

  test("polls where datagrams come one at a time", async () => {
    // So long that the slowest machine's client answers within it.
    const { waited, polled } = await serve(1_000_000);
    assert.ok(polled > 100 && waited < 50, `${polled} polled, ${waited} waited`);
  });

  test("only waits where polling is off", async () => {
    assert.equal((await serve(0)).polled, 0);
  });
});
