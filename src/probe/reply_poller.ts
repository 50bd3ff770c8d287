/**
 * Waiting for the answers of all targets.
 * @module
 */

import { EINTR, POLLIN } from "../../ffi/constants.ts";
import { PollSet } from "../../ffi/poll_set.ts";
import { handleSignal, SIGNAL_TURNS, yieldToEventLoop } from "../../ffi/event_loop.ts";
import { isIPv4 } from "../net/address.ts";
import type { MessageBatch } from "../socket/message_batch.ts";
import type { ProbeTarget } from "./target.ts";

/** Most datagrams that one system call receives. */
const BATCH_CAPACITY = 16;
/** Longest sleep, and longest work, before the runtime gets a turn to handle signals. */
const TURN_MILLISECONDS = 100;
/** How long one step receives, beyond a batch of each target. */
const RECEIVE_MILLISECONDS = 10;
/** How much later requests are given up while datagrams come faster than they are received. */
const FLOOD_MILLISECONDS = 1000;

/**
 * Receives for all targets. It blocks in ppoll(2), whose time is exact to microseconds, and so paces requests better
 * than timers of the event loop; a round trip costs half of what it costs through `UdpSocket.readable`.
 */
export class ReplyPoller {
  readonly #targets: readonly ProbeTarget[];
  readonly #poll: PollSet;
  readonly #batches: readonly (MessageBatch | undefined)[];
  #lastTurn = -Infinity;

  /** @param targets the targets; their sockets must stay open while this is used */
  constructor(targets: readonly ProbeTarget[]) {
    this.#targets = targets;
    this.#poll = new PollSet(targets.map(({ transmission }) => transmission.fd), POLLIN);
    const byFamily = new Map<boolean, MessageBatch | undefined>();
    this.#batches = targets.map((target) => {
      const family = isIPv4(target.peer.bytes);
      const batch = byFamily.get(family) ?? target.transmission.batch(BATCH_CAPACITY);
      byFamily.set(family, batch);
      return batch;
    });
  }

  /**
   * Waits for the first datagram or error, at most until the time `until` of `performance.now`, and returns now and then
   * before; receives what has arrived, and gives up requests whose time-out is over.
   */
  async step(until: number): Promise<void> {
    // What arrived before this moment is received below; what arrives later may be.
    const now = performance.now();
    const ready = this.#poll.wait(Math.max(0, Math.min(until - now, TURN_MILLISECONDS)));
    const end = performance.now() + RECEIVE_MILLISECONDS;
    this.#targets.forEach((target, i) => {
      const batch = this.#batches[i];
      const readable = ready > 0 && this.#poll.events(i) !== 0 && batch !== undefined;
      const drained = !readable || target.receive(batch, end);
      target.expire(drained ? now : now - FLOOD_MILLISECONDS);
    });
    if (ready === -EINTR || performance.now() - this.#lastTurn >= TURN_MILLISECONDS) {
      await (ready === -EINTR ? handleSignal() : yieldToEventLoop(SIGNAL_TURNS));
      this.#lastTurn = performance.now();
    }
  }
}
