/**
 * A network with faults on one link:
 *
 *     far ──── link a ──┐
 *                       ├── target
 *     steady ─ link b ──┘
 *
 * Link a has the faults; they must not affect steady. The target's default route leads to far.
 */
import assert from "node:assert/strict";
import { assertComplete, type ClientOptions, Stream } from "./client.ts";
import { Counting } from "./counting.ts";
import { type Host, host, join } from "./hosts.ts";
import { PATIENCE_MS, until } from "./process.ts";
import { serve, type Server, type ServerOptions, type Summary } from "./server.ts";

/** Port of the server. */
export const PORT = 9000;

/** Lines of shell that restore the target's default routes. */
export const RESTORE_ROUTES = `
  ip route replace default via 192.0.2.2
  ip -6 route replace default via 2001:db8::2
`;

/** The hosts, and a server on the target. */
export class FaultyNetwork {
  /** 192.0.2.1 and 2001:db8::1 on link a, 198.51.100.1 and 2001:db8:b::1 on link b. */
  readonly target: Host;
  /** 192.0.2.2 and 2001:db8::2 on link a, 203.0.113.9 and 2001:db8:9::9 behind it. Its link "nowhere" is empty. */
  readonly far: Host;
  /** 198.51.100.2 and 2001:db8:b::2 on link b. */
  readonly steady: Host;
  /** Counts the datagrams of the target's server. */
  readonly counting: Counting;

  private constructor(target: Host, far: Host, steady: Host) {
    [this.target, this.far, this.steady] = [target, far, steady];
    join([target, "a"], [far, "eth0"]);
    join([target, "b"], [steady, "eth0"]);
    for (const address of ["192.0.2.1/24", "2001:db8::1/64"]) target.addAddress(address, "a");
    for (const address of ["192.0.2.2/24", "2001:db8::2/64"]) far.addAddress(address, "eth0");
    for (const address of ["198.51.100.1/24", "2001:db8:b::1/64"]) target.addAddress(address, "b");
    for (const address of ["198.51.100.2/24", "2001:db8:b::2/64"]) steady.addAddress(address, "eth0");
    for (const address of ["203.0.113.9/32", "2001:db8:9::9/128"]) far.addAddress(address, "lo");
    target.run(RESTORE_ROUTES);
    join([far, "nowhere"], [far, "void"]);
    far.run(`
      ip route add 198.51.100.0/24 via 192.0.2.1
      ip -6 route add 2001:db8:b::/64 via 2001:db8::1
      ip route add blackhole 198.18.0.0/15
      ip -6 route add blackhole 2001:db8:1::/48
    `);
    this.counting = new Counting(target, PORT);
  }

  /** Makes the network. */
  static async make(): Promise<FaultyNetwork> {
    return new FaultyNetwork(...await Promise.all([host(), host(), host()]));
  }

  /** Removes the hosts. */
  async remove(): Promise<void> {
    for (const host of [this.target, this.far, this.steady]) await host.remove();
  }

  /**
   * Runs a server on the target, and asserts at the end that it has received, or its kernel dropped, every datagram that
   * arrived.
   * @param use gets the server, and a function that waits until it has received, or its kernel dropped, what has arrived
   * @param inTrains datagrams that arrived in a train, without the first of each: the firewall counts a train as one
   */
  async withServer(
    use: (server: Server, allReceived: () => Promise<Summary>) => Promise<void>,
    { inTrains = 0, ...options }: { inTrains?: number } & ServerOptions = {},
  ): Promise<Summary> {
    const before = this.counting.arrived;
    const arrived = () => this.counting.arrived - before + inTrains;
    const defaults = { args: ["--log", "json", "--log-limit", "10"], host: this.target, port: PORT };
    const server = await serve({ ...defaults, ...options });
    try {
      const allReceived = () => server.received(arrived());
      await use(server, allReceived);
      // What has arrived may still be in the queue.
      await allReceived();
      const summary = await server.stop();
      assert.equal(summary.received + summary.dropped_by_kernel, arrived(), JSON.stringify(summary));
      return summary;
    } finally {
      await server.kill();
    }
  }

  /** Asserts that steady gets an echo of every datagram, on IPv4 and IPv6, while `use` runs. */
  async whileSteady(
    use: () => Promise<void>,
    { families = [4, 6], sizes = [100] }: { families?: number[]; sizes?: number[] } = {},
  ): Promise<void> {
    const addresses = families.map((family) => family === 4 ? "198.51.100.1" : "2001:db8:b::1");
    const options: ClientOptions = { host: this.steady, sizes, window: 4, gap: 1000, timeout: PATIENCE_MS / 2 };
    const streams = addresses.map((address) => new Stream(address, PORT, options));
    try {
      await use();
      const results = await Promise.all(streams.map((stream) => stream.stop()));
      results.forEach((result, i) => assertComplete(result, `${addresses[i]} port ${PORT}, beside the fault`));
    } finally {
      await Promise.all(streams.map((stream) => stream.kill()));
    }
  }

  /** Waits until this many more datagrams have arrived at the target. */
  async arrivals(count: number): Promise<void> {
    const before = this.counting.arrived;
    await until(() => this.counting.arrived >= before + count, `${count} datagrams`);
  }

  /** Waits until the target has sent this many more packets to steady. */
  async echoes(count: number): Promise<void> {
    const before = this.target.packetsSent("b");
    await until(() => this.target.packetsSent("b") >= before + count, `${count} echoes`);
  }
}
