/** Traffic and troubles, made from a seed. */
import { isLinkLocal } from "./address.ts";
import type { PlannedEvent } from "./events.ts";
import type { Interface, PathQuality } from "./network.ts";
import type { Random } from "./random.ts";
import { MICROSECOND, MILLISECOND, SECOND } from "./time.ts";
import type { HostOptions } from "./world.ts";

/** Ports of peers: ordinary ones, and some that are refused. */
const PORTS = [49_152, 50_001, 33_333, 65_535, 1024, 0, 7, 53, 1023, 1900, 5353, 11_211] as const;

const OPEN_PORTS: readonly number[] = PORTS.slice(0, 4);

/** Datagrams of every kind, in patterns in which traffic comes. */
export function makeTraffic(
  random: Random,
  interfaces: readonly Interface[],
  port: number,
  duration: number,
): PlannedEvent[] {
  const peers = Array.from({ length: random.between(1, 7) }, (_, i) => makePeer(random, interfaces, port, i));
  if (random.chance(0.1)) {
    // Two hosts of the same link-local address, on two networks.
    const from = { source: "fe80::99", sourcePort: OPEN_PORTS[0]! };
    const destinations = ["2001:db8:ffff::5"];
    peers.push(...[2, 3].map((index) => ({ from: { ...from, interface: index }, destinations })));
  }
  if (random.chance(0.25)) peers.push(makeTwin(random, interfaces, port));
  const arrival = (
    at: number,
    peer: Peer,
    sizes: readonly number[],
    changes: Partial<Peer["from"]> = {},
  ): PlannedEvent => ({
    at,
    kind: "arrival",
    ...peer.from,
    ...changes,
    destination: random.chance(0.7) ? peer.destinations[0]! : random.pick(peer.destinations),
    sizes,
    text: random.chance(0.8),
    seed: random.word(),
  });
  const events = [
    ...random.chance(0.15) ? makeCrowd(random, peers, duration, arrival) : [],
    ...random.chance(0.1) ? makeFlood(random, peers, duration, arrival) : [],
  ];
  const add = (at: number, peer: Peer, sizes: readonly number[]) => {
    const changes = {
      ...random.chance(0.1) ? { sourcePort: random.pick(random.pick([PORTS, OPEN_PORTS])) } : {},
      // What is not bound to a link may come by any.
      ...random.chance(0.1) && peer.from.interface !== 1 && !isLinkLocal(peer.from.source)
        ? { interface: random.pick([2, 3]) }
        : {},
    };
    events.push(arrival(at, peer, sizes, changes));
  };
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

type Peer = ReturnType<typeof makePeer>;
type MakeArrival = (at: number, peer: Peer, sizes: readonly number[], changes?: Partial<Peer["from"]>) => PlannedEvent;

/** Peers on slow paths that ask for more than their paths take, and others meanwhile. */
function makeCrowd(random: Random, peers: readonly Peer[], duration: number, arrival: MakeArrival): PlannedEvent[] {
  const slow = random.some(peers);
  const events: PlannedEvent[] = slow.map(({ from: { source } }) => {
    const path = random.chance(0.2) ? { absent: true } : { bytesPerSecond: random.magnitude(1000, 1_000_000) };
    return { at: 0, kind: "path", address: source, path };
  });
  const start = random.between(0, duration);
  for (let i = 0; i < 60 && slow.length > 0; i++) {
    const at = start + random.between(0, i) * MILLISECOND;
    const size = random.between(8000, 60_000);
    events.push(arrival(at, random.pick(slow), random.chance(0.7) ? [size] : new Array<number>(40).fill(size >> 6)));
    if (i > 20) events.push(arrival(at, random.pick(peers), [random.between(1, 1400)]));
  }
  return events;
}

/** More at once than a batch holds, in trains that are as long as can be. */
function makeFlood(random: Random, peers: readonly Peer[], duration: number, arrival: MakeArrival): PlannedEvent[] {
  const peer = random.pick(peers);
  const at = random.between(0, duration);
  // Trains of small ones are more lines than the log holds at a time.
  const length = random.chance(0.3) ? 40 : 1;
  const size = length > 1
    ? random.between(1, 60)
    : random.chance(0.5)
    ? random.between(1, 900)
    : random.between(800, 1472);
  return Array.from({ length: 100 }, () => {
    const sizes = new Array<number>(random.chance(0.05) ? length + 1 : length).fill(size);
    return arrival(at, peer, sizes, { sourcePort: OPEN_PORTS[random.chance(0.9) ? 0 : 1]! });
  });
}

/** A forger that sends to an address from that very address, or even from the port of the server. */
function makeTwin(random: Random, interfaces: readonly Interface[], port: number): Peer {
  // The kernel drops those of IPv4 that come from elsewhere.
  const by = random.chance(0.4) ? interfaces[0]! : random.pick(interfaces);
  const source = random.pick(by.addresses).split("/")[0]!;
  const sourcePort = random.pick([port, OPEN_PORTS[0]!]);
  return { from: { interface: by.index, source, sourcePort }, destinations: [source] };
}

/** A host that sends datagrams, and where to. */
function makePeer(random: Random, interfaces: readonly Interface[], port: number, i: number) {
  const by = random.pick(interfaces);
  const own = by.addresses.map((address) => address.slice(0, address.indexOf("/")));
  const ipv6 = random.chance(0.4) && own.some((address) => address.includes(":"));
  // A host accepts datagrams to all its addresses on every interface.
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

/** Troubles on the way. */
export function makeTroubles(
  random: Random,
  { interfaces }: HostOptions,
  duration: number,
  traffic: readonly PlannedEvent[],
): PlannedEvent[] {
  const events: PlannedEvent[] = [];
  const sources = [...new Set(traffic.flatMap((event) => event.kind === "arrival" ? [event.source] : []))];
  const some = (probability: number, make: (at: number) => PlannedEvent) => {
    while (random.chance(probability)) events.push(make(random.between(0, duration)));
  };
  const paths = (): PathQuality =>
    random.pick<() => PathQuality>([
      () => ({}),
      () => ({ mtu: random.pick([576, 1280, 1400]) }),
      () => ({ absent: true }),
      () => ({ bytesPerSecond: random.magnitude(1000, 10_000_000) }),
      () => ({ error: random.pick([22, 13, 101, 113]) }),
    ])();
  some(0.5, (at) => ({ at, kind: "path", address: random.pick(sources), path: paths() }));
  some(0.3, (at) => {
    const { index, addresses } = random.pick(interfaces.slice(1));
    return { at, kind: "address", interface: index, address: random.pick(addresses), present: random.chance(0.5) };
  });
  some(0.2, (at) => ({ at, kind: "clock step", nanoseconds: random.between(-3600, 3600) * SECOND }));
  // The program has to ask at least once in 2^32 of them.
  const most = random.chance(0.5) ? 2 ** 32 - 100_000 : 1000;
  const drop = (at: number) => events.push({ at, kind: "drops", count: most - random.between(0, 999) });
  if (random.chance(0.3)) (duration < 10 * SECOND ? [0] : [0, duration / 2, duration - SECOND]).forEach(drop);
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
