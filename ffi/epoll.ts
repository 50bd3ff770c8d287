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
    this.#waker = check("eventfd", this.#result(this.#call.eventfd(1, EFD_CLOEXEC)));
  }

  /**
   * Reports `fd` as soon as it has something to read, or an error; at once if it has already.
   * @throws {SystemError} where it can't be waited for
   */
  arm(fd: number): void {
    const result = this.#control(EPOLL_CTL_MOD, fd);
    check("epoll_ctl", result === -ENOENT ? this.#control(EPOLL_CTL_ADD, fd) : result);
  }

  /** Reports `fd` no more. To be called before it is closed. */
  remove(fd: number): void {
    this.#control(EPOLL_CTL_DEL, fd);
  }

  /** Ends the waiting, or the next one. */
  wake(): void {
    this.arm(this.#waker);
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

  #control(operation: number, fd: number): number {
    this.#i32[epoll_event.events >> 2] = EPOLLIN | EPOLLONESHOT;
    this.#i32[epoll_event.data >> 2] = fd;
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
