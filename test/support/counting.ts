/** Counts datagrams in the kernel of a host, independently of the programs' own counters. */
import type { Host } from "./hosts.ts";
import { missing } from "./process.ts";

/** Reason to skip tests that count datagrams, or false. */
export const noCounting: string | false = missing("nft");

/** Counts the UDP datagrams of a port in the firewall of a host. A train that is still whole counts as one. */
export class Counting {
  readonly #host: Host;
  readonly #table: string;

  /** @param device counts only the datagrams that come in and go out by this interface */
  constructor(host: Host, port: number, device?: string) {
    this.#host = host;
    this.#table = device === undefined ? "counting" : `counting_${device}`;
    const [incoming, outgoing] = device === undefined ? ["", ""] : [`iifname ${device}`, `oifname ${device}`];
    host.run(`nft -f - <<'END'
      table inet ${this.#table} {
        counter arrived { }
        counter sent { }
        chain input {
          type filter hook input priority -10
          ${incoming} udp dport ${port} counter name arrived
        }
        chain output {
          type filter hook output priority 10
          ${outgoing} udp sport ${port} counter name sent
          ${outgoing} udp sport != ${port} udp dport ${port} counter name sent
        }
      }
END`);
  }

  /** Number of datagrams to the port that have arrived. */
  get arrived(): number {
    return this.#read("arrived");
  }

  /** Number of datagrams from or to the port that the host has sent. */
  get sent(): number {
    return this.#read("sent");
  }

  #read(name: string): number {
    const { nftables } = JSON.parse(this.#host.run(`nft -j list counter inet ${this.#table} ${name}`));
    return nftables.find((entry: { counter?: { packets: number } }) => entry.counter).counter.packets;
  }
}
