/** Counts datagrams where a host's kernel hands them on: what a program says of itself can be held against it. */
import type { Host } from "./hosts.ts";
import { missing } from "./process.ts";

/** Why datagrams can't be counted here, for the `skip` option of a test. */
export const noCounting: string | false = missing("nft");

/**
 * The UDP datagrams of a port, counted by the firewall of a host from now on. A train that is not cut up yet counts as
 * one.
 */
export class Counting {
  readonly #host: Host;

  constructor(host: Host, port: number) {
    this.#host = host;
    host.run(`nft -f - <<'END'
      table inet counting {
        counter arrived { }
        counter sent { }
        chain input {
          type filter hook input priority -10
          udp dport ${port} counter name arrived
        }
        chain output {
          type filter hook output priority 10
          udp sport ${port} counter name sent
          udp sport != ${port} udp dport ${port} counter name sent
        }
      }
END`);
  }

  /** Datagrams to the port that have come in. */
  get arrived(): number {
    return this.#read("arrived");
  }

  /** Datagrams from or to the port that have been sent. */
  get sent(): number {
    return this.#read("sent");
  }

  #read(name: string): number {
    const { nftables } = JSON.parse(this.#host.run(`nft -j list counter inet counting ${name}`));
    return nftables.find((entry: { counter?: { packets: number } }) => entry.counter).counter.packets;
  }
}
