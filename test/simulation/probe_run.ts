/** One run of the probe in a simulated world, from its command line to its exit code. */
import { endpointOf } from "./address.ts";
import { happen } from "./events.ts";
import { ProbeOracle, type TargetOracle } from "./probe_oracle.ts";
import { argumentsOf, type ProbePlan } from "./probe_plan.ts";
import { answer } from "./remote.ts";
import { enter } from "./runtime.ts";
import { SECOND } from "./time.ts";
import { Violation } from "./violation.ts";
import { World } from "./world.ts";

/** Longest time from a signal to the end. */
const STOP_MAX = 0.5 * SECOND;
/** How far an estimated round trip, and one that a reading of the clock begins, may be off, in nanoseconds. */
const ROUND_TRIP_TOLERANCE = 500_000;

/** A target in the summary. */
type Summary = Readonly<Record<string, unknown>>;

/**
 * Runs a plan.
 * @param run the probe with these arguments; it gives the exit code
 * @throws {Violation}
 */
export async function runProbePlan(plan: ProbePlan, run: (args: readonly string[]) => Promise<number>): Promise<void> {
  const world = new World(plan.host);
  enter(world);
  const oracle = new ProbeOracle(world, plan);
  world.observer = oracle;
  for (const { address, path } of plan.targets) world.network.paths.set(address, path);
  oracle.beforeSending = answer(world, plan.targets, plan.seed);
  const { start } = world;
  for (const event of plan.events) world.time.schedule(start + event.at, () => happen(world, event, 0));
  const { stop } = plan;
  // Before a handler is set, a signal ends any process.
  if (stop !== undefined) world.time.schedule(start + stop.at + SECOND / 100, () => world.raise(stop.signal));
  let code: number;
  try {
    code = await world.loop.run(run(argumentsOf(plan)));
  } catch (error) {
    throw world.violation ?? error;
  }
  if (world.violation !== undefined) throw world.violation;
  world.check(() => {
    if (stop !== undefined && world.time.now > start + stop.at + SECOND / 100 + STOP_MAX) {
      throw new Violation("it goes on after the signal");
    }
    check(world, plan, oracle, code);
  });
}

/** Compares the report of the probe with the oracle. */
function check(world: World, plan: ProbePlan, { targets }: ProbeOracle, code: number): void {
  const lines = world.outputs[0].text.split("\n").filter(Boolean).map((line) => JSON.parse(line));
  const summary = lines.at(-1);
  if (summary?.event !== "summary") throw new Violation("there is no summary");
  let ok = true;
  plan.targets.forEach(({ address, port }, i) => {
    const endpoint = endpointOf(address, "", port);
    const own = lines.filter(({ event, target }) => event === "reply" && target === endpoint);
    // After a call that failed, the departures of the requests on their way can't be told apart.
    const disturbed = targets.some((target) => target.disturbed);
    checkReports(own, targets[i]!, disturbed);
    const said: Summary = summary.targets[i];
    const lost = lines.filter(({ event, target }) => event === "lost" && target === endpoint);
    checkLosses(lost.map(({ sequence }) => sequence), targets[i]!, Number(said["waiting"]));
    if (plan.connected && targets[i]!.requests.length === 0) {
      // Without a route it can't even be connected.
      if (said["failed"] !== said["sent"]) throw new Violation("a request without a route does not fail");
    } else checkTarget(said, targets[i]!, plan);
    ok &&= said["verdict"] === "ok";
  });
  if (code !== (ok ? 0 : 1)) throw new Violation(`the exit code is ${code}`);
}

/** Requires that the lines of replies are those of the datagrams that were read, one by one. */
function checkReports(lines: readonly Summary[], oracle: TargetOracle, disturbed: boolean): void {
  const { reports } = oracle;
  if (lines.length !== reports.length) throw new Violation(`${lines.length} replies reported of ${reports.length}`);
  reports.forEach(({ kind: measured, sequence, rtt, estimated }, i) => {
    const line = lines[i]!;
    // An estimate may be on the other side of the time-out. How far it may be off is checked below.
    const kind = measured === "received" || measured === "late"
      ? oracle.answeredIn(sequence!, Number(line["rtt_ns"]))
      : measured;
    if (line["kind"] !== kind || line["sequence"] !== sequence) {
      throw new Violation(`reply ${i} is ${line["kind"]} of ${line["sequence"]}, not ${kind} of ${sequence}`);
    }
    const tolerance = estimated || disturbed ? ROUND_TRIP_TOLERANCE : 0;
    if (rtt === null ? line["rtt_ns"] !== null : Math.abs(Number(line["rtt_ns"]) - rtt) > tolerance) {
      throw new Violation(`request ${sequence} has a round trip of ${line["rtt_ns"]} ns, not ${rtt}`);
    }
  });
}

/** Requires that each request without an answer is given up, once. An answer that is late may come after that. */
function checkLosses(sequences: readonly number[], { requests }: TargetOracle, waiting: number): void {
  const given = new Set(sequences);
  if (given.size < sequences.length) throw new Violation("a request is given up twice");
  const missed = requests.filter(({ fate }, i) => fate === "nothing" && !given.has(i + 1));
  if (missed.length !== waiting) throw new Violation(`${missed.length} requests were not given up, ${waiting} wait`);
}

function checkTarget(said: Summary, oracle: TargetOracle, { stop, count }: ProbePlan): void {
  const waiting = Number(said["waiting"]);
  const sent = oracle.requests.length;
  const expected = {
    sent,
    received: oracle.count("received"),
    late: oracle.count("late"),
    wrong_source: oracle.count("wrong_source"),
    corrupted: oracle.count("corrupted"),
    failed: oracle.count("failed"),
    lost: oracle.count("nothing") - waiting,
    duplicates: oracle.duplicates,
    reordered: oracle.reordered,
    stray: oracle.stray,
    verdict: oracle.verdict(waiting),
  };
  for (const [name, value] of Object.entries(expected)) {
    if (said[name] !== value) throw new Violation(`${name} is ${said[name]} in the summary, not ${value}`);
  }
  if (oracle.givenUp > 0) throw new Violation(`${oracle.givenUp} requests failed for the errors of others`);
  if (stop === undefined && (sent !== count || waiting > 0)) {
    throw new Violation(`${sent} requests sent of ${count}, ${waiting} waiting at the end`);
  }
  const sources = said["wrong_sources"] as readonly string[];
  if (sources.length !== Math.min(8, oracle.wrongSources.size)) throw new Violation(`wrong sources: ${sources}`);
}
