/**
 * Notices of refusals and faults to the operator.
 * @module
 */

import { errnoMessage, errnoName } from "../../ffi/errno.ts";
import { ADDRESS_SIZE, endpointText } from "../net/address.ts";
import type { MessageBatch } from "../socket/message_batch.ts";
import type { UdpSocket } from "../socket/udp_socket.ts";
import { Counters, countsText, positiveCounts } from "./counters.ts";
import { REASONS } from "./guard.ts";
import type { Operator } from "./operator.ts";

/** Options of {@link Notices}. */
export interface NoticesOptions {
  /** The socket that sends the replies. */
  readonly socket: Pick<UdpSocket, "deviceRefusedTrains">;
  /** Counts since the start. */
  readonly counters: Counters;
  /** Who gets the notices. */
  readonly operator: Pick<Operator, "json" | "warn" | "report">;
}

/** Tells the operator what was refused and what failed, with the number and one peer, at most once a second. */
export class Notices {
  /** The error number of the last reception that failed; 0 if it was told. */
  receiveError = 0;
  readonly #options: NoticesOptions;
  // The counts at the last call of `everySecond`.
  readonly #told: Counters;
  // The peers of the first datagrams since then that were refused, or whose replies failed; empty without one.
  readonly #peers = { refused: "", failed: "" };
  #trainsTold = false;

  /** Starts from the counts as they are. */
  constructor(options: NoticesOptions) {
    this.#options = options;
    this.#told = new Counters(options.counters.counts.slice());
  }

  /** Notes message `i` of a batch, of which datagrams were refused, or replies failed. Allocates once a second. */
  note(event: "refused" | "failed", batch: MessageBatch, i: number): void {
    this.#peers[event] ||= peerText(batch, i);
  }

  /** Tells what happened since the last call. */
  everySecond(): void {
    const { socket, counters, operator } = this.#options;
    const errnoText = (errno: number) => `${errnoName(errno)} (${errnoMessage(errno)})`;
    if (this.receiveError !== 0) operator.warn(`receiving failed: ${errnoText(this.receiveError)}`);
    this.receiveError = 0;
    this.#tell("refused", "refused", (reason) => REASONS[reason]!, "from");
    this.#tell("failed", "replies could not be sent", operator.json ? errnoName : errnoText, "to");
    this.#told.counts.set(counters.counts);
    if (socket.deviceRefusedTrains && !this.#trainsTold) {
      this.#trainsTold = true;
      operator.warn("a network device takes no trains of datagrams: replies through it are sent one by one");
    }
  }

  #tell(event: "refused" | "failed", what: string, name: (index: number) => string, preposition: string): void {
    const peer = this.#peers[event];
    if (peer === "") return;
    this.#peers[event] = "";
    const { counters, operator } = this.#options;
    const counts = positiveCounts(counters[event].map((count, i) => count - this.#told[event][i]!), name);
    if (operator.json) operator.report(event, { counts, peer });
    else operator.warn(`${what}: ${countsText(counts)}; for example ${preposition} ${peer}`);
  }
}

function peerText(batch: MessageBatch, i: number): string {
  const bytes = new Uint8Array(batch.addresses.buffer, batch.peerWord(i) * 4, ADDRESS_SIZE);
  return endpointText(bytes, batch.peerZone(i), batch.peerPort(i));
}
