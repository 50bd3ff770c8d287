/** A network in which the probe is run: client, router and server in a row, as network namespaces; the server echoes. */
import { after, before, describe } from "node:test";
import { otherRuntime } from "./full_mode.ts";
import { type Host, host, join, noHosts } from "./hosts.ts";
import { missing } from "./process.ts";
import { probeOne, type TargetSummary } from "./probe.ts";
import { serve, type Server } from "./server.ts";

/** The port of the echo server. */
export const PORT = 9000;
/** Addresses of the server's only interface; the first of each family is the primary one. */
export const SERVER = ["198.51.100.2", "198.51.100.3", "198.51.100.4"] as const;
export const SERVER_IPV6 = ["2001:db8:1::2", "2001:db8:1::3"] as const;
/** The router's addresses on the client's side. */
export const ROUTER = "192.0.2.1";
export const ROUTER_IPV6 = "2001:db8::1";
/** Three requests soon after each other. */
export const FAST = ["-c", "3", "--interval", "10ms"];

/**
 * Describes tests in a network of their own.
 * @param url `import.meta.url` of the test file, by which a runtime is chosen
 */
export function describeNetwork(name: string, url: string, tests: (network: ProbeNetwork) => void): void {
  describe(name, { skip: otherRuntime(url) || noHosts || missing("ss") }, () => {
    const network = new ProbeNetwork();
    before(() => network.setUp());
    after(() => network.remove());
    tests(network);
  });
}

export class ProbeNetwork {
  /** It has `eth0`, with 192.0.2.100, 192.0.2.101 and 2001:db8::100, and `eth1`, with 203.0.113.100. */
  client!: Host;
  /** It has `eth0` and `eth2` to the client, `eth1` to the server. */
  router!: Host;
  /** It has `eth0`. */
  server!: Host;
  #echo: Server | undefined;

  async setUp(): Promise<void> {
    const [client, router, server] = await Promise.all([host(), host(), host()]);
    Object.assign(this, { client, router, server });
    join([client, "eth0"], [router, "eth0"]);
    join([client, "eth1"], [router, "eth2"]);
    join([router, "eth1"], [server, "eth0"]);
    for (const address of ["192.0.2.100/24", "192.0.2.101/24", "2001:db8::100/64"]) client.addAddress(address, "eth0");
    client.addAddress("203.0.113.100/24", "eth1");
    for (const address of [`${ROUTER}/24`, `${ROUTER_IPV6}/64`]) router.addAddress(address, "eth0");
    router.addAddress("203.0.113.1/24", "eth2");
    for (const address of ["198.51.100.1/24", "2001:db8:1::1/64"]) router.addAddress(address, "eth1");
    for (const address of SERVER) server.addAddress(`${address}/24`, "eth0");
    for (const address of SERVER_IPV6) server.addAddress(`${address}/64`, "eth0");
    client.run(`
      ip route add 198.51.100.0/24 via ${ROUTER}
      ip route add 198.51.101.0/24 via ${ROUTER}
      ip -6 route add 2001:db8:1::/48 via ${ROUTER_IPV6}
    `);
    server.run("ip route add default via 198.51.100.1; ip -6 route add default via 2001:db8:1::1");
    for (const each of [client, router, server]) each.unlimitErrors();
    // Neighbours are given up soon.
    for (const [each, device] of [[client, "eth0"], [router, "eth1"]] as const) {
      for (const table of ["arp_cache", "ndisc_cache"]) {
        each.run(`ip ntable change name ${table} dev ${device} retrans 100`);
      }
    }
    this.#echo = await serve({ program: "src/main.ts", args: ["--quiet"], host: server, port: PORT });
  }

  async remove(): Promise<void> {
    await this.#echo?.kill();
    for (const each of [this.client, this.router, this.server]) await each?.remove();
  }

  /** Probes one target from the client with three requests. */
  one(args: string[]): Promise<TargetSummary> {
    return probeOne([...FAST, ...args], { host: this.client });
  }

  /** Sets firewall rules on a host while `work` is done. */
  async withRules(on: Host, rules: string, work: () => Promise<void>): Promise<void> {
    on.run(`nft -f - <<'END'\ntable inet probe {\n${rules}\n}\nEND`);
    try {
      await work();
    } finally {
      on.run("nft delete table inet probe");
    }
  }
}
