/**
 * Notices of refused datagrams to the operator.
 * @module
 */

import { ENDPOINT_TEXT_MAX, formatEndpoint } from "../net/address.ts";
import type { MessageBatch } from "../socket/message_batch.ts";
import { countsText, positiveCounts } from "./counters.ts";
import { REASONS } from "./guard.ts";

/** Options of {@link RefusalNotices}. */
export interface RefusalNoticesOptions {
  /** Datagrams refused since the start, by index of the reason in {@link REASONS}. */
  readonly refused: Float64Array;
  /** Writes a line to the operator. */
  readonly tell: (text: string) => void;
}

/** Tells the operator why datagrams were refused and one of their sources, at most once a second. */
export class RefusalNotices {
  readonly #refused: Float64Array;
  readonly #tell: (text: string) => void;
  // The counts of the last notice.
  readonly #told: Float64Array;
  // The source of the first datagram refused since then, as text; empty without one.
  readonly #source = new Uint8Array(ENDPOINT_TEXT_MAX);
  #sourceSize = 0;

  /** Starts from the counts as they are. */
  constructor({ refused, tell }: RefusalNoticesOptions) {
    this.#refused = refused;
    this.#tell = tell;
    this.#told = refused.slice();
  }

  /** Notes the source of message `i` of a batch, of which one or more datagrams were refused and counted. */
  note(batch: MessageBatch, i: number): void {
    if (this.#sourceSize > 0) return;
    const zone = batch.peerZone(i);
    this.#sourceSize = formatEndpoint(this.#source, 0, batch.addresses, batch.peerWord(i), zone, batch.peerPort(i));
  }

  /** Tells what was refused since the last call. To be called once a second. */
  everySecond(): void {
    if (this.#sourceSize === 0) return;
    const counts = positiveCounts(
      REASONS.length,
      (reason) => this.#refused[reason]! - this.#told[reason]!,
      (reason) => REASONS[reason]!,
    );
    const source = new TextDecoder().decode(this.#source.subarray(0, this.#sourceSize));
    this.#tell(`refused: ${countsText(counts)}; for example from ${source}`);
    this.#told.set(this.#refused);
    this.#sourceSize = 0;
  }
}
