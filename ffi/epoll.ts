/**
 * Waiting for descriptors on another thread.
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
import { check } from "./errno.ts";
import { type Blocking, loadBlocking, threadLibc } from "./blocking.ts";
import { epoll_event } from "./layouts.ts";
import { close, result } from "./libc.ts";
import { libc } from "./library.ts";
import { Memory } from "./memory.ts";

/** Most descriptors that one wait reports. */
const EVENTS_MAX = 64;
/** Longest wait. Node.js ends a worker only when the threads that the worker started have returned from their calls. */
const WAIT_MILLISECONDS = 1000;

const blockingSignatures = {
  /** `int epoll_wait(int epfd, struct epoll_event *events, int maxevents, int timeout)` */
  epoll_wait: { parameters: ["i32", "pointer", "i32", "i32"], result: "i32" },
} as const;

/** A set of descriptors. Each reports once after it was armed. epoll(7) */
export class Epoll {
  readonly #memory = new Memory((1 + EVENTS_MAX) * epoll_event.size);
  readonly #i32 = this.#memory.i32;
  readonly #event = this.#memory.pointer(0);
  readonly #events = this.#memory.pointer(epoll_event.size);
  // The other thread writes to memory of libc: it goes on when the runtime has ended this thread and freed its memory.
  readonly #reported = threadLibc().malloc(EVENTS_MAX * epoll_event.size);
  readonly #call = threadLibc();
  readonly #blocking: Blocking<typeof blockingSignatures> = loadBlocking(blockingSignatures, () => this.wake());
  readonly #epoll: number;
  readonly #waker: number;

  /** @throws {SystemError} if the process has no descriptors left */
  constructor() {
    this.#epoll = check("epoll_create1", result(this.#call.epoll_create1(EPOLL_CLOEXEC)));
    // It is always readable, so to arm it is to wake.
    const waker = result(this.#call.eventfd(1, EFD_CLOEXEC));
    if (waker < 0) close(this.#epoll);
    this.#waker = check("eventfd", waker);
  }

  /**
   * Reports `fd` once when it has one of `events`, or an error.
   * @param events `EPOLLIN`, `EPOLLOUT`
   * @param tag a 32-bit number that tells this request from one for an earlier descriptor of the same number
   * @throws {SystemError} if the kernel refuses the descriptor
   */
  arm(fd: number, tag: number, events: number): void {
    const result = this.#control(EPOLL_CTL_MOD, fd, tag, events);
    check("epoll_ctl", result === -ENOENT ? this.#control(EPOLL_CTL_ADD, fd, tag, events) : result);
  }

  /** Removes `fd`. Call it before `close`. */
  remove(fd: number): void {
    this.#control(EPOLL_CTL_DEL, fd, 0, 0);
  }

  /** Ends the current or the next {@link wait}. */
  wake(): void {
    this.arm(this.#waker, 0, EPOLLIN);
  }

  /** Waits on another thread, at most a second; returns the number of descriptors reported. epoll_wait(2) */
  async wait(): Promise<number> {
    const count = await this.#blocking.call.epoll_wait(this.#epoll, this.#reported, EVENTS_MAX, WAIT_MILLISECONDS);
    // A signal may have ended it.
    if (count <= 0) return 0;
    libc().call.memcpy(this.#events, this.#reported, count * epoll_event.size);
    return count;
  }

  /** Sets whether a pending {@link wait} keeps the process alive; it does by default. */
  keepAlive(keeps: boolean): void {
    this.#blocking.keepAlive(keeps);
  }

  /** The descriptor that the last wait reported as number `i`. */
  reported(i: number): number {
    return this.#i32[((1 + i) * epoll_event.size + epoll_event.data) >> 2]!;
  }

  /** Its events: those that it was armed for, `EPOLLERR`, `EPOLLHUP`. */
  reportedEvents(i: number): number {
    return this.#i32[((1 + i) * epoll_event.size + epoll_event.events) >> 2]!;
  }

  /** The tag that it was armed with. */
  reportedTag(i: number): number {
    return this.#i32[((1 + i) * epoll_event.size + epoll_event.data + 4) >> 2]!;
  }

  #control(operation: number, fd: number, tag: number, events: number): number {
    this.#i32[epoll_event.events >> 2] = events | EPOLLONESHOT;
    this.#i32[epoll_event.data >> 2] = fd;
    this.#i32[(epoll_event.data + 4) >> 2] = tag;
    return result(this.#call.epoll_ctl(this.#epoll, operation, fd, this.#event));
  }
}
