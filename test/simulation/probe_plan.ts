/** What happens in one run of the probe: made from a seed, and plain data, so that it can be shrunk. */
import type { PlannedEvent } from "./events.ts";
import { makeHost } from "./host_plan.ts";
import type { PathQuality } from "./network.ts";
import { Random } from "./random.ts";
import type { SignalName } from "./signals.ts";
import { MICROSECOND, MILLISECOND, SECOND } from "./time.ts";
import type { HostOptions } from "./world.ts";

/** What a network and a server make of a datagram, each with a probability. */
export interface Weather {
  readonly lost: number;
  readonly duplicated: number;
  readonly altered: number;
  /** The answer comes from another address or port. */
  readonly misplaced: number;
  /** An ICMP message comes back instead, of this type and code. */
  readonly refused: number;
  readonly icmp: readonly [number, number];
  /** Datagrams come that answer nothing. */
  readonly strays: number;
  /** Nanoseconds to the answer, at least and at most. */
  readonly delay: readonly [number, number];
  /** What ICMP messages wait for: they come together at multiples of this, in nanoseconds; 0 for not at all. */
  readonly clumps: number;
  /** ICMP messages come at the very moment at which the next request is sent. */
  readonly ambush: number;
}

/** A server that is asked, or none. */
export interface PlannedTarget {
  readonly address: string;
  readonly port: number;
  readonly weather: Weather;
  readonly path: PathQuality;
}

/** One run. */
export interface ProbePlan {
  readonly seed: number;
  readonly host: HostOptions;
  readonly targets: readonly PlannedTarget[];
  readonly count: number;
  readonly intervalMilliseconds: number;
  readonly timeoutMilliseconds: number;
  readonly size: number;
  readonly connected: boolean;
  readonly dontFragment: boolean;
  /** The interface that requests are to leave by; 0 for any. */
  readonly interfaceIndex: number;
  /** Ports that requests leave from in turn. */
  readonly sourcePorts: number;
  readonly events: readonly PlannedEvent[];
  /** The signal that stops it early, if any. */
  readonly stop: { readonly at: number; readonly signal: SignalName } | undefined;
}

/** ICMP messages that a kernel makes errors of. RFC 792, RFC 4443 */
const ICMP4 = [[3, 0], [3, 1], [3, 3], [3, 10], [3, 13], [11, 0]] as const;
const ICMP6 = [[1, 0], [1, 1], [1, 3], [1, 4], [3, 0]] as const;

/** Makes the plan of a seed. */
export function makeProbePlan(seed: number): ProbePlan {
  const random = new Random(seed);
  const made = makeHost(random);
  const host: HostOptions = {
    ...made,
    outputs: [random.pick(["file", "pipe"]), "file"],
    faults: { ...made.faults, partialReceive: 0, cutControl: 0 },
  };
  const timeoutMilliseconds = random.pick([20, 100, 1000]);
  const addresses = ["192.0.2.20", "198.51.100.30", "203.0.113.5", "2001:db8:2::20", "2001:db8:3::30"];
  const targets = random.some(addresses, 0.3).slice(0, 3).map((address) =>
    makeTarget(random, address, timeoutMilliseconds)
  );
  if (targets.length === 0) targets.push(makeTarget(random, "192.0.2.20", timeoutMilliseconds));
  const count = random.magnitude(1, 60);
  const intervalMilliseconds = random.pick([0, 1, 5, 20, 200]);
  const duration = count * (intervalMilliseconds + 1) * MILLISECOND;
  const events: PlannedEvent[] = [];
  let ahead = 0;
  for (let at = random.between(0, duration); random.chance(0.2); at = random.between(at, duration)) {
    const before = ahead;
    ahead = random.between(-10, 10) * SECOND;
    events.push({ at, kind: "clock step", nanoseconds: ahead - before });
  }
  return {
    seed,
    host,
    targets,
    count,
    intervalMilliseconds,
    timeoutMilliseconds,
    size: random.pick([64, 64, 16, 1400, random.between(16, 5000)]),
    connected: random.chance(0.2),
    dontFragment: random.chance(0.2),
    interfaceIndex: random.chance(0.1) ? random.pick([2, 3]) : 0,
    sourcePorts: random.chance(0.2) ? random.between(2, 4) : 1,
    events,
    stop: random.chance(0.2)
      ? { at: random.between(1, duration), signal: random.pick(["SIGINT", "SIGTERM"] as const) }
      : undefined,
  };
}

function makeTarget(random: Random, address: string, timeoutMilliseconds: number): PlannedTarget {
  const some = () => random.chance(0.3) ? random.pick([0.05, 0.5, 1]) : 0;
  const timeout = timeoutMilliseconds * MILLISECOND;
  const most = random.magnitude(100 * MICROSECOND, timeout * random.pick([0.5, 0.5, 1.5, 5]));
  // So late that the request is forgotten, for sure.
  const ages = 10 * timeout + 250 * MILLISECOND;
  const paths: readonly PathQuality[] = [{}, {}, { latency: random.between(1, 300) * MICROSECOND }, { error: 101 }, {
    mtu: 1000,
  }];
  const forgotten = random.chance(0.05);
  return {
    address,
    port: random.pick([9000, 7]),
    weather: {
      lost: some(),
      duplicated: some(),
      altered: forgotten ? 0 : some(),
      misplaced: some(),
      refused: some(),
      icmp: random.pick<readonly [number, number]>(address.includes(":") ? ICMP6 : ICMP4),
      strays: some(),
      delay: forgotten
        ? [ages, 1.2 * ages]
        : random.chance(0.1)
        ? [1.2 * timeout, 1.25 * timeout]
        : [50 * MICROSECOND, most],
      clumps: random.chance(0.3) ? 50 * MILLISECOND : 0,
      // While the request is remembered, for sure.
      ambush: timeoutMilliseconds >= 100 && random.chance(0.3) ? random.pick([0.2, 1]) : 0,
    },
    path: random.pick(paths),
  };
}

/** The command line of a plan, behind `probe`. */
export function argumentsOf(plan: ProbePlan): string[] {
  const by = plan.host.interfaces.find(({ index }) => index === plan.interfaceIndex);
  const hosts = plan.targets.map(({ address, port }) =>
    address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`
  );
  return [
    ...hosts,
    "--json",
    ...["-c", `${plan.count}`, "-i", `${plan.intervalMilliseconds}ms`],
    ...["-t", `${plan.timeoutMilliseconds}ms`, "-s", `${plan.size}`],
    ...plan.connected ? ["--connected"] : [],
    ...plan.dontFragment ? ["--df"] : [],
    ...by === undefined ? [] : ["--interface", by.name],
    ...["--source-ports", `${plan.sourcePorts}`],
  ];
}
