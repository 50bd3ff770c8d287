/** Adaptive polling: the policy by itself, and the calls of the loop that follows it, over loopback. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ECHOED } from "../../src/echo/counters.ts";
import { EchoServer } from "../../src/echo/echo_server.ts";
import type { Operator } from "../../src/echo/operator.ts";
import { parseEcho } from "../../src/echo/options.ts";
import { AdaptivePolling } from "../../src/echo/polling.ts";
import { Supervisor } from "../../src/echo/supervisor.ts";
import { UdpSocket } from "../../src/socket/udp_socket.ts";
import { assertEchoed, noCompiler } from "../support/client.ts";

const CEILING = 200;
/** Time to handle a datagram, in microseconds. */
const SERVICE = 6;

/** Pseudorandom numbers from 0 to 1 (Park and Miller, 1988): the same in each run. */
function randomNumbers(seed = 1): () => number {
  return () => (seed = seed * 48_271 % 0x7fff_ffff) / 0x7fff_ffff;
}

/** A machine on which a sleep and a wake-up of the server take a time, in microseconds. */
class Machine {
  now = 0;
  polled = 0;
  receptions = 0;
  readonly #polling: Pick<AdaptivePolling, "windowMicroseconds" | "received">;
  readonly #wakeUp: () => number;

  constructor(polling: Pick<AdaptivePolling, "windowMicroseconds" | "received">, wakeUp: () => number) {
    this.#polling = polling;
    this.#wakeUp = wakeUp;
  }

  /** Waits for a datagram that comes at a time; returns when that is over. */
  #wait(arrival: number): number {
    const { windowMicroseconds: window } = this.#polling;
    const wait = Math.max(0, arrival - this.now);
    this.polled += Math.min(wait, window);
    return this.now + wait + (wait > window ? this.#wakeUp() : 0);
  }

  /** Receives one or more datagrams at the time `received`, and handles them. */
  #receive(received: number, datagrams: number): void {
    this.#polling.received(received - this.now, datagrams > 1);
    this.now = received + datagrams * SERVICE;
    this.receptions++;
  }

  /** A client with so many datagrams in flight, which sends the next ones so long after the answers. */
  closedLoop(receptions: number, turnaround: () => number, datagrams = 1): this {
    for (let i = 0; i < receptions; i++) this.#receive(this.#wait(this.now + turnaround()), datagrams);
    return this;
  }

  /** Clients that send at times of their own. */
  openLoop(microseconds: number, gap: () => number): this {
    const end = this.now + microseconds;
    for (let arrival = this.now + gap(); this.now < end;) {
      const received = this.#wait(arrival);
      let datagrams = 0;
      for (; arrival <= received; arrival += gap()) datagrams++;
      this.#receive(received, datagrams);
    }
    return this;
  }

  get rate(): number {
    return this.receptions / this.now;
  }

  get polledShare(): number {
    return this.polled / this.now;
  }
}

const ALWAYS = { windowMicroseconds: CEILING, received() {} };
const NEVER = { windowMicroseconds: 0, received() {} };

