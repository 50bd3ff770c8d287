/** What happens in one run of the echo server: made from a seed, and plain data, so that it can be shrunk. */
import { isLinkLocal } from "./address.ts";
import type { PlannedEvent } from "./events.ts";
import { makeHost } from "./host_plan.ts";
import { Random } from "./random.ts";
import type { SignalName } from "./signals.ts";
import { MILLISECOND, SECOND } from "./time.ts";
import { makeTraffic, makeTroubles } from "./traffic.ts";
import type { HostOptions } from "./world.ts";

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

/** Makes the plan of a seed. */
export function makeEchoPlan(seed: number): EchoPlan {
  const random = new Random(seed);
  const host = makeHost(random);
  const settings = makeSettings(random, host);
  const duration = random.chance(0.9)
    ? random.magnitude(20 * MILLISECOND, 8 * SECOND)
    // Longer than the server remembers which peers refuse trains.
    : random.between(35, 90) * SECOND;
  const traffic = makeTraffic(random, host.interfaces, settings.port, duration);
  const events = [...traffic, ...makeTroubles(random, host, duration, traffic)];
  // A process that shares the socket may change it.
  if (settings.adopted && random.chance(0.3)) events.push({ at: random.between(0, duration), kind: "nonblocking" });
  events.sort((a, b) => a.at - b.at);
  const signal = random.pick(["SIGTERM", "SIGINT"] as const);
  return {
    seed,
    host,
    settings,
    dropsBefore: random.pick([0, 5, 2 ** 32 - 1, 2 ** 32 - 20]),
    events,
    stop: { at: random.chance(0.5) ? duration : random.between(1, duration), signal },
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
    family: some(0.2, () => random.pick([4, 6] as const)),
    log: random.pick(["text", "json", "none"]),
    logLimit: random.pick([1000, 1000, 0, 1, 20]),
    busyPoll: random.pick([200, 200, 0, 50, 1000]),
    allow: some(0.2, () => random.some(["192.0.2.0/24", "2001:db8:2::/64", "198.51.100.9/32", "fe80::/10"])) ?? [],
    rate: some(0.25, rate),
    maxRate: some(0.15, rate),
    answerAnyPort: random.chance(0.3),
    answerBroadcast: random.chance(0.3),
    answerMulticast: random.chance(0.3),
    adopted: random.chance(0.2),
  };
}

/** The command line of these settings. */
export function argumentsOf(settings: EchoSettings): string[] {
  const { port, address, family, allow, rate, maxRate } = settings;
  const flag = (name: string, given: boolean) => given ? [`--${name}`] : [];
  const option = (name: string, value: string | number | undefined) =>
    value === undefined ? [] : [`--${name}`, `${value}`];
  // What is the default is left out, so that the defaults show.
  const unless = <T>(usual: T, value: T) => value === usual ? undefined : value;
  const rateText = (value: typeof rate) =>
    value && (value.burst === value.perSecond ? `${value.perSecond}` : `${value.perSecond}/${value.burst}`);
  return [
    ...settings.adopted
      ? ["--fd", "3"]
      : [`${port}`, ...address !== "" ? ["--address", address] : family === undefined ? [] : [`-${family}`]],
    ...option("log", unless("text", settings.log)),
    ...option("log-limit", unless(1000, settings.logLimit)),
    ...option("busy-poll", unless(200, settings.busyPoll)),
    ...allow.flatMap((prefix) => ["--allow", prefix]),
    ...option("rate", rateText(rate)),
    ...option("max-rate", rateText(maxRate)),
    ...flag("answer-any-port", settings.answerAnyPort),
    ...flag("answer-broadcast", settings.answerBroadcast),
    ...flag("answer-multicast", settings.answerMulticast),
  ];
}
