/**
 * Waiting for several descriptors at once.
 * @module
 */

import { pollfd, timespec } from "./layouts.ts";
import { result } from "./libc.ts";
import { lazyLibc } from "./library.ts";
import { Memory } from "./memory.ts";

/** A set of descriptors to wait for together. Waiting allocates nothing. ppoll(2) */
export class PollSet {
  readonly #count: number;
  readonly #memory: Memory;
  readonly #timeAt: number;
  readonly #time;

  /**
   * @param descriptors the descriptors
   * @param events events of poll(2) that end a wait: `POLLIN`; errors always do
   */
  constructor(descriptors: readonly number[], events: number) {
    this.#count = descriptors.length;
    this.#timeAt = descriptors.length * pollfd.size;
    this.#memory = new Memory(this.#timeAt + timespec.size);
    this.#time = this.#memory.pointer(this.#timeAt);
    descriptors.forEach((fd, i) => {
      this.#memory.i32[(i * pollfd.size + pollfd.fd) >> 2] = fd;
      this.#memory.u16[(i * pollfd.size + pollfd.events) >> 1] = events;
    });
  }

  /**
   * Waits up to `milliseconds`, which may have a fraction.
   * @returns the number of descriptors with events, or `-errno`: `-EINTR` after a signal
   */
  wait(milliseconds: number): number {
    const { i32 } = this.#memory;
    const nanoseconds = Math.max(0, Math.ceil(milliseconds * 1_000_000));
    i32[(this.#timeAt + timespec.tv_sec) >> 2] = Math.floor(nanoseconds / 1_000_000_000);
    i32[(this.#timeAt + timespec.tv_nsec) >> 2] = nanoseconds % 1_000_000_000;
    return result(lazyLibc().ppoll(this.#memory.pointer(0), this.#count, this.#time, null));
  }

  /** Events of descriptor `i` in the last successful wait: `POLLIN`, `POLLERR`. */
  events(i: number): number {
    return this.#memory.u16[(i * pollfd.size + pollfd.revents) >> 1]!;
  }
}
