/** One run of the echo server in a simulated world, from its command line to its exit. */
import type { Exit } from "./runtime.ts";
import { enter } from "./runtime.ts";
import { checkAccounts } from "./echo_accounts.ts";
import { EchoOracle } from "./echo_oracle.ts";
import { argumentsOf, type EchoPlan, type PlannedEvent } from "./echo_plan.ts";
import { Random } from "./random.ts";
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
  const oracle = new EchoOracle(world, plan.settings);
  world.observer = oracle;
  if (plan.settings.adopted) prepareSocket(world, plan);
  const start = world.time.now + START;
  plan.events.forEach((event, i) => {
    const { at } = event;
    world.time.schedule(start + at, () => happen(world, plan, event, i));
    if (event.kind === "way") oracle.slowed.add(event.address);
  });
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

/** Notes when a signal that stops the server is handled: what comes then is not answered any more. */
function watchStop(world: World, oracle: EchoOracle): void {
  world.signals.handled = (signal) => {
    if (signal === "SIGUSR2") oracle.summaries++;
    else if (signal === "SIGTERM" || signal === "SIGINT" || signal === "SIGHUP") oracle.stop();
  };
}

/** A socket that a service manager has bound, with what came before the server was there. */
function prepareSocket(world: World, { settings, dropsBefore }: EchoPlan): void {
  const socket = world.socket(AF_INET6);
  socket.bind({ address: "::", port: settings.port, scope: 0, mapped: false }, world.pickPort);
  socket.drops = dropsBefore;
  socket.nonblocking = world.random.chance(0.5);
  socket.options.write(option.SOL_IP, 11, world.random.between(0, 1));
  world.descriptors.set(3, { kind: "socket", socket });
}

/** Lets an event happen. */
function happen(world: World, plan: EchoPlan, event: PlannedEvent, i: number): void {
  const { network, time } = world;
  switch (event.kind) {
    case "arrival": {
      const by = network.interface(event.interface)!;
      if (!network.accepts(event.destination, by)) return;
      // With --answer-any-port the server would answer itself for ever, as its documents say.
      const loops = plan.settings.answerAnyPort && event.sourcePort === plan.settings.port;
      if (loops && network.isLocal(event.source) && event.source !== event.destination) return;
      const payloads = event.sizes.map((size, k) => payload(plan.seed + i, k, size, event.text));
      const { source, sourcePort, destination } = event;
      network.arrive({
        interface: by,
        source,
        sourcePort,
        destination,
        destinationPort: plan.settings.port,
        payloads,
      });
      return;
    }
    case "address": {
      const { addresses } = network.interface(event.interface)!;
      const place = addresses.indexOf(event.address);
      if (event.present && place < 0) addresses.push(event.address);
      else if (!event.present && place >= 0) addresses.splice(place, 1);
      return;
    }
    case "way":
      network.ways.set(event.address, event.way);
      return;
    case "clock step":
      time.realtimeOffset += event.nanoseconds;
      return;
    case "drops":
      for (const receiver of network.receivers) receiver.drop(event.count);
      return;
    case "reader":
      world.outputs[event.output].readAt(event.bytesPerSecond);
      return;
    case "close output":
      world.outputs[event.output].closed = true;
      return;
    case "fill disk":
      world.outputs[event.output].fill(event.free, event.limit);
      return;
    case "signal":
      world.raise(event.signal);
  }
}

/** The payload of a datagram: it begins with what tells it from others, as far as it is long enough. */
function payload(seed: number, k: number, size: number, text: boolean): Uint8Array {
  const random = new Random(seed * 100 + k);
  const bytes = new Uint8Array(size);
  if (text) { for (let i = 0; i < size; i++) bytes[i] = 0x61 + random.between(0, 25); }
  else random.fill(bytes);
  return bytes;
}

export type { Exit };
