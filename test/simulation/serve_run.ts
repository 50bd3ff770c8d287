/** One run of `serve` in a simulated world. */
import { happen, isFromServer } from "./events.ts";
import { Random } from "./random.ts";
import { enter } from "./runtime.ts";
import { type Request, ServeOracle, THROWN } from "./serve_oracle.ts";
import type { Behaviour, ServePlan } from "./serve_plan.ts";
import { MILLISECOND } from "./time.ts";
import { Violation } from "./violation.ts";
import { World } from "./world.ts";

type Serve = typeof import("../../src/mod.ts").serve;
type Handler = Parameters<Serve>[1];

/** Time from the start of the process to that of the traffic. */
const START = 10 * MILLISECOND;
/** Bytes of a reply that is too large for any datagram. */
const TOO_LARGE = 65_530;

/**
 * Runs a plan.
 * @throws {Violation}
 */
export async function runServePlan(plan: ServePlan, serve: Serve): Promise<void> {
  const world = new World(plan.host);
  enter(world);
  const oracle = new ServeOracle(world, plan.port);
  world.observer = oracle;
  const start = world.time.now + START;
  for (const event of plan.events) {
    if (isFromServer(world, event, plan.port, true)) continue;
    world.time.schedule(start + event.at, () => happen(world, event, plan.port));
  }
  const controller = new AbortController();
  const stop = () => {
    oracle.stopped = true;
    controller.abort();
  };
  if ("at" in plan.stop) world.loop.timer(stop, (START + plan.stop.at) / MILLISECOND, false);
  else world.loop.timer(stop, 10_000, false);
  const { port, address, family } = plan;
  const options = {
    port,
    signal: controller.signal,
    guard: false,
    onError: (error: unknown, request: object | undefined) =>
      world.check(() => {
        if (error instanceof Violation) throw error;
        oracle.reported(error, request);
      }),
    ...address === undefined ? family === undefined ? {} : { family } : { address },
  };
  try {
    await world.loop.run(serve(options, makeHandler(world, plan, oracle, stop)));
    await world.loop.finish();
  } catch (error) {
    throw world.violation ?? error;
  }
  if (world.violation !== undefined) throw world.violation;
  world.check(() => {
    oracle.finish("request" in plan.stop);
    const open = world.descriptors.list().filter(([fd, kind]) => fd > 2 && kind !== "epoll" && kind !== "eventfd");
    if (open.length > 0) throw new Violation(`left open: ${open.join("; ")}`);
  });
}

/** A handler that does everything that one may do. */
function makeHandler(world: World, plan: ServePlan, oracle: ServeOracle, stop: () => void): Handler {
  const random = new Random(plan.seed);
  let replies = 0;
  return (request) =>
    world.check(() => {
      const handled = oracle.handle(request);
      const behaviour = random.pick(plan.behaviours);
      const last = "request" in plan.stop && oracle.handled === plan.stop.request;
      if (behaviour === "nothing" && !last) return random.pick([undefined, null]);
      if (behaviour === "throw" && !last) return failure(oracle, request, false);
      if (behaviour === "reject" && !last) return failure(oracle, request, true);
      const bytes = replyBytes(replies++, request, behaviour);
      const done = oracle.reply(request, handled, bytes);
      const finish = () => {
        world.check(done);
        return bytes;
      };
      if (behaviour === "soon" && !last) return Promise.resolve().then(finish);
      if (behaviour === "later" && !last) {
        return new Promise((resolve) => void setTimeout(() => resolve(finish()), random.magnitude(1, 200)));
      }
      finish();
      // Even then the replies of this turn are sent.
      if (last) stop();
      return bytes;
    });
}

function failure(oracle: ServeOracle, request: Request, rejects: boolean): Promise<never> {
  oracle.fail(request);
  if (rejects) return Promise.reject(THROWN);
  throw THROWN;
}

/** A unique reply that contains the request. */
function replyBytes(number: number, { payload }: Request, behaviour: Behaviour): Uint8Array {
  const size = behaviour === "too large" ? TOO_LARGE : Math.min(4 + payload.length, 65_507);
  const bytes = new Uint8Array(size);
  new DataView(bytes.buffer).setUint32(0, number);
  bytes.set(payload.subarray(0, size - 4), 4);
  return bytes;
}
