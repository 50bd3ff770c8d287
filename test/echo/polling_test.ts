/** Adaptive polling: when it asks again rather than sleep. Over loopback; which calls wait is what is looked at. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EAGAIN } from "../../ffi/constants.ts";
import type { MessageBatch } from "../../src/socket/message_batch.ts";
import { AdaptivePolling } from "../../src/echo/polling.ts";
import { UdpSocket } from "../../src/socket/udp_socket.ts";
import { assertEchoed, noCompiler } from "../support/client.ts";

const HOST = "127.0.0.1";
/** So long that the slowest machine's client answers within it, in microseconds. */
const CEILING = 1_000_000;
/** Exchanges of the client. */
const COUNT = 100;

/** A socket that is received from by polling, and what was asked of it. */
interface Polled {
  socket: UdpSocket;
  batch: MessageBatch;
  /** Receives; returns what came of it, and whether each call waited. */
  receive(): { received: number; waited: boolean[] };
}

/** Opens such a socket, has it used, and closes it. */
async function withPolled(ceiling: number, use: (polled: Polled) => Promise<void> | void): Promise<void> {
  using socket = UdpSocket.bind({ port: 0, address: HOST });
  socket.setReceiveTimeout(100);
  const batch = socket.batch(8);
  const polling = new AdaptivePolling(ceiling);
  const receive = socket.receive.bind(socket);
  let waited: boolean[] = [];
  socket.receive = (into, wait) => {
    waited.push(wait);
    return receive(into, wait);
  };
  await use({
    socket,
    batch,
    receive: () => {
      waited = [];
      return { received: polling.receive(socket, batch), waited };
    },
  });
}

/** Answers a client that sends one datagram at a time; returns how often a reception polled. */
async function answerClient({ socket, batch, receive }: Polled): Promise<number> {
  const client = assertEchoed(HOST, socket.port, { sizes: [64], count: COUNT, window: 1 });
  let polled = 0;
  for (let answered = 0, asked = 0; answered < COUNT; asked++) {
    assert.ok(asked < 10 * COUNT, `${answered} datagrams in ${asked} receptions`);
    const { received, waited } = receive();
    if (waited.includes(false)) polled++;
    for (let i = 0; i < received; i++) batch.reply(i);
    if (received > 0) answered += socket.send(batch);
    else await new Promise((resolve) => setTimeout(resolve, 0));
  }
  await client;
  return polled;
}

/** Sends payloads of these sizes to a socket, each call's as one train if there are several. */
function sendTo({ socket }: Polled, ...trains: number[][]): void {
  using sender = UdpSocket.bind({ port: 0, address: HOST });
  for (const sizes of trains) {
    const batch = sender.batch(8);
    for (const size of sizes) batch.add(new Uint8Array(size), { to: { address: HOST, port: socket.port } });
    assert.equal(sender.send(batch), sizes.length);
  }
}

describe("adaptive polling", () => {
  test("where nothing comes, it sleeps at once", () =>
    withPolled(CEILING, ({ receive }) => {
      for (let i = 0; i < 3; i++) assert.deepEqual(receive(), { received: -EAGAIN, waited: [true] });
    }));

  test(
    "where datagrams come one at a time, it polls, until none comes",
    { skip: noCompiler },
    () =>
      withPolled(CEILING, async (polled) => {
        const times = await answerClient(polled);
        assert.ok(times > COUNT / 2, `polled ${times} times in ${COUNT}`);
        const last = polled.receive();
        assert.equal(last.received, -EAGAIN);
        assert.ok(last.waited.length > 1, "polls once more");
        assert.equal(last.waited.at(-1), true, "then sleeps");
        assert.deepEqual(polled.receive(), { received: -EAGAIN, waited: [true] });
      }),
  );

  test(
    "where several gather, it sleeps at once, for more of them to do so",
    { skip: noCompiler },
    () =>
      withPolled(CEILING, async (polled) => {
        await answerClient(polled);
        sendTo(polled, [10], [20]);
        assert.equal(polled.receive().received, 2);
        assert.deepEqual(polled.receive(), { received: -EAGAIN, waited: [true] });
      }),
  );

  test("trains don't gather", { skip: noCompiler }, () =>
    withPolled(CEILING, async (polled) => {
      await answerClient(polled);
      sendTo(polled, [10, 10], [20, 20]);
      assert.equal(polled.receive().received, 2);
      assert.equal(polled.batch.datagrams(0), 2);
      assert.equal(polled.receive().waited[0], false);
    }));

  test(
    "with a ceiling of 0 it never polls",
    { skip: noCompiler },
    () => withPolled(0, async (polled) => assert.equal(await answerClient(polled), 0)),
  );
});
