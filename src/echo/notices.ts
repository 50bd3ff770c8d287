/**
 * Notices of refusals and faults to the operator.
 * @module
 */

import { ERRNO_COUNT, errnoMessage, errnoName } from "../../ffi/errno.ts";
import { ENDPOINT_TEXT_MAX, formatEndpoint } from "../net/address.ts";
import type { MessageBatch } from "../socket/message_batch.ts";
import type { UdpSocket } from "../socket/udp_socket.ts";
import { type Counts, countsText, positiveCounts } from "./counters.ts";
import { REASONS } from "./guard.ts";
import type { Operator } from "./operator.ts";

/** Options of {@link Notices}. */
export interface NoticesOptions {
  /** The socket that sends the replies. */
  readonly socket: Pick<UdpSocket, "failed" | "deviceRefusedTrains">;
  /** Datagrams refused since the start, by index of the reason in {@link REASONS}. */
  readonly refused: Float64Array;
  /** Who gets the notices. */
  readonly operator: Pick<Operator, "json" | "warn" | "report">;
}

/** Tells the operator what was refused and what failed, with the number and one peer, at most once a second. */
export class Notices {
  /** The error number of the last reception that failed; 0 if it was told. */
  receiveError = 0;
  /** Datagrams that were refused. */
  readonly refusals: Incidents;
  /** Replies that could not be sent. */
  readonly failures: Incidents;
  readonly #socket: NoticesOptions["socket"];
  readonly #operator: NoticesOptions["operator"];
  #trainsTold = false;

  /** Starts from the counts as they are. */
  constructor({ socket, refused, operator }: NoticesOptions) {
    this.refusals = new Incidents(REASONS.length, (reason) => refused[reason]!);
    this.failures = new Incidents(ERRNO_COUNT, (errno) => socket.failed(errno));
    this.#socket = socket;
    this.#operator = operator;
  }

  /** Tells what happened since the last call. */
  everySecond(): void {
    const operator = this.#operator;
    const errnoText = (errno: number) => `${errnoName(errno)} (${errnoMessage(errno)})`;
    if (this.receiveError !== 0) operator.warn(`receiving failed: ${errnoText(this.receiveError)}`);
    this.receiveError = 0;
    this.#tell("refused", "refused", this.refusals.take((reason) => REASONS[reason]!), "from");
    const failures = this.failures.take(operator.json ? errnoName : errnoText);
    this.#tell("failed", "replies could not be sent", failures, "to");
    if (this.#socket.deviceRefusedTrains && !this.#trainsTold) {
      this.#trainsTold = true;
      operator.warn("a network device takes no trains of datagrams: replies through it are sent one by one");
    }
  }

  #tell(event: string, what: string, { counts, peer }: { counts: Counts; peer: string }, preposition: string): void {
    if (peer === "") return;
    if (this.#operator.json) this.#operator.report(event, { counts, peer });
    else this.#operator.warn(`${what}: ${countsText(counts)}; for example ${preposition} ${peer}`);
  }
}

/** Datagrams of one kind, counted elsewhere, with the peer of one of them. */
class Incidents {
  readonly #count: (index: number) => number;
  // The counts at the last call of `take`.
  readonly #taken: Float64Array;
  // The peer of the first datagram since then, as text; empty without one.
  readonly #peer = new Uint8Array(ENDPOINT_TEXT_MAX);
  #peerSize = 0;

  constructor(length: number, count: (index: number) => number) {
    this.#count = count;
    this.#taken = Float64Array.from({ length }, (_, i) => count(i));
  }

  /** Notes the peer of message `i` of a batch, one or more of whose datagrams were counted. */
  note(batch: MessageBatch, i: number): void {
    if (this.#peerSize > 0) return;
    const zone = batch.peerZone(i);
    this.#peerSize = formatEndpoint(this.#peer, 0, batch.addresses, batch.peerWord(i), zone, batch.peerPort(i));
  }

  /** The counts since the last call, and the peer; an empty text if nothing happened. */
  take(name: (index: number) => string): { counts: Counts; peer: string } {
    const taken = this.#taken;
    const counts = positiveCounts(taken.length, (i) => this.#count(i) - taken[i]!, name);
    for (let i = 0; i < taken.length; i++) taken[i] = this.#count(i);
    const peer = new TextDecoder().decode(this.#peer.subarray(0, this.#peerSize));
    this.#peerSize = 0;
    return { counts, peer };
  }
}
