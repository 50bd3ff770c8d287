/**
 * Admission of datagrams.
 *
 * A forged source address makes an echo server send to a victim of the forger's choice. The guard prevents that a forged
 * datagram starts an endless exchange with another service or with the server itself (CVE-2024-2169, CERT VU#417980), or
 * that many flood one victim.
 * @module
 */

import { CLOCK_MONOTONIC } from "../../ffi/constants.ts";
import { Clock } from "../../ffi/clock.ts";
import {
  ADDRESS_SIZE,
  isIPv4,
  isMapped,
  isMulticast,
  isUnspecified,
  type Prefix,
  prefixMask,
  sameAddress,
} from "../net/address.ts";
import { BROADCAST, MULTICAST, UNKNOWN } from "../socket/control_message.ts";
import type { MessageBatch } from "../socket/message_batch.ts";
import { SERVICE_PORTS } from "../socket/service_ports.ts";
import { type Rate, RateLimit } from "./rate_limit.ts";
import { TotalRate } from "./total_rate.ts";

/** Reasons to refuse a datagram, by number, with their names in the summary; number 0 admits it. */
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

/** The datagram is admitted. */
export const ACCEPTED = 0;

/** Options of a {@link Guard}. */
export interface GuardOptions {
  /** The server's own port. */
  readonly port: number;
  /** Whether to answer any source port but 0. */
  readonly answerAnyPort?: boolean;
  /** Whether to answer datagrams to broadcast addresses. */
  readonly answerBroadcast?: boolean;
  /** Whether to answer datagrams to multicast addresses. */
  readonly answerMulticast?: boolean;
  /** Prefixes of the sources to answer; all sources if empty. */
  readonly allow?: readonly Prefix[];
  /** Limit for each source. */
  readonly rate?: Rate | undefined;
  /** Limit for all sources together. */
  readonly maxRate?: Rate | undefined;
  /** Where to count refused datagrams, by number of the reason; memory of its own, if absent. */
  readonly refused?: Float64Array | undefined;
  /** The word of {@link TotalRate}; memory of its own, if absent. */
  readonly maxRateWord?: Int32Array | undefined;
}

/** Admits or refuses each message, in constant time and without allocating. */
export class Guard {
  /** Datagrams refused, by number of the reason. */
  readonly refused: Float64Array;
  readonly #port: number;
  readonly #answerBroadcast: boolean;
  readonly #answerMulticast: boolean;
  // Reasons by source port.
  readonly #ports: Uint8Array;
  readonly #allow: AllowList;
  readonly #rate: RateLimit | undefined;
  readonly #maxRate: TotalRate | undefined;
  readonly #clock = new Clock(CLOCK_MONOTONIC);

  /** @param options see {@link GuardOptions} */
  constructor(options: GuardOptions) {
    this.refused = options.refused ?? new Float64Array(REASONS.length);
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
    if (options.rate !== undefined) this.#rate = new RateLimit(options.rate, RATE_TABLE_SOURCES);
    if (options.maxRate !== undefined) this.#maxRate = new TotalRate(options.maxRate, options.maxRateWord);
  }

