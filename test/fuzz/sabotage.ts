/** Hostile acts: in the middle of a call, or between two. */
import { UdpSocket } from "../../src/mod.ts";
import { addressesOf, bufferOf, clear, close, payloadsOf } from "./intrinsics.ts";
import { GIVEN, Mischief } from "./values.ts";
import type { World } from "./world.ts";

/** Resizes a buffer, or transfers it; what was transferred is a canary from then on. */
export function spoilBuffer(world: World): void {
  const { random } = world;
  const buffer = random.pick([...world.buffers, bufferOf(payloadsOf(world.batch()))]);
  world.trace(`  spoils a buffer of ${buffer.byteLength}`);
  if (buffer instanceof SharedArrayBuffer) {
    if (!buffer.growable) return;
    buffer.grow(random.between(buffer.byteLength, buffer.maxByteLength));
    new Uint8Array(buffer).fill(GIVEN);
    return;
  }
  if (buffer.detached) return;
  if (buffer.resizable && random.chance(0.8)) {
    buffer.resize(random.between(0, buffer.maxByteLength));
    new Uint8Array(buffer).fill(GIVEN);
    return;
  }
  if (!random.chance(0.3)) return;
  switch (random.between(0, 3)) {
    case 0: {
      // Freed at once. The next allocation of this size may be the same memory.
      const { byteLength } = buffer;
      buffer.transfer(0);
      world.guard(new Uint8Array(byteLength));
      break;
    }
    case 1:
      world.guard(new Uint8Array(structuredClone(buffer, { transfer: [buffer] })));
      break;
    case 2: {
      const { port1, port2 } = new MessageChannel();
      port1.postMessage(buffer, [buffer]);
      port1.close();
      port2.close();
      break;
    }
    default:
      world.guard(new Uint8Array(buffer.transfer()));
  }
}

/** Writes garbage to what a batch shows, or overrides its methods. */
export function spoilBatch(world: World): void {
  const { random } = world;
  const batch = world.batch();
  world.trace("  spoils a batch");
  const payloads = payloadsOf(batch);
  const view = addressesOf(batch);
  // The view itself may be overridden by now.
  const addresses = bufferOf(view).detached ? new Int32Array(0) : new Int32Array(bufferOf(view));
  if (addresses.length === 0 || bufferOf(payloads).detached) return;
  switch (random.between(0, 4)) {
    case 0:
      for (let i = 0; i < addresses.length; i++) if (random.chance(0.5)) addresses[i] = random.word();
      break;
    case 1:
      for (const word of [0, 4]) addresses.set([0, 0, random.pick([0, -65_536]), random.word()], word);
      break;
    case 2:
      new Uint8Array(bufferOf(payloads)).fill(GIVEN);
      break;
    case 3:
      world.values.wilden(random.pick<object>([payloads, view]));
      break;
    default:
      world.values.wilden(batch);
  }
}

/** Overrides methods of something that the library returned, or of a socket. */
export function spoilThing(world: World): void {
  const thing = world.random.chance(0.3) ? world.socket() : world.thing();
  if (typeof thing !== "object" || thing === null || Array.isArray(thing)) return;
  world.trace("  spoils a thing");
  world.values.wilden(thing);
}

/** Closes a socket; the next one gets its descriptor. */
export function replaceSocket(world: World): void {
  world.trace("  closes and binds");
  close.call(world.socket());
  world.keep(UdpSocket.bind({ port: 0, address: "127.0.0.1" }));
}

export function closeSocket(world: World): void {
  world.trace("  closes");
  close.call(world.socket());
}

export function clearBatch(world: World): void {
  world.trace("  clears");
  clear.call(world.batch());
}

export function throwError(world: World): void {
  world.trace("  throws");
  throw new Mischief("in the middle of a call");
}
