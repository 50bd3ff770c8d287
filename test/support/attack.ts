/** Two hosts on one cable: a target with the server, and an attacker that forges the sources of its datagrams. */
import assert from "node:assert/strict";
import { forge, type Source } from "./client.ts";
import { type Host, host, join } from "./hosts.ts";
import { type Server, type Summary, withServer } from "./server.ts";

/** Port of the server. */
export const PORT = 9000;

/** The two hosts. */
export interface Attack {
  /** 192.0.2.100 and 2001:db8::100. It is all other addresses too, and drops what comes for them. */
  attacker: Host;
  /** 192.0.2.1, 192.0.2.2, 2001:db8::1 and 2001:db8::2. */
  target: Host;
}

/** Makes the hosts; {@link removeHosts} removes them. */
export async function attackHosts(): Promise<Attack> {
  const [attacker, target] = await Promise.all([host(), host()]);
  join([attacker, "eth0"], [target, "eth0"]);
  for (const address of ["192.0.2.100/24", "2001:db8::100/64"]) attacker.addAddress(address, "eth0");
  for (const address of ["192.0.2.1/24", "192.0.2.2/24", "2001:db8::1/64", "2001:db8::2/64"]) {
    target.addAddress(address, "eth0");
  }
  target.run(`
    ip route add default via 192.0.2.100
    ip -6 route add default via 2001:db8::100
  `);
  attacker.run(`
    sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0
    ip route add blackhole 198.18.0.0/15
    ip -6 route add blackhole 2001:db8:1::/48
  `);
  return { attacker, target };
}

/** Options of {@link forged}. */
export interface ForgedOptions {
  /** Default: the target's first address of the source's family. */
  destination?: string;
  /** Datagrams from each source. Default: 1. */
  count?: number;
  /** Microseconds from one datagram to the next. */
  gap?: number;
}

/** Forges datagrams of 8 bytes to the server, asserts that all are sent, and returns their number. */
export async function forged(from: Host, sources: Source | readonly Source[], options: ForgedOptions = {}) {
  const all = (typeof sources[0] === "string" ? [sources] : sources) as readonly Source[];
  const { destination = all[0]![0].includes(":") ? "2001:db8::1" : "192.0.2.1", count = 1, ...rest } = options;
  const { sent, errors } = await forge(all, [destination, PORT], { host: from, count, size: 8, ...rest });
  assert.deepEqual({ sent, errors }, { sent: count * all.length, errors: {} });
  return sent;
}

/** Waits until the server has received this many datagrams since its start, and asserts that there were not more. */
export async function received(server: Server, count: number): Promise<Summary> {
  const summary = await server.received(count);
  assert.equal(summary.received, count);
  return summary;
}

/** The lines about datagrams in a JSON log, without the notices. */
export function logged(server: Server): string[] {
  return server.lines.filter((line) => line.startsWith('{"event":"echo"'));
}

/** Runs a server on the target with a JSON log, and asserts that it logs exactly the datagrams that it answers. */
export function withGuard(target: Host, args: string[], use: (server: Server) => Promise<void>): Promise<Summary> {
  const options = { args: ["--log", "json", "--log-limit", "0", ...args], host: target, port: PORT };
  return withServer(options, async (server) => {
    await use(server);
    const summary = await server.summary();
    assert.equal(logged(server).length + summary.log_lines_dropped, summary.echoed + summary.failed);
  });
}