  /**
   * Admits the first datagrams of message `i` of a batch, and counts the others as refused.
   * @returns the number of datagrams admitted, 0 to all
   */
  admit(batch: MessageBatch, i: number): number {
    const datagrams = batch.datagrams(i);
    const reason = this.#reasonToRefuse(batch, i);
    if (reason !== ACCEPTED) {
      this.refused[reason]! += datagrams;
      return 0;
    }
    if (this.#rate === undefined && this.#maxRate === undefined) return datagrams;
    return this.#admitByRate(batch, i, datagrams);
  }

  #reasonToRefuse(batch: MessageBatch, i: number): number {
    const destination = batch.destination(i);
    // Without a local address there is no right source for a reply.
    if (destination === UNKNOWN) return UNKNOWN_DESTINATION;
    if (destination === BROADCAST && !this.#answerBroadcast) return BROADCAST_DESTINATION;
    if (destination === MULTICAST && !this.#answerMulticast) return MULTICAST_DESTINATION;
    const { addresses } = batch;
    const peer = batch.peerWord(i);
    if (isUnspecified(addresses, peer)) return UNSPECIFIED_SOURCE;
    // The kernel drops both kinds of datagrams itself, so these are for other kernels.
    if (isMulticast(addresses, peer)) return MULTICAST_SOURCE;
    if (addresses[peer + 3] === -1 && isMapped(addresses, peer)) return BROADCAST_SOURCE;
    const port = batch.peerPort(i);
    if (this.#ports[port] !== ACCEPTED) return this.#ports[port]!;
    if (port === this.#port && sameAddress(addresses, peer, addresses, batch.localWord(i))) return OWN_ENDPOINT;
    if (!this.#allow.has(addresses, peer)) return NOT_ALLOWED;
    return ACCEPTED;
  }

  /** To be called once a second. */
  everySecond(): void {
    this.#maxRate?.take(0, this.#now());
  }

  /** Sources that have used up a part of their burst of {@link GuardOptions.rate}. */
  limitedSources(): number {
    return this.#rate?.count(this.#now()) ?? 0;
  }

  #admitByRate(batch: MessageBatch, i: number, datagrams: number): number {
    const now = this.#now();
    let admitted = datagrams;
    if (this.#rate !== undefined) {
      admitted = this.#rate.take(batch.addresses, batch.peerWord(i), datagrams, now);
      this.refused[OVER_RATE]! += datagrams - admitted;
    }
    if (this.#maxRate !== undefined && admitted > 0) {
      const underRate = admitted;
      admitted = this.#maxRate.take(underRate, now);
      this.refused[OVER_MAX_RATE]! += underRate - admitted;
    }
    return admitted;
  }

  /** The time in microseconds. */
  #now(): number {
    const clock = this.#clock;
    clock.read();
    return clock.seconds * 1_000_000 + clock.nanoseconds / 1000;
  }
}

/** Prefixes of the sources to answer. */
class AllowList {
  readonly #count: number;
  // By prefix: whether it is one of IPv6 addresses.
  readonly #ipv6: readonly boolean[];
  readonly #networks: Int32Array;
  readonly #masks: Int32Array;

  constructor(prefixes: readonly Prefix[]) {
    this.#count = prefixes.length;
    this.#ipv6 = prefixes.map(({ bytes, length }) => length < 96 || !isIPv4(bytes));
    const masks = new Uint8Array(this.#count * ADDRESS_SIZE);
    const networks = new Uint8Array(this.#count * ADDRESS_SIZE);
    prefixes.forEach(({ bytes, length }, k) => {
      const mask = prefixMask(length);
      masks.set(mask, k * ADDRESS_SIZE);
      networks.set(bytes.map((byte, i) => byte & mask[i]!), k * ADDRESS_SIZE);
    });
    this.#masks = new Int32Array(masks.buffer);
    this.#networks = new Int32Array(networks.buffer);
  }

  /** Whether the address of four words from `at` is in one of the prefixes, or the list is empty. */
  has(words: Int32Array, at: number): boolean {
    if (this.#count === 0) return true;
    const ipv6 = !isMapped(words, at);
    for (let k = 0; k < this.#count; k++) {
      // `::/0` means IPv6, though it covers the IPv4-mapped addresses too.
      let differs = this.#ipv6[k] === ipv6 ? 0 : 1;
      for (let i = 0; i < 4; i++) differs |= (words[at + i]! & this.#masks[k * 4 + i]!) ^ this.#networks[k * 4 + i]!;
      if (differs === 0) return true;
    }
    return false;
  }
}

/** Sources that the limit for each source remembers. */
const RATE_TABLE_SOURCES = 65_536;

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
/** The datagram came while the server stopped. */
export const STOPPING: number = number("stopping");
