/** One run of `probe --mtu` in a simulated world: it finds the largest datagram that passes there and back unfragmented. */
import { endpointOf, isIPv4 } from "./address.ts";
import { makeHost } from "./host_plan.ts";
import { type IcmpMessage, reportIcmp } from "./icmp.ts";
import type { Datagram } from "./network.ts";
import { Random } from "./random.ts";
import { enter } from "./runtime.ts";
import { MICROSECOND, MILLISECOND } from "./time.ts";
import { Violation } from "./violation.ts";
import { type HostOptions, World } from "./world.ts";

/** A part of a plan that can be left out. */
type Trouble =
  /** What exceeds the path's MTU is lost, and no router reports it. */
  | { readonly kind: "black hole" }
  /** Someone forges reports of an MTU. */
  | { readonly kind: "forgery"; readonly mtu: number; readonly quoted: number }
  /** Requests are lost, but not all three of a size. */
  | { readonly kind: "loss" };

/** One run. */
export interface MtuPlan {
  readonly seed: number;
  readonly host: HostOptions;
  readonly address: string;
  /** MTU of the path there and of the path back. */
  readonly there: number;
  readonly back: number;
  readonly delay: number;
  readonly events: readonly Trouble[];
}

const PORT = 9000;
const SIZE_MAX_IPV4 = 65_507;
const SIZE_MAX_IPV6 = 65_527;

/** Makes the plan of a seed. */
export function makeMtuPlan(seed: number): MtuPlan {
  const random = new Random(seed);
  const made = makeHost(random);
  const mtu = () => random.pick([1280, 1500, 1400, random.between(1280, 9000), 65_600]);
  const troubles: Trouble[] = random.some([{ kind: "black hole" }] as const);
  if (random.chance(0.5)) troubles.push({ kind: "loss" });
  if (random.chance(0.5)) {
    const quoted = random.pick([0, 4, 600]);
    troubles.push({ kind: "forgery", mtu: random.pick([20, 68, 576, random.between(1, 9000)]), quoted });
  }
  return {
    seed,
    host: {
      ...made,
      interfaces: made.interfaces.map((each) => ({
        ...each,
        mtu: each.index === 1 ? each.mtu : random.pick([1500, 9000, 65_535]),
        addresses: each.index === 2 ? ["192.0.2.10/24", "2001:db8:2::10/64", "fe80::20/64"] : each.addresses,
      })),
      outputs: ["file", "file"],
      faults: { ...made.faults, send: 0, cutControl: 0, receive: 0 },
    },
    address: random.pick(["192.0.2.20", "2001:db8:2::20"]),
    there: mtu(),
    back: mtu(),
    delay: random.magnitude(50 * MICROSECOND, 20 * MILLISECOND),
    events: troubles,
  };
}

/**
 * Runs a plan.
 * @param run the probe with these arguments; it gives the exit code
 * @throws {Violation}
 */
export async function runMtuPlan(plan: MtuPlan, run: (args: readonly string[]) => Promise<number>): Promise<void> {
  const world = new World(plan.host);
  enter(world);
  answer(world, plan);
  const endpoint = endpointOf(plan.address, "", PORT);
  let code: number;
  try {
    code = await world.loop.run(run([endpoint, "--mtu", "--json", "-t", "100ms"]));
  } catch (error) {
    throw world.violation ?? error;
  }
  if (world.violation !== undefined) throw world.violation;
  const said = JSON.parse(world.outputs[0].text);
  const right = largest(plan);
  if (said.payload !== right) throw new Violation(`the largest payload is ${said.payload}, not ${right}`);
  if (said.way_back_proved !== true || said.verdict !== "ok" || code !== 0) {
    throw new Violation(`the verdict is ${said.verdict}, the exit code ${code}`);
  }
}

/** Bytes of the headers of IP and UDP. */
const headersOf = (address: string) => (isIPv4(address) ? 20 : 40) + 8;

function largest({ address, there, back, host }: MtuPlan): number {
  const device = host.interfaces[1]!.mtu;
  const most = isIPv4(address) ? SIZE_MAX_IPV4 : SIZE_MAX_IPV6;
  return Math.min(most, Math.min(device, there, back) - headersOf(address));
}

/** The server, and the path in between. */
function answer(world: World, plan: MtuPlan): void {
  const random = new Random(plan.seed);
  const trouble = <Kind extends Trouble["kind"]>(kind: Kind) =>
    plan.events.find((event): event is Trouble & { kind: Kind } => event.kind === kind);
  const forgery = trouble("forgery");
  const lost = new Map<number, number>();
  const router = isIPv4(plan.address) ? "192.0.2.1" : "2001:db8:2::1";
  const tooBig: IcmpMessage = isIPv4(plan.address) ? [3, 4] : [2, 0];
  const later = (delay: number, action: () => void) => world.time.schedule(world.time.now + delay, action);
  world.network.onWire = (datagram) => {
    const { payload } = datagram;
    if (forgery !== undefined) {
      const quoted = { ...datagram, payload: payload.subarray(0, forgery.quoted) };
      later(plan.delay / 2, () => reportIcmp(world.network, tooBig, quoted, "203.0.113.66", forgery.mtu));
    }
    const losses = lost.get(payload.length) ?? 0;
    if (trouble("loss") !== undefined && losses < 2 && random.chance(0.5)) {
      lost.set(payload.length, losses + 1);
    } else if (payload.length + headersOf(plan.address) > plan.there) {
      if (trouble("black hole") === undefined) {
        later(plan.delay / 2, () => reportIcmp(world.network, tooBig, datagram, router, plan.there));
      }
    } else {
      later(plan.delay, () => comeBack(world, plan, datagram));
    }
  };
}

/** The answer arrives, in fragments if it exceeds the MTU of the path back. */
function comeBack({ network }: World, { back, address }: MtuPlan, datagram: Datagram): void {
  const { source, sourcePort, destination, destinationPort, payload, interface: by } = datagram;
  const whole = payload.length + headersOf(address) <= back;
  network.arrive({
    interface: by,
    source: destination,
    sourcePort: destinationPort,
    destination: source,
    destinationPort: sourcePort,
    payloads: [payload],
    ...whole ? {} : { fragmentSize: back },
  });
}
