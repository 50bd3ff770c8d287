/**
 * Hosts in a network of their own: network namespaces joined by virtual Ethernet cables (veth). Needs root.
 *
 * A namespace has no name and exists as long as a process in it. So nothing stays behind, however the tests end, and
 * several test runs can work side by side.
 */
import { readFileSync } from "node:fs";
import { missing, notRoot, Process, runSync } from "./process.ts";

/** Reason to skip tests that need hosts, or false. */
export const noHosts: string | false = notRoot || missing("ip", "nsenter", "unshare", "sysctl");

/** One end of a cable: a network interface of a host. */
export type Plug = [host: Host, device: string];

/** A host: a network namespace and the process that holds it. */
export class Host {
  /** Process in the namespace. */
  readonly pid: number;
  #holder: Process;

  constructor(holder: Process) {
    this.#holder = holder;
    this.pid = holder.pid;
  }

  /** Command that runs this command on the host, in the same process. */
  command(command: string[]): string[] {
    return ["nsenter", `--net=/proc/${this.pid}/ns/net`, "--", ...command];
  }

  /** Runs a shell script on the host until its first error, and returns its output. */
  run(script: string): string {
    return runSync(this.command(["sh", "-ec", script]));
  }

  /** Adds an address with its prefix length, such as `192.0.2.1/24`, to an interface, and waits until it is usable. */
  addAddress(address: string, device: string): void {
    if (!address.includes(":")) {
      this.run(`ip address add ${address} brd + dev ${device}`);
      return;
    }
    // The kernel adds the local route of an IPv6 address asynchronously. "nodad" omits duplicate address detection,
    // which takes a second or two.
    this.run(`
      ip address add ${address} dev ${device} nodad
      for attempt in $(seq 500); do
        ip -6 route get ${address.replace(/\/.*/, "")} | grep -q ^local && exit
        sleep 0.01
      done
      exit 1
    `);
  }

  /** The link-local IPv6 address of an interface. The kernel adds it asynchronously when the interface comes up. */
  linkLocal(device: string): string {
    return this.run(`
      for attempt in $(seq 500); do
        ip -6 -oneline address show dev ${device} scope link | sed -n 's/.* inet6 \\([^/]*\\).*/\\1/p' | grep . && exit
        sleep 0.01
      done
      exit 1
    `).trim().split("\n")[0] ?? "";
  }

  /**
   * Lets the host send ICMP errors to one other at any rate, but for IPv4 errors about missing routes: of these it sends
   * five at once. With `icmp_ratelimit=0` instead, the kernel would empty their token bucket when the clock ticks.
   */
  unlimitErrors(): void {
    this.run("sysctl -qw net.ipv4.icmp_ratemask=0 net.ipv6.icmp.ratelimit=0");
  }

  /** Number of packets that an interface has sent. */
  packetsSent(device: string): number {
    // The ninth and tenth column behind the name are the bytes and packets sent. proc_pid_net(5)
    const row = readFileSync(`/proc/${this.pid}/net/dev`, "utf8").match(new RegExp(`^ *${device}:(.*)$`, "m"));
    return Number(row![1]!.trim().split(/\s+/)[9]);
  }

  /** Number of datagrams that UDP sockets of the host have sent. A train counts as one. */
  get datagramsSent(): number {
    const read = (name: string) => readFileSync(`/proc/${this.pid}/net/${name}`, "utf8");
    const [names, values] = [...read("snmp").matchAll(/^Udp: (.*)$/gm)].map(([, row]) => row!.split(" "));
    const ipv4 = Number(values![names!.indexOf("OutDatagrams")]);
    return ipv4 + Number(/^Udp6OutDatagrams\s+(\d+)$/m.exec(read("snmp6"))![1]);
  }

  /** Ends the process that holds the namespace, and with it the namespace and its cables. */
  remove(): Promise<void> {
    return this.#holder.kill();
  }
}

/** Makes a host with a loopback interface and no other. It forwards packets, as a router does. */
export async function host(): Promise<Host> {
  // "ready" means that the namespace exists. The process then only holds it.
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

/** Joins two hosts by a cable: creates both interfaces and brings them up. */
export function join([a, aDevice]: Plug, [b, bDevice]: Plug): void {
  runSync([
    ...["ip", "link", "add", "name", aDevice, "netns", String(a.pid)],
    ...["type", "veth", "peer", "name", bDevice, "netns", String(b.pid)],
  ]);
  a.run(`ip link set dev ${aDevice} up`);
  b.run(`ip link set dev ${bDevice} up`);
}
