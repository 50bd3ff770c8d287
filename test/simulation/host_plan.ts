/** Simulated hosts from a seed: networks, outputs, and rates of faults. */
import type { Interface } from "./network.ts";
import type { Random } from "./random.ts";
import type { SinkKind } from "./sink.ts";
import type { FaultRates, HostOptions } from "./world.ts";

/** Whether a fault is there at all: most runs have few kinds of them, so that each meets a program that works. */
const rate = (random: Random, most: number) => random.chance(0.3) ? random.magnitude(0.001, most * 1000) / 1000 : 0;

function makeFaults(random: Random): FaultRates {
  return {
    interrupt: rate(random, 0.2),
    interruptOutput: rate(random, 0.1),
    partialReceive: rate(random, 0.5),
    receive: rate(random, 0.05),
    partialSend: rate(random, 0.5),
    send: rate(random, 0.3),
    cutControl: rate(random, 0.2),
    departure: rate(random, 0.3),
  };
}

/** A host with two networks and a loopback interface, with troubles that last. */
export function makeHost(random: Random): HostOptions {
  const ipv6 = (index: number) => random.chance(0.9) ? [`2001:db8:${index}::10/64`, `fe80::${index}0/64`] : [];
  const device = (index: number, network: string): Interface => ({
    index,
    name: random.pick([`eth${index - 2}`, `very-long-name${index}`, `veth"${index}`]),
    mtu: random.pick([1500, 1500, 1280, 9000]),
    addresses: [`${network}.10/24`, ...random.chance(0.5) ? [`${network}.11/24`] : [], ...ipv6(index)],
    segmentation: random.chance(0.8),
  });
  const kinds: readonly SinkKind[] = ["file", "pipe", "terminal", "socket"];
  return {
    seed: random.word(),
    interfaces: [
      { index: 1, name: "lo", mtu: 65_536, addresses: ["127.0.0.1/8", "::1/128"], segmentation: true },
      device(2, "192.0.2"),
      device(3, "198.51.100"),
    ],
    capabilities: { bufferMax: 212_992, admin: random.chance(0.5), trains: random.chance(0.9) },
    faults: makeFaults(random),
    reportsSegmentSize: random.chance(0.5),
    outputs: [random.pick(kinds), random.pick(kinds)],
    canReopen: random.chance(0.7),
    environment: { LANG: "C.UTF-8" },
  };
}
