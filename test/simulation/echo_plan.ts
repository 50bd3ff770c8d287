/** What happens in one run of the echo server: made from a seed, and plain data, so that it can be shrunk. */
import { isLinkLocal } from "./address.ts";
import type { Interface, Way } from "./network.ts";
import { Random } from "./random.ts";
import type { SignalName } from "./signals.ts";
import type { SinkKind } from "./sink.ts";
import { MICROSECOND, MILLISECOND, SECOND } from "./time.ts";
import type { FaultRates, HostOptions } from "./world.ts";

/** Something that happens at a time, in nanoseconds from the start of the traffic. */
export type PlannedEvent =
  & { readonly at: number }
  & (
    | {
      readonly kind: "arrival";
      readonly interface: number;
      readonly source: string;
      readonly sourcePort: number;
      readonly destination: string;
      /** Bytes of each datagram: several come as a train. */
      readonly sizes: readonly number[];
      /** Whether the payload is text, or anything. */
      readonly text: boolean;
    }
    | { readonly kind: "address"; readonly interface: number; readonly address: string; readonly present: boolean }
    | { readonly kind: "way"; readonly address: string; readonly way: Way }
    | { readonly kind: "clock step"; readonly nanoseconds: number }
    | { readonly kind: "drops"; readonly count: number }
    | { readonly kind: "reader"; readonly output: 0 | 1; readonly bytesPerSecond: number }
    | { readonly kind: "close output"; readonly output: 0 | 1 }
    | { readonly kind: "fill disk"; readonly output: 0 | 1; readonly free: number; readonly limit: boolean }
    | { readonly kind: "signal"; readonly signal: SignalName }
  );

/** What the server is told, beside its port. */
export interface EchoSettings {
  readonly port: number;
  /** The local address, or "" for all. */
  readonly address: string;
  readonly family: 4 | 6 | undefined;
  readonly log: "text" | "json" | "none";
  readonly logLimit: number;
  readonly busyPoll: number;
  readonly allow: readonly string[];
  readonly rate: { readonly perSecond: number; readonly burst: number } | undefined;
  readonly maxRate: { readonly perSecond: number; readonly burst: number } | undefined;
  readonly answerAnyPort: boolean;
  readonly answerBroadcast: boolean;
  readonly answerMulticast: boolean;
  /** Whether the server gets a bound socket, with datagrams in its queue, instead of a port. */
  readonly adopted: boolean;
}

/** One run. */
export interface EchoPlan {
  readonly seed: number;
  readonly host: HostOptions;
  readonly settings: EchoSettings;
  /** `sk_drops` of an adopted socket at the start. */
  readonly dropsBefore: number;
  readonly events: readonly PlannedEvent[];
  /** The signal that stops the server, and when. */
  readonly stop: { readonly at: number; readonly signal: SignalName };
}

/** Ports of peers: ordinary ones, and some that are refused. */
const PORTS = [49_152, 50_001, 33_333, 65_535, 1024, 0, 7, 53, 1023, 1900, 5353, 11_211] as const;

const OPEN_PORTS: readonly number[] = PORTS.slice(0, 4);

/** Makes the plan of a seed. */
export function makeEchoPlan(seed: number): EchoPlan {
  const random = new Random(seed);
  const host = makeHost(random);
  const settings = makeSettings(random, host);
  const duration = random.magnitude(20 * MILLISECOND, random.chance(0.9) ? 8 * SECOND : 100 * SECOND);
  const events = [
    ...makeTraffic(random, host.interfaces, settings, duration),
    ...makeTroubles(random, host, duration),
  ];
  events.sort((a, b) => a.at - b.at);
  const signal = random.pick(["SIGTERM", "SIGINT", "SIGHUP"] as const);
  return {
    seed,
    host,
    settings,
    dropsBefore: random.pick([0, 5, 2 ** 32 - 1, 2 ** 32 - 20]),
    events,
    stop: { at: random.chance(0.5) ? duration : random.between(1, duration), signal },
  };
}

/** Whether a fault is there at all: most runs have few kinds of them, so that each meets a program that works. */
const rate = (random: Random, most: number) => random.chance(0.3) ? random.magnitude(0.001, most * 1000) / 1000 : 0;

