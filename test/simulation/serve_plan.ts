/** What happens in one run of `serve`: made from a seed, and plain data, so that it can be shrunk. */
import type { PlannedEvent } from "./events.ts";
import { makeHost } from "./host_plan.ts";
import { Random } from "./random.ts";
import { MILLISECOND, SECOND } from "./time.ts";
import { makeTraffic, makeTroubles } from "./traffic.ts";
import type { HostOptions } from "./world.ts";

/** What the handler of a run does with a request. */
export type Behaviour = "reply" | "later" | "soon" | "nothing" | "throw" | "reject" | "too large";

/** One run. */
export interface ServePlan {
  readonly seed: number;
  readonly host: HostOptions;
  readonly port: number;
  readonly address: string | undefined;
  readonly family: 4 | 6 | undefined;
  /** What the handler does; each request gets one of these, by chance. */
  readonly behaviours: readonly Behaviour[];
  readonly events: readonly PlannedEvent[];
  /** When it is stopped, in nanoseconds from the start of the traffic; or with which request. */
  readonly stop: { readonly at: number } | { readonly request: number };
}

const BEHAVIOURS: readonly Behaviour[] = ["later", "soon", "nothing", "throw", "reject", "too large"];

/** Makes the plan of a seed. */
export function makeServePlan(seed: number): ServePlan {
  const random = new Random(seed);
  const host = makeHost(random);
  const duration = random.magnitude(5 * MILLISECOND, 2 * SECOND);
  const port = random.pick([5300, 53]);
  // It has no say in its outputs, its memory or its signals.
  const kinds: readonly PlannedEvent["kind"][] = ["arrival", "address", "path", "clock step"];
  const traffic = makeTraffic(random, host.interfaces, port, duration);
  const events = [...traffic, ...makeTroubles(random, host, duration, traffic)]
    .filter(({ kind }) => kinds.includes(kind));
  events.sort((a, b) => a.at - b.at);
  return {
    seed,
    host,
    port,
    address: random.chance(0.2) ? random.pick(["192.0.2.10", "::"]) : undefined,
    family: random.pick([undefined, undefined, 4, 6]),
    behaviours: ["reply", "reply", ...random.some(BEHAVIOURS, 0.4)],
    events,
    stop: random.chance(0.2) ? { request: random.magnitude(1, 500) } : { at: duration },
  };
}
