/**
 * Sends requests, and waits for the answers of all targets.
 * @module
 */

import { EINTR, POLLIN } from "../../ffi/constants.ts";
import { PollSet } from "../../ffi/poll_set.ts";
import { handleSignal, SIGNAL_TURNS, yieldToEventLoop } from "../../ffi/event_loop.ts";
import type { MessageBatch } from "../socket/message_batch.ts";
import type { ProbeSocket } from "./probe_socket.ts";
import type { ProbeTarget } from "./target.ts";

/** Most datagrams that one system call receives. */
const BATCH_CAPACITY = 16;
/** How long one step receives, beyond a batch of each socket. */
const RECEIVE_MILLISECONDS = 10;
/** After so long datagrams come faster than they are received: requests are then given up by so much later. */
const FLOOD_MILLISECONDS = 1000;

/**
 * Sends and receives for all targets. It blocks in ppoll(2), whose time is exact to microseconds, and so paces requests
 * better than timers of the event loop; a round trip costs half of what it costs through `UdpSocket.readable`.
 */
export class Prober {
  readonly #batches = new Map<boolean, MessageBatch>();
  #sockets: readonly ProbeSocket[] = [];
  #poll = new PollSet([], POLLIN);
  // Requests in the order of their time-outs, for all have the same one; those before the head are settled.
  #sent: { readonly target: ProbeTarget; readonly sequence: number }[] = [];
  #head = 0;
  // When all datagrams that had arrived were last received, and for how long that has not been achieved since.
  #drainedAt = -Infinity;
  #floodMilliseconds = 0;
  #lastTurn = -Infinity;

  /** Longest sleep, and longest work, before the event loop gets some turns; 0 for a turn after each step. */
  turnMilliseconds = 100;

  /** Receives from these sockets from now on; they must stay open meanwhile. */
  setSockets(sockets: readonly ProbeSocket[]): void {
    this.#sockets = sockets;
    this.#poll = new PollSet(sockets.map(({ fd }) => fd), POLLIN);
    for (const socket of sockets) {
      if (!this.#batches.has(socket.ipv4)) this.#batches.set(socket.ipv4, socket.batch(BATCH_CAPACITY));
    }
  }

  /** Sends the next request to a target, with `size` bytes of payload; returns its number. */
  send(target: ProbeTarget, size: number): number {
    const sequence = target.send(size);
    this.#sent.push({ target, sequence });
    return sequence;
  }

  /** When the oldest waiting request is lost, in milliseconds of `performance.now`; `Infinity` if none waits. */
  get deadline(): number {
    for (; this.#head < this.#sent.length; this.#head++) {
      const { target, sequence } = this.#sent[this.#head]!;
      const deadline = target.ledger.deadline(sequence);
      if (deadline !== undefined) return deadline;
    }
    this.#sent.length = this.#head = 0;
    return Infinity;
  }

  /**
   * Waits for the first datagram or error, at most until the time `until` of `performance.now`, and returns now and then
   * before; receives all datagrams that have arrived, and gives up requests whose time-out is over.
   */
  async step(until: number): Promise<void> {
    // Datagrams that arrived before this moment are received below; later ones may be.
    const now = performance.now();
    const ready = this.#poll.wait(Math.max(0, Math.min(until - now, this.turnMilliseconds)));
    const start = performance.now();
    let drained = true;
    for (let i = 0; i < this.#sockets.length && ready > 0; i++) {
      const socket = this.#sockets[i]!;
      if (this.#poll.events(i) === 0) continue;
      drained = socket.receive(this.#batches.get(socket.ipv4)!, start + RECEIVE_MILLISECONDS) && drained;
    }
    const end = performance.now();
    if (drained) this.#drainedAt = now;
    this.#floodMilliseconds = drained ? 0 : this.#floodMilliseconds + end - start;
    this.#giveUp(this.#floodMilliseconds < FLOOD_MILLISECONDS ? this.#drainedAt : now - FLOOD_MILLISECONDS);
    if (ready === -EINTR || end - this.#lastTurn >= this.turnMilliseconds) {
      await (ready === -EINTR ? handleSignal() : yieldToEventLoop(this.turnMilliseconds > 0 ? SIGNAL_TURNS : 1));
      this.#lastTurn = performance.now();
    }
  }

  /** Gives up the requests whose time-out is over at `now`. */
  #giveUp(now: number): void {
    while (this.deadline <= now) {
      const { target, sequence } = this.#sent[this.#head]!;
      target.giveUp(sequence);
    }
    // Amortized, the queue is copied once a request.
    if (this.#head > this.#sent.length >> 1) {
      this.#sent = this.#sent.slice(this.#head);
      this.#head = 0;
    }
  }
}
