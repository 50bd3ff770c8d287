/**
 * Sends requests, and waits for the answers of all targets.
 * @module
 */

import { EINTR } from "../../ffi/constants.ts";
import { handleSignal, SIGNAL_TURNS, yieldToEventLoop } from "../../ffi/event_loop.ts";
import type { Request } from "./ledger.ts";
import type { ProbeTarget } from "./target.ts";
import type { TargetSet } from "./target_set.ts";

/** How long one step receives, beyond a batch of each socket. */
const RECEIVE_MILLISECONDS = 10;
/** After so long datagrams come faster than they are received: requests are then given up by so much later. */
const FLOOD_MILLISECONDS = 1000;

/**
 * Sends and receives for all targets. It blocks in ppoll(2), whose time is exact to microseconds, and so paces requests
 * better than timers of the event loop; a round trip costs half of what it costs through `UdpSocket.readable`.
 */
export class Prober {
  readonly #set: TargetSet;
  // Requests in the order of their time-outs, for all have the same one; those before the head are settled.
  #sent: { readonly target: ProbeTarget; readonly request: Request }[] = [];
  #head = 0;
  // When all datagrams that had arrived were last received, and for how long that has not been achieved since.
  #drainedAt = -Infinity;
  #floodMilliseconds = 0;
  #lastTurn = -Infinity;

  /** Longest sleep, and longest work, before the event loop gets some turns; 0 for a turn after each step. */
  turnMilliseconds = 100;

  /** @param set the targets */
  constructor(set: TargetSet) {
    this.#set = set;
  }

  /** Sends the next request to a target, with `size` bytes of payload; returns it. */
  send(target: ProbeTarget, size: number): Request {
    const request = target.send(size);
    this.#sent.push({ target, request });
    return request;
  }

  /** When the oldest waiting request is lost, in milliseconds of `performance.now`; `Infinity` if none waits. */
  get deadline(): number {
    while (this.#head < this.#sent.length && this.#sent[this.#head]!.request.outcome !== "waiting") this.#head++;
    // Amortized, the queue is copied once a request.
    if (this.#head * 2 > this.#sent.length) {
      this.#sent = this.#sent.slice(this.#head);
      this.#head = 0;
    }
    return this.#sent[this.#head]?.request.deadline ?? Infinity;
  }

  /**
   * Waits for the first datagram or error, at most until the time `until` of `performance.now`, and returns now and then
   * before; receives all datagrams that have arrived, and gives up requests whose time-out is over.
   */
  async step(until: number): Promise<void> {
    // Datagrams that arrived before this moment are received below; later ones may be.
    const now = performance.now();
    const { poll, sockets } = this.#set;
    const ready = poll.wait(Math.max(0, Math.min(until - now, this.turnMilliseconds)));
    const start = performance.now();
    let drained = true;
    for (let i = 0; i < sockets.length && ready > 0; i++) {
      if (poll.events(i) !== 0) drained = sockets[i]!.receive(start + RECEIVE_MILLISECONDS) && drained;
    }
    const end = performance.now();
    if (drained) this.#drainedAt = now;
    this.#floodMilliseconds = drained ? 0 : this.#floodMilliseconds + end - start;
    const over = this.#floodMilliseconds < FLOOD_MILLISECONDS ? this.#drainedAt : now - FLOOD_MILLISECONDS;
    while (this.deadline <= over) {
      const { target, request } = this.#sent[this.#head]!;
      target.giveUp(request);
    }
    if (ready === -EINTR || end - this.#lastTurn >= this.turnMilliseconds) {
      await (ready === -EINTR ? handleSignal() : yieldToEventLoop(this.turnMilliseconds > 0 ? SIGNAL_TURNS : 1));
      this.#lastTurn = performance.now();
    }
  }
}
