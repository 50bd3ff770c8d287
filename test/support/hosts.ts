/**
 * Hosts in a network of their own, as network namespaces that are joined by virtual Ethernet cables (veth).
 *
 * The namespaces have no name: each exists as long as a process in it does. So nothing is left behind, however the
 * tests end, and any number of test runs fit side by side. Needs root.
 */
import { missing, notRoot, Process, runSync } from "./process.ts";

/** Why there can be no hosts here, for the `skip` option of a test. */
export const noHosts: string | false = notRoot || missing("ip", "nsenter", "unshare", "sysctl");

/** One end of a cable: the network interface of a host that it is plugged into. */
export type Plug = [host: Host, device: string];

export class Host {
  /** The process that holds the network namespace. */
  readonly pid: number;
  #holder: Process;

  constructor(holder: Process) {
    this.#holder = holder;
    this.pid = holder.pid;
  }

  /** The command line that runs this command on the host, as the same process. */
  command(command: string[]): string[] {
    return ["nsenter", `--net=/proc/${this.pid}/ns/net`, "--", ...command];
  }

  /** Runs lines of shell on the host, up to the first that fails, and returns what they write. */
  run(script: string): string {
    return runSync(this.command(["sh", "-ec", script]));
  }

  /** Gives an interface an address, such as `192.0.2.1/24` or `2001:db8::1/64`; on return it is in use. */
  addAddress(address: string, device: string): void {
    if (!address.includes(":")) {
      this.run(`ip address add ${address} brd + dev ${device}`);
      return;
    }
    // The kernel makes an IPv6 address known to itself in the background; duplicate address detection, which would take
    // a second or two, is left out.
    this.run(`
      ip address add ${address} dev ${device} nodad
      for attempt in $(seq 100); do
        ip -6 route get ${address.replace(/\/.*/, "")} | grep -q ^local && exit
        sleep 0.01
      done
      exit 1
    `);
  }

  /** The link-local IPv6 address of an interface; the kernel makes it in the background when the interface is up. */
  linkLocal(device: string): string {
    return this.run(`
      for attempt in $(seq 100); do
        ip -6 -oneline address show dev ${device} scope link | sed -n 's/.* inet6 \\([^/]*\\).*/\\1/p' | grep . && exit
        sleep 0.01
      done
      exit 1
    `).trim().split("\n")[0] ?? "";
  }

  /** How many packets have left by an interface. */
  packetsSent(device: string): number {
    return JSON.parse(this.run(`ip -json -statistics link show dev ${device}`))[0].stats64.tx.packets;
  }

  /** Ends the process that holds the network namespace, and with it the namespace and its cables. */
  remove(): Promise<void> {
    return this.#holder.kill();
  }
}

/** Makes a host that has a loopback interface and nothing else. Like a router, it forwards what is not for itself. */
export async function host(): Promise<Host> {
  // "ready" says that the namespace is there; from then on the process only holds it.
  const holder = new Process(["unshare", "--net", "sh", "-c", "echo ready; exec sleep infinity"]);
  await holder.waitFor(() => holder.stdout.includes("ready"), "network namespace");
  const made = new Host(holder);
  made.run(`
    sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
    sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
    sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
    ip link set lo up
  `);
  return made;
}

/** Plugs a cable into two hosts: makes both interfaces, and brings them up. */
export function join([a, aDevice]: Plug, [b, bDevice]: Plug): void {
  runSync([
    ...["ip", "link", "add", "name", aDevice, "netns", String(a.pid)],
    ...["type", "veth", "peer", "name", bDevice, "netns", String(b.pid)],
  ]);
  a.run(`ip link set dev ${aDevice} up`);
  b.run(`ip link set dev ${bDevice} up`);
}
