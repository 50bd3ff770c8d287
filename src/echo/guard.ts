/**
 * Which datagrams are answered.
 *
 * What an echo server sends, and to whom, is up to whoever forges a source address. The guard sees to it that a forged
 * datagram can't make it talk to another service, or to itself, for ever (CVE-2024-2169, CERT VU#417980), nor flood one
 * victim.
 * @module
 */

import { CLOCK_MONOTONIC } from "../../ffi/constants.ts";
import { Clock } from "../../ffi/libc.ts";
import { ADDRESS_SIZE, isIPv4, isMapped, isMulticast, isUnspecified, type Prefix } from "../net/address.ts";
import { BROADCAST, type MessageBatch, MULTICAST, UNKNOWN } from "../socket/message_batch.ts";
import { type Rate, RateLimit } from "./rate_limit.ts";

/** Why a datagram is not answered, by number; 0 is for those that are. The names stand in the summary. */
export const REASONS = [
  "accepted",
  "unknown_destination",
  "broadcast_destination",
  "multicast_destination",
  "unspecified_source",
  "broadcast_source",
  "multicast_source",
  "source_port_zero",
  "reserved_source_port",
  "own_source_port",
  "service_source_port",
  "own_endpoint",
  "not_allowed",
  "over_rate",
  "over_max_rate",
  "stopping",
] as const;

/** The name of one reason. */
export type Reason = typeof REASONS[number];

/** The datagram is answered. */
export const ACCEPTED = 0;

/**
 * Ports from 1024 on of services that answer, or may answer, whatever they are sent, and so could be made to talk to an
 * echo server. Those in the range from which systems pick the ports of their clients (32768 and up) are not here.
 *
 * Sources: CISA alert TA14-017A, "UDP-Based Amplification Attacks"; Cloudflare, "Reflections on reflection (attacks)",
 * 2017; the collection github.com/Phenomite/AMP-Research; the IANA port registry.
 */
export const SERVICE_PORTS: ReadonlyMap<number, string> = new Map([
  [1194, "OpenVPN"],
  [1434, "Microsoft SQL Server browser"],
  [1604, "Citrix ICA browser"],
  [1900, "SSDP"],
  [2049, "NFS"],
  [2362, "Digi device discovery"],
  [3283, "Apple Remote Desktop"],
  [3389, "Remote Desktop"],
  [3478, "STUN"],
  [3702, "WS-Discovery"],
  [3784, "BFD"],
  [4500, "IPsec NAT traversal"],
  [5060, "SIP"],
  [5093, "Sentinel license manager"],
  [5351, "NAT-PMP"],
  [5353, "mDNS"],
  [5355, "LLMNR"],
  [5683, "CoAP"],
  [6881, "BitTorrent"],
  [7001, "AFS"],
  [10001, "Ubiquiti discovery"],
  [10074, "Mitel TP-240 driver"],
  [11211, "memcached"],
  [17185, "VxWorks debugger"],
  [20800, "Call of Duty"],
  [20811, "Powerhouse VPN management"],
  [26000, "Quake"],
  [27005, "Steam game clients"],
  [27015, "Steam game servers"],
  [27036, "Steam Remote Play"],
  [27960, "Quake III"],
  [30120, "FiveM game servers"],
  [30718, "Lantronix device discovery"],
  [32414, "Plex media server"],
]);

/** What a {@link Guard} lets pass. */
export interface GuardOptions {
  /** The server's own port. */
  readonly port: number;
  /** Whether to answer any source port but 0. */
  readonly answerAnyPort?: boolean;
  /** Whether to answer what was sent to a broadcast address. */
  readonly answerBroadcast?: boolean;
  /** Whether to answer what was sent to a multicast address. */
  readonly answerMulticast?: boolean;
  /** The only sources to answer; all, if empty. */
  readonly allow?: readonly Prefix[];
  /** What one source gets. */
  readonly rate?: Rate | undefined;
  /** How many sources the rate is kept for at a time. */
  readonly rateTable?: number;
  /** What all sources together get. */
  readonly maxRate?: Rate | undefined;
}

/** Judges every message before anything else is done with it, in constant time and without allocating. */
export class Guard {
  /** How many datagrams of the message that was judged last are answered; they are its first ones. */
  admitted = 0;
  readonly #port: number;
  readonly #answerBroadcast: boolean;
  readonly #answerMulticast: boolean;
  // The number of the reason for which a source port is refused, by port.
  readonly #ports: Uint8Array;
  readonly #allow: AllowList;
  readonly #rate: RateLimit | undefined;
  readonly #maxRate: RateLimit | undefined;
  readonly #clock = new Clock(CLOCK_MONOTONIC);

  /** @param options what to let pass */
  constructor(options: GuardOptions) {
    this.#port = options.port;
    this.#answerBroadcast = options.answerBroadcast ?? false;
    this.#answerMulticast = options.answerMulticast ?? false;
    this.#ports = new Uint8Array(65_536);
    if (!options.answerAnyPort) {
      this.#ports.fill(RESERVED_SOURCE_PORT, 0, 1024);
      for (const port of SERVICE_PORTS.keys()) this.#ports[port] = SERVICE_SOURCE_PORT;
      this.#ports[options.port] = OWN_SOURCE_PORT;
    }
    this.#ports[0] = SOURCE_PORT_ZERO;
    this.#allow = new AllowList(options.allow ?? []);
    if (options.rate !== undefined) this.#rate = new RateLimit(options.rate, options.rateTable ?? RATE_TABLE);
    if (options.maxRate !== undefined) this.#maxRate = new RateLimit(options.maxRate, 1);
  }

