/**
 * One target of the probe: its sockets joined with its ledger.
 * @module
 */

import { EAFNOSUPPORT } from "../../ffi/constants.ts";
import type { ErrorReport } from "../socket/error_queue.ts";
import type { MessageBatch } from "../socket/message_batch.ts";
import {
  type AccountSettings,
  type Arrival,
  type Failure,
  type Match,
  type Request,
  type RequestError,
  RequestLedger,
} from "./ledger.ts";
import { type NamedPeer, peerOf, peerText, printable } from "./peer.ts";
import type { Member, ProbeSocket } from "./probe_socket.ts";

/** A datagram that arrived at a socket of a target. */
export interface Reply extends Arrival, Match {
  /** The local address it was sent to, as text. */
  readonly to: string;
  /** Bytes of the largest fragment that it came in; 0 if it came unfragmented, or the kernel does not tell. */
  readonly fragmentSize: number;
  /** TTL or hop limit that it arrived with; `undefined` if the kernel does not tell. */
  readonly hopLimit: number | undefined;
  /** DSCP and ECN that it arrived with; `undefined` if the kernel does not tell. */
  readonly trafficClass: number | undefined;
}

/** Receives the events of a target. */
export interface TargetObserver {
  /** A datagram arrived. */
  replied?(target: ProbeTarget, reply: Reply): void;
  /** A request failed, or an ICMP error came. */
  failed?(target: ProbeTarget, failure: Failure): void;
  /** A request was not answered in time. */
  lost?(target: ProbeTarget, sequence: number): void;
}

/** Sends requests to one endpoint, and keeps the ledger of them. */
export class ProbeTarget implements Member {
  /** The endpoint that is asked. */
  peer: NamedPeer;
  /** Its text: `192.0.2.10:9000`. */
  readonly endpoint: string;
  /** The session that its payloads name. */
  readonly session: number;
  /** The requests and their outcomes. */
  readonly ledger: RequestLedger;
  /** The sockets that requests leave from in turn; none where this host lacks the family of the target. */
  readonly sockets: readonly ProbeSocket[];
  /** The last datagram that arrived. */
  lastReply: Reply | undefined;
  /** Receives the events. */
  observer: TargetObserver = {};
  /** When the last request was due, in milliseconds of `performance.now`. */
  lastDue = -Infinity;

  /**
   * @param session 32 bits, which no other target has
   * @throws {SystemError} with a sentence for the user, if the sockets can't send to it
   */
  constructor(peer: NamedPeer, session: number, sockets: readonly ProbeSocket[], settings: AccountSettings) {
    this.peer = peer;
    this.endpoint = peerText(peer);
    this.session = session;
    this.ledger = new RequestLedger(peer, session, settings, sockets.length);
    this.sockets = sockets;
    for (const socket of sockets) socket.add(this);
  }

  /** Sends the next request, with `size` bytes of payload; returns it. */
  send(size: number): Request {
    const request = this.ledger.open(size);
    const socket = this.sockets[(request.sequence - 1) % this.sockets.length];
    const error = socket === undefined
      ? { errno: EAFNOSUPPORT }
      : socket.send(this, request, this.ledger.payloadOf(request));
    if (error !== undefined) this.#fail(request, error);
    return request;
  }

  reported(report: ErrorReport): void {
    this.#fail(this.ledger.named(report.quoted), report);
  }

  arrived(batch: MessageBatch, i: number, time: number): void {
    const arrival = {
      payload: batch.payload(i),
      from: peerOf(batch, i),
      to: printable(batch.localAddress(i)),
      time,
      fragmentSize: batch.fragmentSize(i),
      hopLimit: batch.hopLimit(i),
      trafficClass: batch.trafficClass(i),
    };
    this.lastReply = { ...arrival, ...this.ledger.answered(arrival) };
    this.observer.replied?.(this, this.lastReply);
  }

  /** Gives up a request that waits. */
  giveUp(request: Request): void {
    this.ledger.lost(request);
    this.observer.lost?.(this, request.sequence);
  }

  /** Leaves the sockets; the observer gets no more events. */
  close(): void {
    this.observer = {};
    for (const { members } of this.sockets) members.delete(this.session);
  }

  #fail(request: Request | undefined, error: RequestError): void {
    const failure = this.ledger.failed(request, error);
    this.observer.failed?.(this, failure);
  }
}