describe("the policy", () => {
  const hours: [name: string, turnaround: number, wakeUp: number, spikes: number][] = [
    ["a good hour", 10, 15, 0],
    ["a good hour with spikes", 12, 25, 0.05],
    ["a bad hour", 70, 80, 0],
    ["a bad hour with spikes", 90, 80, 0.1],
    ["an hour in which a sleep and a wake-up take longer than the longest poll", 120, 230, 0.02],
  ];
  for (const [name, turnaround, wakeUp, spikes] of hours) {
    test(`stop-and-wait in ${name}: nearly as fast as with polling all the time`, () => {
      const rate = (polling: ConstructorParameters<typeof Machine>[0]) => {
        const random = randomNumbers();
        const spike = () => random() < spikes ? 1000 * random() : 0;
        const machine = new Machine(polling, () => wakeUp * (0.8 + 0.4 * random()) + spike());
        return machine.closedLoop(20_000, () => turnaround * (0.8 + 0.4 * random()) + spike()).rate;
      };
      const [adaptive, always, never] = [new AdaptivePolling(CEILING), ALWAYS, NEVER].map(rate) as [
        number,
        number,
        number,
      ];
      assert.ok(adaptive > 0.93 * always, `${adaptive / always} of always`);
      assert.ok(adaptive > 1.2 * never, `${adaptive / never} times never`);
    });
  }

  test("a client with pauses is polled for again after each", () => {
    const machine = new Machine(new AdaptivePolling(CEILING), () => 80);
    for (let pause = 0; pause < 100; pause++) {
      machine.closedLoop(500, () => 70);
      machine.now += 200_000;
    }
    machine.now -= 100 * 200_000;
    const always = new Machine(ALWAYS, () => 80).closedLoop(50_000, () => 70);
    assert.ok(machine.rate > 0.85 * always.rate, `${machine.rate / always.rate}`);
  });

  for (const perSecond of [10, 100, 1000, 3000, 5000, 10_000, 30_000]) {
    test(`datagrams at times of their own, ${perSecond} a second: hardly any polling`, () => {
      const gaps = { even: () => 1, random: (random: number) => -Math.log(random) };
      for (const [name, gap] of Object.entries(gaps)) {
        for (const wakeUp of [10, 80]) {
          const random = randomNumbers(7);
          const machine = new Machine(new AdaptivePolling(CEILING), () => wakeUp);
          machine.openLoop(10e6, () => 1e6 / perSecond * gap(random()));
          const most = perSecond <= 1000 ? 0.001 : 0.2;
          assert.ok(machine.polledShare <= most, `${name}, ${wakeUp} µs: ${machine.polledShare}`);
        }
      }
    });
  }

  test("datagrams that gather are not polled for", () => {
    const machine = new Machine(new AdaptivePolling(CEILING), () => 20);
    assert.equal(machine.closedLoop(1000, () => 10, 2).polled, 0);
  });

  test("with a ceiling of 0 it never polls", () => {
    const machine = new Machine(new AdaptivePolling(0), () => 20);
    assert.equal(machine.closedLoop(5000, () => 0).closedLoop(5000, () => 10).polled, 0);
  });
});

/** Receptions in a row that the policy polled for, or slept. */
type Stretch = readonly [polled: boolean, receptions: number];

/** The stretches of a policy that each reception gives a time to wait: the last one is not over. */
function stretches(
  polling: AdaptivePolling,
  receptions: number,
  wait: (polls: boolean, reception: number) => number,
): Stretch[] {
  const stretches: [boolean, number][] = [];
  for (let i = 0; i < receptions; i++) {
    const polls = polling.windowMicroseconds > 0;
    if (polls) assert.equal(polling.windowMicroseconds, CEILING);
    if (stretches.at(-1)?.[0] !== polls) stretches.push([polls, 0]);
    stretches.at(-1)![1]++;
    polling.received(wait(polls, i), false);
  }
  return stretches;
}

