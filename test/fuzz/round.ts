/** One round: random calls of the library, and hostile acts between and in the middle of them. */
import { callExport, callMethod, exchange } from "./calls.ts";
import * as sabotage from "./sabotage.ts";
import { startServer } from "./server.ts";
import { type Trace, World } from "./world.ts";

const STEPS = 60;

/** Runs the round of a seed; throws what did not hold. */
export async function runRound(seed: number, trace: Trace): Promise<void> {
  const world = new World(seed, trace, mischief);
  for (let i = 0; i < STEPS && world.failure === undefined; i++) {
    if (i % 8 === 0) world.renew();
    world.nest(() => step(world));
    world.drain();
    if (world.serves && i % 5 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await world.end();
}

/** One call of the library, or one hostile act between two. */
function step(world: World): void {
  const choice = world.random.between(0, 99);
  if (choice < 45) callMethod(world, world.socket());
  else if (choice < 75) callMethod(world, world.batch());
  else if (choice < 82) callExport(world);
  else if (choice < 90) exchange(world);
  else if (choice < 93) sabotage.spoilBuffer(world);
  else if (choice < 96) sabotage.spoilBatch(world);
  else if (choice < 98) sabotage.spoilThing(world);
  else if (world.serves) startServer(world);
}

const { clearBatch, closeSocket, replaceSocket, spoilBatch, spoilBuffer, throwError } = sabotage;
const ACTS = [
  throwError,
  closeSocket,
  replaceSocket,
  clearBatch,
  spoilBuffer,
  spoilBuffer,
  spoilBatch,
  step,
  step,
  step,
];

/** A hostile act in the middle of a call. */
function mischief(world: World): void {
  world.random.pick(ACTS)(world);
}
