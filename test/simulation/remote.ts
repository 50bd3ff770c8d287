/** Servers on other hosts, and the network in between. */
import { isIPv4 } from "./address.ts";
import { reportIcmp } from "./icmp.ts";
import type { Datagram } from "./network.ts";
import type { PlannedTarget } from "./probe_plan.ts";
import { Random } from "./random.ts";
import type { World } from "./world.ts";

/** The router that reports errors. */
const ROUTER4 = "192.0.2.1";
const ROUTER6 = "2001:db8:2::1";
/** Size from which the request of an altered payload is certain. */
const ALTERABLE_SIZE = 40;

/**
 * Answers the requests to the targets of a plan.
 * @returns reports the errors that wait for the next request; to be called right before it is sent
 */
export function answer(world: World, targets: readonly PlannedTarget[], seed: number): () => void {
  const random = new Random(seed);
  const ambush: (() => void)[] = [];
  world.network.onWire = (datagram) => {
    const target = targets.find(({ address, port }) =>
      address === datagram.destination && port === datagram.destinationPort
    );
    if (target !== undefined) answerOne(world, random, target, datagram, ambush);
  };
  return () => ambush.splice(0).forEach((report) => report());
}

function answerOne(
  world: World,
  random: Random,
  { weather }: PlannedTarget,
  datagram: Datagram,
  ambush: (() => void)[],
): void {
  const { time } = world;
  const [least, most] = weather.delay;
  const later = (action: () => void) => time.schedule(time.now + random.between(least, most), action);
  if (random.chance(weather.strays)) later(() => arrive(world, datagram, stray(random, datagram.payload), datagram));
  if (random.chance(weather.lost)) return;
  if (random.chance(weather.refused)) {
    const { clumps } = weather;
    const router = isIPv4(datagram.source) ? ROUTER4 : ROUTER6;
    const at = clumps === 0 ? time.now + random.between(least, most) : Math.ceil(time.now / clumps) * clumps;
    const report = () => reportIcmp(world.network, weather.icmp, datagram, router);
    if (random.chance(weather.ambush)) ambush.push(report);
    else time.schedule(at, report);
    // Now and then it gets there all the same.
    if (random.chance(0.8)) return;
  }
  const copies = random.chance(weather.duplicated) ? random.between(2, 3) : 1;
  for (let i = 0; i < copies; i++) {
    const payload = random.chance(weather.altered) ? altered(random, datagram.payload) : datagram.payload;
    const from = random.chance(weather.misplaced) ? elsewhere(random, datagram) : datagram;
    later(() => arrive(world, datagram, payload, from));
  }
}

/** Where an answer comes from that comes from the wrong place. */
function elsewhere(random: Random, { destination, destinationPort }: Datagram) {
  const address = isIPv4(destination) ? "192.0.2.77" : "2001:db8:2::77";
  return random.chance(0.5) ? { destination: address, destinationPort } : { destination, destinationPort: 1 };
}

/** A payload with one byte altered, behind what names its request; unaltered if it is too short for that. */
function altered(random: Random, payload: Uint8Array): Uint8Array {
  const bytes = payload.slice();
  if (bytes.length >= ALTERABLE_SIZE) bytes[random.between(12, bytes.length - 1)]! ^= 1 << random.between(0, 7);
  return bytes;
}

/** A payload that answers nothing, from wherever it comes: that of another session, which is unaltered by itself. */
function stray(random: Random, payload: Uint8Array): { readonly seed: number; readonly like: Uint8Array } {
  return { seed: random.word(), like: payload };
}

type Stray = ReturnType<typeof stray>;

function arrive(
  world: World,
  { source, sourcePort, interface: by }: Datagram,
  payload: Uint8Array | Stray,
  from: { readonly destination: string; readonly destinationPort: number },
): void {
  const bytes = payload instanceof Uint8Array ? payload : foreign(payload);
  const place = payload instanceof Uint8Array ? from : { destination: elsewhereOf(source), destinationPort: 4444 };
  world.network.arrive({
    interface: by,
    source: place.destination,
    sourcePort: place.destinationPort,
    destination: source,
    destinationPort: sourcePort,
    payloads: [bytes],
  });
}

function elsewhereOf(source: string): string {
  return isIPv4(source) ? "198.51.100.66" : "2001:db8:3::66";
}

/** Noise of the size of a request. */
function foreign({ seed, like }: Stray): Uint8Array {
  const bytes = new Uint8Array(like.length);
  new Random(seed).fill(bytes);
  return bytes;
}
