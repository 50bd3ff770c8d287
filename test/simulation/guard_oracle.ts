/** The datagrams that the echo server answers, according to its documentation. */
import { bytesOf, inPrefix, isIPv4, isMulticast } from "./address.ts";
import type { EchoSettings } from "./echo_plan.ts";
import type { Message, Told } from "./kernel_socket.ts";
import { TokenBucket } from "./token_bucket.ts";

/** What becomes of the datagrams of a message: the first `admitted` are answered, the others refused for reasons. */
export interface Judgement {
  readonly admitted: number;
  readonly refused: Readonly<Record<string, number>>;
}

/** Those ports of well-known services that the plans use. */
const SERVICE_PORTS = new Set([1900, 5353, 11_211]);

export class GuardOracle {
  readonly #settings: EchoSettings;
  readonly #sources = new Map<string, TokenBucket>();
  readonly #all: TokenBucket | undefined;

  constructor(settings: EchoSettings) {
    this.#settings = settings;
    this.#all = settings.maxRate && new TokenBucket(settings.maxRate);
  }

  /** Judges a message that seems to have so many datagrams, at the time `now`. */
  judge(message: Message, { cut, datagrams }: Told, now: number): Judgement {
    const reason = this.#originReason(message, cut);
    if (reason !== "") return { admitted: 0, refused: { [reason]: datagrams } };
    const { rate } = this.#settings;
    let underRate = datagrams;
    if (rate !== undefined) {
      const source = sourceOf(message.source);
      const bucket = this.#sources.get(source) ?? new TokenBucket(rate);
      this.#sources.set(source, bucket);
      underRate = bucket.take(datagrams, now);
    }
    const admitted = this.#all === undefined ? underRate : this.#all.take(underRate, now);
    return { admitted, refused: { over_rate: datagrams - underRate, over_max_rate: underRate - admitted } };
  }

  /** Why a message is refused, before rates are looked at; "" if it is not. */
  #originReason({ source, sourcePort, destination, specific }: Message, cut: boolean): string {
    const settings = this.#settings;
    if (cut) return "unknown_destination";
    const multicast = isMulticast(destination);
    // The address is no broadcast address any more when its interface has lost its own.
    const broadcast = isIPv4(destination) && !multicast &&
      (destination === "255.255.255.255" || (specific !== undefined && specific !== destination));
    if (broadcast && !settings.answerBroadcast) return "broadcast_destination";
    if (multicast && !settings.answerMulticast) return "multicast_destination";
    if (source === "0.0.0.0" || source === "::") return "unspecified_source";
    if (isMulticast(source)) return "multicast_source";
    if (source === "255.255.255.255") return "broadcast_source";
    if (sourcePort === 0) return "source_port_zero";
    if (!settings.answerAnyPort) {
      if (sourcePort === settings.port) return "own_source_port";
      if (sourcePort < 1024) return "reserved_source_port";
      if (SERVICE_PORTS.has(sourcePort)) return "service_source_port";
    }
    if (sourcePort === settings.port && source === (specific ?? destination)) return "own_endpoint";
    const { allow } = settings;
    if (allow.length > 0 && !allow.some((prefix) => inPrefix(source, prefix))) return "not_allowed";
    return "";
  }
}

/** The source that a rate is for: an IPv4 address, or an IPv6 /64. */
function sourceOf(address: string): string {
  return isIPv4(address) ? address : bytesOf(address).subarray(0, 8).join();
}
