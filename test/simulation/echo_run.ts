/** One run of the echo server in a simulated world, from its command line to its exit. */
import { enter } from "./runtime.ts";
import { checkAccounts } from "./echo_accounts.ts";
import { EchoOracle } from "./echo_oracle.ts";
import { argumentsOf, type EchoPlan } from "./echo_plan.ts";
import { happen, isFromServer } from "./events.ts";
import * as option from "./socket_options.ts";
import { AF_INET6 } from "./structs.ts";
import { MILLISECOND, SECOND } from "./time.ts";
import { Violation } from "./violation.ts";
import { World } from "./world.ts";

/** Time from the start of the process to that of the traffic: enough for the server to be ready. */
const START = 50 * MILLISECOND;
/** Longest time from a signal until the server has stopped. */
const STOP_MAX = 1.5 * SECOND;

/** The program's own code: it is loaded after the runtime was replaced. */
export interface EchoProgram {
  run(args: readonly string[]): Promise<void>;
}

/**
 * Runs a plan.
 * @throws {Violation}
 */
export async function runEchoPlan(plan: EchoPlan, program: EchoProgram): Promise<void> {
  const world = new World(plan.host);
  enter(world);
  const oracle = new EchoOracle(world, plan.settings, plan.events.every(({ kind }) => kind !== "address"));
  world.observer = oracle;
  if (plan.settings.adopted) prepareSocket(world, plan);
  const start = world.time.now + START;
  for (const event of plan.events) {
    if (event.kind === "path") oracle.slowed.add(event.address);
    if (plan.settings.answerAnyPort && isFromServer(world, event, plan.settings.port, false)) continue;
    world.time.schedule(start + event.at, () => happen(world, event, plan.settings.port));
  }
  world.time.schedule(start + plan.stop.at, () => world.raise(plan.stop.signal));
  watchStop(world, oracle);
  try {
    await world.loop.run(program.run(argumentsOf(plan.settings)));
  } catch (error) {
    throw world.violation ?? error;
  }
  if (world.violation !== undefined) throw world.violation;
  world.check(() => {
    oracle.settle();
    const late = world.time.now - (start + plan.stop.at);
    if (late > STOP_MAX) throw new Violation(`it stopped ${late / 1e6} ms after the signal`);
    checkAccounts(world, plan, oracle);
  });
}

/** Notes when the server handles a signal: after one that stops it, it answers no more datagrams. */
function watchStop(world: World, oracle: EchoOracle): void {
  world.signals.handled = (signal) => {
    if (signal === "SIGUSR2") oracle.summaries++;
    else if (signal === "SIGTERM" || signal === "SIGINT" || signal === "SIGHUP") oracle.stop();
  };
}

/** A socket that a service manager has bound before the server starts. */
function prepareSocket(world: World, { settings, dropsBefore }: EchoPlan): void {
  const socket = world.socket(AF_INET6);
  socket.bind({ address: "::", port: settings.port, scope: 0, mapped: false }, world.pickPort);
  socket.drops = dropsBefore;
  socket.nonblocking = world.random.chance(0.5);
  socket.options.write(option.SOL_IP, 11, world.random.between(0, 1));
  world.descriptors.set(3, { kind: "socket", socket });
}