export function makeFaults(random: Random): FaultRates {
  return {
    interrupt: rate(random, 0.2),
    interruptOutput: 0,
    partialReceive: rate(random, 0.5),
    receive: rate(random, 0.05),
    partialSend: rate(random, 0.5),
    send: rate(random, 0.3),
    cutControl: rate(random, 0.2),
  };
}

/** A host with two networks and a loopback interface, with troubles that last. */
function makeHost(random: Random): HostOptions {
  const ipv6 = (index: number) => random.chance(0.9) ? [`2001:db8:${index}::10/64`, `fe80::${index}0/64`] : [];
  const device = (index: number, network: string): Interface => ({
    index,
    name: random.pick([`eth${index - 2}`, "a-very-long-nam", `veth"${index}`]),
    mtu: random.pick([1500, 1500, 1280, 9000]),
    addresses: [`${network}.10/24`, ...random.chance(0.5) ? [`${network}.11/24`] : [], ...ipv6(index)],
    segmentation: random.chance(0.8),
  });
  const kinds: readonly SinkKind[] = ["file", "pipe", "terminal", "socket"];
  return {
    seed: random.word(),
    interfaces: [
      { index: 1, name: "lo", mtu: 65_536, addresses: ["127.0.0.1/8", "::1/128"], segmentation: true },
      device(2, "192.0.2"),
      device(3, "198.51.100"),
    ],
    capabilities: { bufferMax: 212_992, admin: random.chance(0.5), trains: random.chance(0.9) },
    faults: makeFaults(random),
    reportsSegmentSize: random.chance(0.5),
    outputs: [random.pick(kinds), random.pick(kinds)],
    canReopen: random.chance(0.7),
    environment: { LANG: "C.UTF-8" },
  };
}

function makeSettings(random: Random, { interfaces }: HostOptions): EchoSettings {
  const linkLocal = interfaces[1]!.addresses.some(isLinkLocal) ? ["fe80::20%2"] : [];
  const some = <T>(probability: number, value: () => T) => random.chance(probability) ? value() : undefined;
  const rate = () => {
    const perSecond = random.magnitude(1, 2000);
    return { perSecond, burst: random.chance(0.3) ? perSecond : random.magnitude(1, 200) };
  };
  return {
    port: random.pick([9000, 7, 40_000]),
    address: some(0.2, () => random.pick(["192.0.2.10", "127.0.0.1", "0.0.0.0", "::", ...linkLocal])) ?? "",
    family: undefined,
    log: random.pick(["text", "json", "none"]),
    logLimit: random.pick([1000, 1000, 0, 1, 20]),
    busyPoll: random.pick([50, 50, 0, 1000]),
    allow: some(0.2, () => random.some(["192.0.2.0/24", "2001:db8:2::/64", "198.51.100.9/32", "fe80::/10"])) ?? [],
    rate: some(0.25, rate),
    maxRate: some(0.15, rate),
    answerAnyPort: random.chance(0.3),
    answerBroadcast: random.chance(0.3),
    answerMulticast: random.chance(0.3),
    adopted: random.chance(0.2),
  };
}

