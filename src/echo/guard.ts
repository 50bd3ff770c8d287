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
  addressWords,
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

/** Reasons to refuse a datagram, with their numbers. */
export const Reason = {
  /** It is admitted. */
  ACCEPTED: 0,
  UNKNOWN_DESTINATION: 1,
  BROADCAST_DESTINATION: 2,
  MULTICAST_DESTINATION: 3,
  UNSPECIFIED_SOURCE: 4,
  BROADCAST_SOURCE: 5,
  MULTICAST_SOURCE: 6,
  SOURCE_PORT_ZERO: 7,
  RESERVED_SOURCE_PORT: 8,
  OWN_SOURCE_PORT: 9,
  SERVICE_SOURCE_PORT: 10,
  OWN_ENDPOINT: 11,
  NOT_ALLOWED: 12,
  OVER_RATE: 13,
  OVER_MAX_RATE: 14,
  /** It came while the server stopped. */
  STOPPING: 15,
} as const;

/** The names of the reasons in the summary, by number. */
export const REASONS: readonly string[] = Object.keys(Reason).map((name) => name.toLowerCase());

/** Sources that the limit for each source remembers. */
const RATE_TABLE_SOURCES = 65_536;

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
  /** Where to count refused datagrams, by number of the reason. */
  readonly refused: Float64Array;
  /** The word of {@link TotalRate}; memory of its own, if absent. */
  readonly maxRateWord?: Int32Array | undefined;
}

/** Admits or refuses each message, in constant time and without allocating. */
export class Guard {
  readonly #options: GuardOptions;
  // Reasons by source port.
  readonly #ports = new Uint8Array(65_536);
  readonly #allow: readonly Network[];
  readonly #rate: RateLimit | undefined;
  readonly #maxRate: TotalRate | undefined;
  readonly #clock = new Clock(CLOCK_MONOTONIC);

  /** @param options see {@link GuardOptions} */
  constructor(options: GuardOptions) {
    const { port, answerAnyPort, allow = [], rate, maxRate, maxRateWord } = options;
    this.#options = options;
    if (!answerAnyPort) {
      this.#ports.fill(Reason.RESERVED_SOURCE_PORT, 0, 1024);
      for (const service of SERVICE_PORTS.keys()) this.#ports[service] = Reason.SERVICE_SOURCE_PORT;
      this.#ports[port] = Reason.OWN_SOURCE_PORT;
    }
    this.#ports[0] = Reason.SOURCE_PORT_ZERO;
    this.#allow = allow.map(readNetwork);
    if (rate !== undefined) this.#rate = new RateLimit(rate, RATE_TABLE_SOURCES);
    if (maxRate !== undefined) this.#maxRate = new TotalRate(maxRate, maxRateWord);
  }

  /**
   * Admits the first datagrams of message `i` of a batch, and counts the others as refused.
   * @returns the number of datagrams admitted, 0 to all
   */
  admit(batch: MessageBatch, i: number): number {
    const { refused } = this.#options;
    const datagrams = batch.datagrams(i);
    const reason = this.#reasonToRefuse(batch, i);
    if (reason !== Reason.ACCEPTED) {
      refused[reason]! += datagrams;
      return 0;
    }
    if (this.#rate === undefined && this.#maxRate === undefined) return datagrams;
    const now = this.#now();
    const underRate = this.#rate?.take(batch.addresses, batch.peerWord(i), datagrams, now) ?? datagrams;
    const admitted = this.#maxRate?.take(underRate, now) ?? underRate;
    refused[Reason.OVER_RATE]! += datagrams - underRate;
    refused[Reason.OVER_MAX_RATE]! += underRate - admitted;
    return admitted;
  }

  #reasonToRefuse(batch: MessageBatch, i: number): number {
    const destination = batch.destination(i);
    // Without a local address there is no right source for a reply.
    if (destination === UNKNOWN) return Reason.UNKNOWN_DESTINATION;
    if (destination === BROADCAST && !this.#options.answerBroadcast) return Reason.BROADCAST_DESTINATION;
    if (destination === MULTICAST && !this.#options.answerMulticast) return Reason.MULTICAST_DESTINATION;
    const { addresses } = batch;
    const peer = batch.peerWord(i);
    if (isUnspecified(addresses, peer)) return Reason.UNSPECIFIED_SOURCE;
    // The kernel drops both kinds of datagrams itself, so these are for other kernels.
    if (isMulticast(addresses, peer)) return Reason.MULTICAST_SOURCE;
    if (addresses[peer + 3] === -1 && isMapped(addresses, peer)) return Reason.BROADCAST_SOURCE;
    const port = batch.peerPort(i);
    if (this.#ports[port] !== Reason.ACCEPTED) return this.#ports[port]!;
    if (port === this.#options.port && sameAddress(addresses, peer, addresses, batch.localWord(i))) {
      return Reason.OWN_ENDPOINT;
    }
    return this.#allow.length === 0 || this.#isAllowed(addresses, peer) ? Reason.ACCEPTED : Reason.NOT_ALLOWED;
  }

  /** To be called once a second. */
  everySecond(): void {
    this.#maxRate?.take(0, this.#now());
  }

  /** Sources that have used up a part of their burst of {@link GuardOptions.rate}. */
  limitedSources(): number {
    return this.#rate?.count(this.#now()) ?? 0;
  }

  /** Whether the address of four words from `at` is in one of the networks to answer. */
  #isAllowed(words: Int32Array, at: number): boolean {
    for (const { ipv6, words: network, mask } of this.#allow) {
      // `::/0` means IPv6, though it covers the IPv4-mapped addresses too.
      let differs = ipv6 === isMapped(words, at) ? 1 : 0;
      for (let i = 0; i < 4; i++) differs |= (words[at + i]! ^ network[i]!) & mask[i]!;
      if (differs === 0) return true;
    }
    return false;
  }

  /** The time in microseconds. */
  #now(): number {
    const clock = this.#clock;
    clock.read();
    return clock.seconds * 1_000_000 + clock.nanoseconds / 1000;
  }
}

/** A network of sources to answer. */
interface Network {
  readonly ipv6: boolean;
  /** Four words of an address of the network, and of its mask. */
  readonly words: Int32Array;
  readonly mask: Int32Array;
}

function readNetwork({ bytes, length }: Prefix): Network {
  const ipv6 = length < 96 || !isIPv4(bytes);
  return { ipv6, words: addressWords(bytes), mask: addressWords(prefixMask(length)) };
}
