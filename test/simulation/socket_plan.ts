/** What a program does with sockets of the library in one run: made from a seed, and plain data, so that it can be shrunk. */
import { makeHost } from "./host_plan.ts";
import { Random } from "./random.ts";
import type { HostOptions } from "./world.ts";

/** One call, on the socket in a slot. */
export type Step =
  & { readonly slot: number }
  & (
    | { readonly kind: "bind"; readonly address: string | undefined; readonly family: 4 | 6 | undefined }
    | { readonly kind: "send"; readonly to: number; readonly address: string; readonly from: string | undefined }
    | { readonly kind: "answer" | "receive" | "wait" | "errors" | "close" }
    | { readonly kind: "connect"; readonly to: number; readonly address: string }
    | { readonly kind: "icmp"; readonly count: number }
    | { readonly kind: "pass"; readonly milliseconds: number }
  );

/** One run. */
export interface SocketPlan {
  readonly seed: number;
  readonly host: HostOptions;
  readonly events: readonly Step[];
}

/** Slots for sockets. */
export const SLOTS = 4;

const LOCAL4 = ["127.0.0.1", "127.0.0.5", "192.0.2.10", "198.51.100.10"] as const;
const LOCAL6 = ["::1", "2001:db8:2::10", "2001:db8:ffff::5"] as const;

/** Makes the plan of a seed. */
export function makeSocketPlan(seed: number): SocketPlan {
  const random = new Random(seed);
  const made = makeHost(random);
  const host: HostOptions = {
    ...made,
    interfaces: made.interfaces.map((each) => ({
      ...each,
      addresses: each.index === 1 ? each.addresses : [
        each.index === 2 ? "192.0.2.10/24" : "198.51.100.10/24",
        `2001:db8:${each.index}::10/64`,
        `fe80::${each.index}0/64`,
      ],
    })),
    faults: { ...made.faults, cutControl: 0, receive: 0 },
  };
  const events: Step[] = [];
  for (let slot = 0; slot < SLOTS; slot++) events.push(makeBind(random, slot));
  for (let i = random.magnitude(5, 150); i > 0; i--) events.push(makeStep(random));
  return { seed, host, events };
}

function makeBind(random: Random, slot: number): Step {
  const family = random.pick([undefined, undefined, 4, 6] as const);
  const address = random.chance(0.4) ? random.pick([...LOCAL4, ...LOCAL6]) : undefined;
  return { slot, kind: "bind", address, family: address === undefined ? family : undefined };
}

function makeStep(random: Random): Step {
  const slot = random.between(0, SLOTS - 1);
  const to = random.between(0, SLOTS - 1);
  const locals = random.pick<readonly string[]>([LOCAL4, LOCAL6]);
  const address = random.pick(locals);
  const kind = random.pick(
    [
      "send",
      "send",
      "send",
      "receive",
      "receive",
      "answer",
      "wait",
      "wait",
      "pass",
      "pass",
      "icmp",
      "errors",
      "rare",
    ] as const,
  );
  switch (kind) {
    case "send":
      return { slot, kind, to, address, from: random.chance(0.3) ? random.pick(locals) : undefined };
    case "icmp":
      return { slot, kind, count: random.pick([1, 8, 9, 30]) };
    case "pass":
      return { slot, kind, milliseconds: random.between(1, 50) };
    case "rare":
      return random.pick<() => Step>([
        () => ({ slot, kind: "close" }),
        () => makeBind(random, slot),
        () => ({ slot, kind: "connect", to, address }),
      ])();
    default:
      return { slot, kind };
  }
}