/** Datagrams of every kind, in patterns in which traffic comes. */
function makeTraffic(
  random: Random,
  interfaces: readonly Interface[],
  settings: EchoSettings,
  duration: number,
): PlannedEvent[] {
  const peers = Array.from({ length: random.between(1, 7) }, (_, i) => makePeer(random, interfaces, settings, i));
  if (random.chance(0.1)) {
    // Two hosts of the same link-local address, on two networks.
    const from = { source: "fe80::99", sourcePort: OPEN_PORTS[0]! };
    const destinations = ["2001:db8:ffff::5"];
    peers.push(...[2, 3].map((index) => ({ from: { ...from, interface: index }, destinations })));
  }
  const events: PlannedEvent[] = [];
  const add = (at: number, peer: ReturnType<typeof makePeer>, sizes: readonly number[]) => {
    const destination = random.chance(0.7) ? peer.destinations[0]! : random.pick(peer.destinations);
    const sourcePort = random.chance(0.1) ? random.pick(random.pick([PORTS, OPEN_PORTS])) : peer.from.sourcePort;
    events.push({ at, kind: "arrival", ...peer.from, sourcePort, destination, sizes, text: random.chance(0.8) });
  };
  const slow = random.chance(0.15) ? random.some(peers) : [];
  for (const { from, destinations } of slow) {
    const way = { bytesPerSecond: random.magnitude(1000, 1_000_000) };
    events.push({ at: 0, kind: "way", address: from.source, way });
    for (let i = 0; i < 40; i++) {
      const size = random.between(8000, 65_000);
      events.push({
        at: random.between(0, duration),
        kind: "arrival",
        ...from,
        destination: destinations[0]!,
        sizes: random.chance(0.7) ? [size] : new Array<number>(40).fill(size >> 6),
        text: true,
      });
    }
  }
  if (random.chance(0.1)) {
    // More at once than a batch holds, in trains that are as long as can be.
    const peer = random.pick(peers);
    const at = random.between(0, duration);
    const size = random.between(800, 1472);
    for (let i = 0; i < 100; i++) {
      const sourcePort = OPEN_PORTS[random.chance(0.9) ? 0 : 1]!;
      events.push({
        at,
        kind: "arrival",
        ...peer.from,
        sourcePort,
        destination: peer.destinations[0]!,
        sizes: [size],
        text: true,
      });
    }
  }
  while (events.length < 250) {
    const start = random.between(-MILLISECOND, duration);
    const pace = random.magnitude(MICROSECOND, 20 * MILLISECOND);
    const count = random.magnitude(1, 60);
    const peer = random.chance(0.5) ? random.pick(peers) : undefined;
    const sizes = random.chance(0.3) ? makeSizes(random) : undefined;
    for (let i = 0; i < count; i++) {
      add(start + i * pace * random.between(0, 2), peer ?? random.pick(peers), sizes ?? makeSizes(random));
    }
    if (random.chance(0.2)) break;
  }
  return events;
}

/** A host that sends datagrams, and where to. */
function makePeer(random: Random, interfaces: readonly Interface[], { port }: EchoSettings, i: number) {
  const by = random.pick(interfaces);
  const own = by.addresses.map((address) => address.slice(0, address.indexOf("/")));
  const ipv6 = random.chance(0.4) && own.some((address) => address.includes(":"));
  // A host takes what is for any of its addresses, whichever interface it comes by.
  const others = interfaces.slice(1).flatMap(({ addresses }) => addresses)
    .map((address) => address.slice(0, address.indexOf("/")))
    .filter((address) => address.includes(":") === ipv6);
  const local = own.filter((address) => address.includes(":") === ipv6);
  const linkLocal = ipv6 && by.name !== "lo" && random.chance(0.5);
  const network = by.index === 2 ? "192.0.2" : "198.51.100";
  const near = by.name === "lo"
    ? ipv6 ? "::1" : `127.0.0.${i + 1}`
    : linkLocal
    ? "fe80::99"
    : ipv6
    ? `2001:db8:${by.index}::${i + 20}`
    : random.pick([`${network}.${i + 20}`, "203.0.113.5"]);
  const forged = ipv6 ? ["::", "ff02::1", local[0]!] : ["0.0.0.0", "255.255.255.255", "224.0.0.9", local[0]!];
  const groups = ipv6 ? ["ff02::1"] : ["255.255.255.255", `${network}.255`, "224.0.0.1"];
  return {
    from: {
      interface: by.index,
      source: random.chance(0.15) ? random.pick(forged) : near,
      sourcePort: random.chance(0.7) ? random.pick(OPEN_PORTS) : random.pick([...PORTS, port]),
    },
    destinations: [
      ...local.filter((address) => isLinkLocal(address) === linkLocal),
      ...others.filter((address) => !isLinkLocal(address) || own.includes(address)),
      ipv6 ? "2001:db8:ffff::5" : "203.0.113.200",
      ...groups,
    ],
  };
}

