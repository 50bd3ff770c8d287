/**
 * One target of the probe: its transmission joined with its ledger.
 * @module
 */

import { wallTimeOf } from "../../ffi/clock.ts";
import type { ErrorQueue } from "../socket/error_queue.ts";
import type { MessageBatch } from "../socket/message_batch.ts";
import { type Failure, type Match, RequestLedger } from "./ledger.ts";
import { type NamedPeer, type Peer, peerOf, peerText, printable } from "./peer.ts";
import { Transmission, type TransmissionOptions } from "./transmission.ts";

/** How requests are sent and accounted. */
export interface RequestOptions extends TransmissionOptions {
  /** Time after which a request without an answer is lost. */
  readonly timeoutMilliseconds: number;
  /** Most bytes of payload of a request. */
  readonly sizeMax: number;
}

/** A datagram that arrived at the socket of a target. */
export interface Reply extends Match {
  /** Its sender. */
  readonly from: Peer;
  /** The local address it was sent to, as text. */
  readonly to: string;
  /** Bytes of payload. */
  readonly size: number;
  /** Bytes of the largest fragment that it came in; 0 if it came unfragmented, or the kernel does not tell. */
  readonly fragmentSize: number;
  /** When the kernel received it, as a `wallTime`. */
  readonly time: number;
}

/** Is told of the events of a target. */
export interface TargetObserver {
  /** A datagram arrived. */
  replied?(target: ProbeTarget, reply: Reply): void;
  /** A request failed, or an ICMP error came. */
  failed?(target: ProbeTarget, failure: Failure): void;
  /** A request was not answered in time. */
  lost?(target: ProbeTarget, sequence: number): void;
}

/** Sends requests to one endpoint, from a socket of its own, and keeps the ledger of them. */
export class ProbeTarget {
  /** The endpoint that is asked. */
  readonly peer: NamedPeer;
  /** Its text: `192.0.2.10:9000`. */
  readonly endpoint: string;
  /** What was sent, and what became of it. */
  readonly ledger: RequestLedger;
  /** The socket. */
  readonly transmission: Transmission;
  /** Is told of events. */
  observer: TargetObserver = {};

  /**
   * Makes the socket; nothing is sent yet.
   * @param errors reads the error queues of all targets
   * @throws {SystemError} with a sentence for the user, if the options can't be met
   */
  constructor(peer: NamedPeer, options: RequestOptions, errors: ErrorQueue) {
    this.peer = peer;
    this.endpoint = peerText(peer);
    this.ledger = new RequestLedger(peer, options.sizeMax, options.timeoutMilliseconds);
    this.transmission = new Transmission(peer, options, errors, {
      departed: (sequence, time) => this.ledger.departed(sequence, time),
      reported: (report) => this.#fail(this.ledger.reported(report)),
    });
  }

  /** Sends the next request, with `size` bytes of payload; returns its number. */
  send(size: number): number {
    const payload = this.ledger.open(size);
    const sequence = this.ledger.sent;
    const error = this.transmission.send(sequence, payload);
    if (error !== undefined) this.#fail(this.ledger.failed(sequence, error.errno, error.report));
    return sequence;
  }

  /**
   * Receives what has arrived.
   * @param end time of `performance.now` from which on no further batch is received
   * @returns whether nothing is left
   */
  receive(batch: MessageBatch, end: number): boolean {
    return this.transmission.receive(batch, end, (i) => {
      const payload = batch.payload(i);
      const from = peerOf(batch, i);
      const arrival = batch.arrivalNanoseconds(i);
      const time = arrival === undefined ? this.transmission.now() : wallTimeOf(arrival);
      const match = this.ledger.answered({ payload, from, time });
      const to = printable(batch.localAddress(i));
      const fragmentSize = batch.fragmentSize(i);
      this.observer.replied?.(this, { ...match, from, to, size: payload.length, fragmentSize, time });
    });
  }

  #fail(failure: Failure): void {
    this.observer.failed?.(this, failure);
  }

  /** Gives up the requests whose time-out is over at `now`, in milliseconds of `performance.now`. */
  expire(now: number): void {
    for (const sequence of this.ledger.expire(now)) this.observer.lost?.(this, sequence);
  }
}