describe("the policy, reception by reception", () => {
  /** Waits of a machine on which polling pays, and of one on which it does not. */
  const pays = (polls: boolean) => polls ? 60 : 80;
  const doesNotPay = (polls: boolean) => polls ? 61 : 80;
  /** The stretches of a new policy. */
  const first = (receptions: number, wait: Parameters<typeof stretches>[2]) =>
    stretches(new AdaptivePolling(CEILING), receptions, wait);
  const polled = (...receptions: number[]): Stretch[] =>
    receptions.flatMap((count): Stretch[] => [[false, 32], [true, 32 + count]]);

  test("where waits get shorter by a quarter it polls, for longer each time, up to 4096 receptions", () => {
    const expected = polled(256, 512, 1024, 2048, 4096, 4096);
    assert.deepEqual(first(6 * 64 + 256 + 512 + 1024 + 2048 + 2 * 4096, pays), expected);
  });

  test("where they do not it sleeps, as long", () => {
    const [begin, ...rest] = first(5 * 64 + 512 + 1024 + 2048 + 2 * 4096, doesNotPay);
    assert.deepEqual(begin, [false, 32]);
    const asleep = rest.filter(([polled]) => !polled).map(([, receptions]) => receptions - 32);
    assert.deepEqual(asleep, [512, 1024, 2048, 4096, 4096 - 32]);
    assert.ok(rest.every(([polled, receptions]) => !polled || receptions === 32));
  });

  test("after a decision of the other kind, the next one is soon", () => {
    const polling = new AdaptivePolling(CEILING);
    assert.deepEqual(stretches(polling, 2 * 64 + 256 + 512, pays), polled(256, 512));
    const [asleep, measured, ...others] = stretches(polling, 64 + 256 + 64, doesNotPay);
    assert.deepEqual([asleep, measured, others], [[false, 32], [true, 32], [[false, 256 + 32], [true, 32]]]);
  });

  test("after a pause of more than 50 ms it begins again", () => {
    for (const [pause, begins] of [[50_000, false], [50_001, true]] as const) {
      const polling = new AdaptivePolling(CEILING);
      stretches(polling, 3 * 64 + 256 + 512 + 100, pays);
      polling.received(pause, true);
      const again = stretches(polling, 64 + 512 + 1, pays);
      assert.deepEqual(again, begins ? [...polled(512), [false, 1]] : [[true, 64 + 512 + 1]]);
    }
  });

  test("polls in vain end a stretch when three come in a row", () => {
    for (const inARow of [2, 3]) {
      const polling = new AdaptivePolling(CEILING);
      stretches(polling, 64 + 100, pays);
      const missed = (_: boolean, i: number) => i % 4 < inARow ? CEILING + 1 : 60;
      assert.deepEqual(stretches(polling, 8, missed), inARow === 2 ? [[true, 8]] : [[true, 3], [false, 5]]);
    }
    // A wait as long as the longest poll is not in vain.
    const polling = new AdaptivePolling(CEILING);
    stretches(polling, 64 + 100, pays);
    assert.deepEqual(stretches(polling, 8, () => CEILING), [[true, 8]]);
    // While polling is measured, they decide that it does not pay.
    assert.deepEqual(first(32 + 3 + 512 + 32, (polls) => polls ? CEILING + 1 : 80), [
      [false, 32],
      [true, 3],
      [false, 512 + 32],
    ]);
  });

  test("waits of more than twice the longest poll are not measured: where many are slow, it sleeps", () => {
    const every = (receptions: number) => (polls: boolean, i: number) =>
      i % receptions === 0 ? 2 * CEILING + 1 : pays(polls);
    assert.deepEqual(first(1000, every(3)), [[false, 1000]]);
    const [asleep, ...rest] = first(1000, every(4));
    assert.ok(asleep![1] > 64 && asleep![1] < 256 && rest.length > 0, `${asleep}`);
    // Twice the longest poll is measured.
    assert.deepEqual(first(100, (polls) => polls ? 60 : 2 * CEILING)[0], [false, 32]);
  });
});

describe("the loop", { skip: noCompiler }, () => {
  /** Serves a client with one datagram in flight, and polls for so long; returns how many receptions waited, and how many did not. */
  async function serve(windowMicroseconds: number): Promise<{ waited: number; polled: number }> {
    using socket = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
    const calls = { waited: 0, polled: 0 };
    const receive = socket.receive.bind(socket);
    socket.receive = (batch, wait) => {
      calls[wait ? "waited" : "polled"]++;
      return receive(batch, wait);
    };
    const settings = parseEcho(["--quiet"]);
    assert.ok(typeof settings === "object");
    const output = { flush: () => true };
    const operator = { output, json: false, warn: assert.fail } as unknown as Operator;
    const group = new Supervisor({ socket, settings, operator });
    const server = new EchoServer(settings, {
      socket,
      operator,
      group,
      polling: { windowMicroseconds, received() {} },
    });
    const running = server.run();
    await assertEchoed("127.0.0.1", socket.port, { sizes: [64], count: 100, window: 1 });
    server.stop();
    await running;
    assert.equal(group.block.counters[0]!.counts[ECHOED], 100);
    return calls;
  }

  test("polls while the policy says so", async () => {
    // So long that the slowest machine's client answers within it.
    const { waited, polled } = await serve(1_000_000);
    assert.ok(polled > 100 && waited < 50, `${polled} polled, ${waited} waited`);
  });

  test("only waits otherwise", async () => {
    assert.equal((await serve(0)).polled, 0);
  });
});
