/** Events around the program: plain data, so that a plan can be shrunk, and their effects. */
import { isIPv4 } from "./address.ts";
import type { PathQuality } from "./network.ts";
import { Random } from "./random.ts";
import type { SignalName } from "./signals.ts";
import type { World } from "./world.ts";

/** An event at a time in nanoseconds from the start of the traffic. */
export type PlannedEvent =
  & { readonly at: number }
  & (
    | {
      readonly kind: "arrival";
      readonly interface: number;
      readonly source: string;
      readonly sourcePort: number;
      readonly destination: string;
      /** Bytes of each datagram: several come as a train. */
      readonly sizes: readonly number[];
      /** Whether the payload is text or arbitrary bytes. */
      readonly text: boolean;
      /** Seed of the payload. */
      readonly seed: number;
    }
    | { readonly kind: "address"; readonly interface: number; readonly address: string; readonly present: boolean }
    | { readonly kind: "path"; readonly address: string; readonly path: PathQuality }
    | { readonly kind: "clock step"; readonly nanoseconds: number }
    | { readonly kind: "drops"; readonly count: number }
    | { readonly kind: "nonblocking" }
    | { readonly kind: "reader"; readonly output: 0 | 1; readonly bytesPerSecond: number }
    | { readonly kind: "close output"; readonly output: 0 | 1 }
    | { readonly kind: "fill disk"; readonly output: 0 | 1; readonly free: number; readonly limit: boolean }
    | { readonly kind: "signal"; readonly signal: SignalName }
  );

/**
 * Whether a datagram comes from the port of the server itself. A server that answers any port, as `serve` does, would
 * answer itself without end.
 * @param same whether that includes datagrams from the very address that they are sent to
 */
export function isFromServer({ network }: World, event: PlannedEvent, port: number, same: boolean): boolean {
  return event.kind === "arrival" && event.sourcePort === port && network.isLocal(event.source) &&
    (same || event.source !== event.destination);
}

/** Applies an event. `port` is that of the server. */
export function happen(world: World, event: PlannedEvent, port: number): void {
  const { network, time } = world;
  switch (event.kind) {
    case "arrival": {
      const by = network.interface(event.interface)!;
      if (!network.accepts(event.destination, by)) return;
      const payloads = event.sizes.map((size, k) => payload(event.seed, k, size, event.text));
      const { source, sourcePort, destination } = event;
      network.arrive({
        interface: by,
        source,
        sourcePort,
        destination,
        destinationPort: port,
        payloads,
      });
      return;
    }
    case "address": {
      const { addresses } = network.interface(event.interface)!;
      const place = addresses.indexOf(event.address);
      if (event.present && place < 0) addresses.push(event.address);
      else if (!event.present && place >= 0 && !isLast(world, event.address)) addresses.splice(place, 1);
      return;
    }
    case "path":
      network.paths.set(event.address, event.path);
      return;
    case "clock step":
      time.realtimeOffset += event.nanoseconds;
      return;
    case "drops":
      for (const receiver of network.receivers) receiver.drop(event.count);
      return;
    case "nonblocking":
      for (const receiver of network.receivers) receiver.nonblocking = true;
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

/** Whether an address is the only IPv4 address beside the loopback one: without any, the kernel names no source. */
function isLast({ network }: World, address: string): boolean {
  const others = network.interfaces.slice(1).flatMap(({ addresses }) => addresses);
  return isIPv4(address) && others.filter(isIPv4).length === 1;
}

/** The payload of a datagram. Payloads of eight bytes or more are all different. */
function payload(seed: number, k: number, size: number, text: boolean): Uint8Array {
  const random = new Random(seed * 100 + k);
  const bytes = new Uint8Array(size);
  random.fill(bytes);
  if (text) { for (let i = 0; i < size; i++) bytes[i] = 0x61 + bytes[i]! % 26; }
  return bytes;
}