  /**
   * Judges message `i` of a batch. {@link admitted} is then how many of its datagrams are answered.
   * @returns {@link ACCEPTED}, or the number of the reason, in {@link REASONS}, why the others are not
   */
  judge(batch: MessageBatch, i: number): number {
    const reason = this.#judgeOrigin(batch, i);
    this.admitted = reason === ACCEPTED ? batch.datagrams(i) : 0;
    if (reason !== ACCEPTED || (this.#rate === undefined && this.#maxRate === undefined)) return reason;
    return this.#judgeRate(batch, i);
  }

  #judgeOrigin(batch: MessageBatch, i: number): number {
    const destination = batch.destination(i);
    // Without its local address it could only be answered from a wrong one.
    if (destination === UNKNOWN) return UNKNOWN_DESTINATION;
    if (destination === BROADCAST && !this.#answerBroadcast) return BROADCAST_DESTINATION;
    if (destination === MULTICAST && !this.#answerMulticast) return MULTICAST_DESTINATION;
    const { i32 } = batch.memory;
    const word = batch.peerAddressAt(i) >> 2;
    if (isUnspecified(i32, word)) return UNSPECIFIED_SOURCE;
    if (isMulticast(i32, word)) return MULTICAST_SOURCE;
    if (i32[word + 3] === -1 && isMapped(i32, word)) return BROADCAST_SOURCE;
    const port = batch.peerPort(i);
    if (this.#ports[port] !== ACCEPTED) return this.#ports[port]!;
    if (port === this.#port && sameWords(i32, word, batch.localAt(i) >> 2)) return OWN_ENDPOINT;
    if (!this.#allow.has(i32, word)) return NOT_ALLOWED;
    return ACCEPTED;
  }

  #judgeRate(batch: MessageBatch, i: number): number {
    const clock = this.#clock;
    clock.read();
    const now = clock.seconds * 1_000_000 + clock.nanoseconds / 1000;
    const asked = batch.datagrams(i);
    const { i32 } = batch.memory;
    let admitted = asked;
    if (this.#rate !== undefined) admitted = this.#rate.take(i32, batch.peerAddressAt(i) >> 2, asked, now);
    const underRate = admitted;
    if (this.#maxRate !== undefined && admitted > 0) admitted = this.#maxRate.take(ANYONE, 0, admitted, now);
    this.admitted = admitted;
    return admitted === asked ? ACCEPTED : underRate < asked ? OVER_RATE : OVER_MAX_RATE;
  }
}

/** The prefixes whose sources are answered. */
class AllowList {
  readonly #count: number;
  // Whether the prefix is of IPv6 addresses, by prefix.
  readonly #ipv6: readonly boolean[];
  readonly #networks: Int32Array;
  readonly #masks: Int32Array;

  constructor(prefixes: readonly Prefix[]) {
    this.#count = prefixes.length;
    this.#ipv6 = prefixes.map(({ bytes, length }) => length < 96 || !isIPv4(bytes));
    const masks = new Uint8Array(this.#count * ADDRESS_SIZE);
    const networks = new Uint8Array(this.#count * ADDRESS_SIZE);
    prefixes.forEach(({ bytes, length }, k) => {
      for (let i = 0; i < ADDRESS_SIZE; i++) {
        const bits = Math.max(0, Math.min(8, length - i * 8));
        const mask = (0xff00 >> bits) & 0xff;
        masks[k * ADDRESS_SIZE + i] = mask;
        networks[k * ADDRESS_SIZE + i] = bytes[i]! & mask;
      }
    });
    this.#masks = new Int32Array(masks.buffer);
    this.#networks = new Int32Array(networks.buffer);
  }

  /** Whether the address of four words from `at` is in any of the prefixes, or there are none. */
  has(words: Int32Array, at: number): boolean {
    if (this.#count === 0) return true;
    const ipv6 = !isMapped(words, at);
    for (let k = 0; k < this.#count; k++) {
      // `::/0` covers the IPv4-mapped addresses too, but nobody who writes it means IPv4.
      let differs = this.#ipv6[k] === ipv6 ? 0 : 1;
      for (let i = 0; i < 4; i++) differs |= (words[at + i]! & this.#masks[k * 4 + i]!) ^ this.#networks[k * 4 + i]!;
      if (differs === 0) return true;
    }
    return false;
  }
}

function sameWords(words: Int32Array, a: number, b: number): boolean {
  return words[a] === words[b] && words[a + 1] === words[b + 1] && words[a + 2] === words[b + 2] &&
    words[a + 3] === words[b + 3];
}

/** Sources that `--rate` remembers, unless told otherwise. */
export const RATE_TABLE = 65_536;

/** The source that all sources are to the limit of the whole server. */
const ANYONE = new Int32Array(4);

const number = (reason: Reason) => REASONS.indexOf(reason);
const UNKNOWN_DESTINATION = number("unknown_destination");
const BROADCAST_DESTINATION = number("broadcast_destination");
const MULTICAST_DESTINATION = number("multicast_destination");
const UNSPECIFIED_SOURCE = number("unspecified_source");
const BROADCAST_SOURCE = number("broadcast_source");
const MULTICAST_SOURCE = number("multicast_source");
const SOURCE_PORT_ZERO = number("source_port_zero");
const RESERVED_SOURCE_PORT = number("reserved_source_port");
const OWN_SOURCE_PORT = number("own_source_port");
const SERVICE_SOURCE_PORT = number("service_source_port");
const OWN_ENDPOINT = number("own_endpoint");
const NOT_ALLOWED = number("not_allowed");
const OVER_RATE = number("over_rate");
const OVER_MAX_RATE = number("over_max_rate");
/** The datagram came when the server was about to stop. */
export const STOPPING: number = number("stopping");