/** Sizes of the datagrams that come together: one, or a train. */
function makeSizes(random: Random): number[] {
  if (random.chance(0.75)) {
    return [random.chance(0.9) ? random.magnitude(1, 1472) - random.between(0, 1) : random.magnitude(1472, 65_507)];
  }
  const size = random.magnitude(1, 1472);
  const most = Math.min(64, Math.floor(65_507 / size));
  const sizes = new Array<number>(random.between(2, Math.max(2, most))).fill(size);
  if (random.chance(0.5)) sizes[sizes.length - 1] = random.between(1, size);
  return sizes;
}

/** What goes wrong on the way. */
function makeTroubles(random: Random, { interfaces }: HostOptions, duration: number): PlannedEvent[] {
  const events: PlannedEvent[] = [];
  const some = (probability: number, make: (at: number) => PlannedEvent) => {
    while (random.chance(probability)) events.push(make(random.between(0, duration)));
  };
  const places = ["192.0.2.20", "192.0.2.21", "198.51.100.20", "203.0.113.5", "2001:db8:2::20", "2001:db8:3::21"];
  const ways = (): Way =>
    random.pick<() => Way>([
      () => ({}),
      () => ({ mtu: random.pick([576, 1280, 1400]) }),
      () => ({ absent: true }),
      () => ({ bytesPerSecond: random.magnitude(1000, 10_000_000) }),
      () => ({ error: random.pick([22, 13, 101, 113]) }),
    ])();
  some(0.5, (at) => ({ at, kind: "way", address: random.pick(places), way: ways() }));
  some(0.3, (at) => {
    const { index, addresses } = random.pick(interfaces.slice(1));
    return { at, kind: "address", interface: index, address: random.pick(addresses), present: random.chance(0.5) };
  });
  some(0.2, (at) => ({ at, kind: "clock step", nanoseconds: random.between(-3600, 3600) * SECOND }));
  // The program has to ask at least once in 2^32 of them.
  const most = random.chance(0.5) ? 2 ** 32 - 100_000 : 1000;
  const drop = (at: number) => events.push({ at, kind: "drops", count: most - random.between(0, 999) });
  if (random.chance(0.3)) drop(random.between(0, duration));
  if (duration > 10 * SECOND && random.chance(0.5)) [0, duration / 2, duration - SECOND].forEach(drop);
  some(
    0.2,
    (at) => ({
      at,
      kind: "reader",
      output: random.pick([0, 0, 1]),
      bytesPerSecond: random.pick([0, 100, 100_000, Infinity]),
    }),
  );
  some(0.05, (at) => ({ at, kind: "close output", output: 0 }));
  some(
    0.05,
    (at) => ({ at, kind: "fill disk", output: 0, free: random.magnitude(1, 5000), limit: random.chance(0.5) }),
  );
  some(0.3, (at) => ({ at, kind: "signal", signal: random.pick(["SIGUSR2", "SIGUSR2", "SIGUSR1", "SIGPIPE"]) }));
  return events;
}

/** The command line of these settings. */
export function argumentsOf(settings: EchoSettings): string[] {
  const { port, address, allow, rate, maxRate } = settings;
  const flag = (name: string, given: boolean) => given ? [`--${name}`] : [];
  const option = (name: string, value: string | number | undefined) =>
    value === undefined ? [] : [`--${name}`, `${value}`];
  // What is the default is left out, so that the defaults show.
  const unless = <T>(usual: T, value: T) => value === usual ? undefined : value;
  const rateText = (value: typeof rate) =>
    value && (value.burst === value.perSecond ? `${value.perSecond}` : `${value.perSecond}/${value.burst}`);
  return [
    ...settings.adopted ? ["--fd", "3"] : [`${port}`, ...address === "" ? [] : ["--address", address]],
    ...option("log", unless("text", settings.log)),
    ...option("log-limit", unless(1000, settings.logLimit)),
    ...option("busy-poll", unless(50, settings.busyPoll)),
    ...allow.flatMap((prefix) => ["--allow", prefix]),
    ...option("rate", rateText(rate)),
    ...option("max-rate", rateText(maxRate)),
    ...flag("answer-any-port", settings.answerAnyPort),
    ...flag("answer-broadcast", settings.answerBroadcast),
    ...flag("answer-multicast", settings.answerMulticast),
  ];
}
