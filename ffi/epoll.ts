/**
 * Waiting for descriptors while the event loop goes on.
 * @module
 */

import {
  EFD_CLOEXEC,
  ENOENT,
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLIN,
  EPOLLONESHOT,
} from "./constants.ts";
import { SystemError } from "./errno.ts";
import { epoll_event } from "./layouts.ts";
import { close } from "./libc.ts";
import { furtherLibc, libc, waitingLibc } from "./library.ts";
import { Memory } from "./memory.ts";

/** Most descriptors that one waiting reports. */
const EVENTS_MAX = 64;

/** Descriptors that are waited for together. Each is reported once when it was armed, then it is to be armed again. */
export class Epoll {
  readonly #memory = new Memory((1 + EVENTS_MAX) * epoll_event.size);
  readonly #i32 = this.#memory.i32;
  readonly #event = this.#memory.pointer(0);
  readonly #events = this.#memory.pointer(epoll_event.size);
  readonly #call = furtherLibc();
  readonly #errno = libc().errno;
  readonly #waiting = waitingLibc();
  readonly #epoll: number;
  readonly #waker: number;

  /** @throws {SystemError} where there are no descriptors left */
  constructor() {
    this.#epoll = check("epoll_create1", this.#result(this.#call.epoll_create1(EPOLL_CLOEXEC)));
    // It always has something to read: arming it is what wakes.
    const waker = this.#result(this.#call.eventfd(1, EFD_CLOEXEC));
    if (waker < 0) close(this.#epoll);
    this.#waker = check("eventfd", waker);
  }

  /**
   * Reports `fd` as soon as it has something to read, or an error; at once if it has already.
   * @param tag a 32-bit number to tell this waiting from an earlier one, of a descriptor of the same number
   * @throws {SystemError} where it can't be waited for
   */
  arm(fd: number, tag: number): void {
    const result = this.#control(EPOLL_CTL_MOD, fd, tag);
    check("epoll_ctl", result === -ENOENT ? this.#control(EPOLL_CTL_ADD, fd, tag) : result);
  }

  /** Reports `fd` no more. To be called before it is closed. */
  remove(fd: number): void {
    this.#control(EPOLL_CTL_DEL, fd, 0);
  }

  /** Ends the waiting, or the next one. */
  wake(): void {
    this.arm(this.#waker, 0);
  }

  /** Waits, on a thread of its own; gives how many descriptors are reported. epoll_wait(2) */
  async wait(): Promise<number> {
    const count = await this.#waiting.epoll_wait(this.#epoll, this.#events, EVENTS_MAX, -1);
    // A signal may have ended it.
    return Math.max(0, count);
  }

  /** Which descriptor was reported as number `i` by the last waiting. */
  reported(i: number): number {
    return this.#i32[((1 + i) * epoll_event.size + epoll_event.data) >> 2]!;
  }

  /** With which tag it was armed. */
  reportedTag(i: number): number {
    return this.#i32[((1 + i) * epoll_event.size + epoll_event.data + 4) >> 2]!;
  }

  #control(operation: number, fd: number, tag: number): number {
    this.#i32[epoll_event.events >> 2] = EPOLLIN | EPOLLONESHOT;
    this.#i32[epoll_event.data >> 2] = fd;
    this.#i32[(epoll_event.data + 4) >> 2] = tag;
    return this.#result(this.#call.epoll_ctl(this.#epoll, operation, fd, this.#event));
  }

  #result(value: number): number {
    return value < 0 ? -this.#errno() : value;
  }
}

function check(syscall: string, result: number): number {
  if (result < 0) throw new SystemError(syscall, -result);
  return result;
}
