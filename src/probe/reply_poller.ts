/**
 * The probe's waiting for answers.
 * @module
 */

import { EINTR, POLLIN } from "../../ffi/constants.ts";
import { PollSet } from "../../ffi/poll_set.ts";
import { isIPv4 } from "../net/address.ts";
import type { MessageBatch } from "../socket/message_batch.ts";
import type { ProbeTarget } from "./target.ts";
import { handleSignal, SIGNAL_TURNS, yieldToEventLoop } from "../cli/event_loop.ts";

/** Most datagrams that one system call receives. */
const BATCH_CAPACITY = 16;
/** How long this runs, or sleeps, before the runtime gets a turn: then signals are handled. */
const TURN_MILLISECONDS = 100;

/** Waits for what comes to the sockets of all targets. It depends on no timer of the event loop. */
export class Exchange {
  readonly #targets: readonly ProbeTarget[];
  readonly #poll: PollSet;
  readonly #batches: readonly (MessageBatch | undefined)[];
  #lastTurn = -Infinity;

  /** @param targets the targets, whose sockets stay open as long as this is used */
  constructor(targets: readonly ProbeTarget[]) {
    this.#targets = targets;
    this.#poll = new PollSet(targets.map((target) => target.fd), POLLIN);
    const ofFamily = new Map<boolean, MessageBatch | undefined>();
    this.#batches = targets.map((target) => {
      const family = isIPv4(target.address.bytes);
      const batch = ofFamily.get(family) ?? target.batch(BATCH_CAPACITY);
      ofFamily.set(family, batch);
      return batch;
    });
  }

  /**
   * Waits for the first datagram or error, until the time `until` of `performance.now` at most or a while less;
   * receives what there is, and gives up requests whose time is over.
   */
  async step(until: number): Promise<void> {
    // What comes after this moment may be received or not; what came before is.
    const now = performance.now();
    const ready = this.#poll.wait(Math.max(0, Math.min(until - now, TURN_MILLISECONDS)));
    this.#targets.forEach((target, i) => {
      const batch = this.#batches[i];
      if (ready > 0 && this.#poll.events(i) !== 0 && batch !== undefined) target.receive(batch);
      target.expire(now);
    });
    if (ready === -EINTR || performance.now() - this.#lastTurn >= TURN_MILLISECONDS) {
      await (ready === -EINTR ? handleSignal() : yieldToEventLoop(SIGNAL_TURNS));
      this.#lastTurn = performance.now();
    }
  }
}
