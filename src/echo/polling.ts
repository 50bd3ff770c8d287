/**
 * When to ask again rather than sleep.
 * @module
 */

import { CLOCK_MONOTONIC, EAGAIN } from "../../ffi/constants.ts";
import { Clock, elapsed } from "../../ffi/libc.ts";
import type { MessageBatch } from "../socket/message_batch.ts";
import type { UdpSocket } from "../socket/udp_socket.ts";

/** Microseconds that polling starts with when it grows from nothing. */
const WINDOW_START = 10;
/** Receptions in a row, of one datagram or of trains, that must come before it grows. */
const RECEPTIONS = 1;

/**
 * Receives, and before it sleeps in the kernel polls for a while, if recent traffic says that this pays: a sleep and the
 * wake-up after it cost more time than a datagram that comes soon.
 *
 * The window grows when a datagram came soon after the process had gone to sleep, and is gone at once when none comes
 * within the ceiling, as the kernel does it for its guests (virt/kvm/kvm_main.c, `halt_poll_ns`). It grows only while
 * datagrams come one at a time, or in trains: where several are on their way, each by itself, sleeping lets more of them
 * gather, and costs less.
 */
export class AdaptivePolling {
  /** Value of `Clock.microseconds` after the last reception. */
  now = 0;
  readonly #clock = new Clock(CLOCK_MONOTONIC);
  readonly #ceiling: number;
  #window = 0;
  #receptions = 0;

  /** @param ceiling most microseconds to poll for; 0 for never */
  constructor(ceiling: number) {
    this.#ceiling = ceiling;
  }

  /** Receives into a batch, as `UdpSocket.receive` does with `wait`. */
  receive(socket: UdpSocket, batch: MessageBatch): number {
    if (this.#ceiling === 0) {
      const received = socket.receive(batch, true);
      this.now = this.#clock.microseconds();
      return received;
    }
    const start = this.#clock.microseconds();
    let received = -EAGAIN;
    if (this.#window > 0) {
      do {
        received = socket.receive(batch, false);
        this.now = this.#clock.microseconds();
      } while (received === -EAGAIN && elapsed(start, this.now) < this.#window);
    }
    if (received === -EAGAIN) {
      received = socket.receive(batch, true);
      this.now = this.#clock.microseconds();
    }
    this.#adapt(elapsed(start, this.now), batch);
    return received;
  }

  #adapt(waited: number, batch: MessageBatch): void {
    // Trains have gathered before they came.
    const pays = batch.count === 1 || (batch.count > 1 && batch.datagrams(0) > 1);
    if (waited > this.#ceiling || !pays) {
      this.#window = 0;
      this.#receptions = 0;
    } else if (this.#receptions < RECEPTIONS) {
      this.#receptions++;
    } else if (waited > this.#window) {
      this.#window = Math.min(this.#ceiling, Math.max(WINDOW_START, this.#window * 2));
    }
  }
}
