/**
 * Waiting for sockets while the event loop goes on.
 *
 * One thread waits in the kernel for all sockets of the process. A pending wait keeps the process alive.
 * @module
 */

import { Epoll } from "../../ffi/epoll.ts";

/** A pending wait. */
interface Waiter {
  /** Tells it from a wait for an earlier socket with the same descriptor. */
  readonly tag: number;
  resolve(readable: boolean): void;
  reject(reason: unknown): void;
}

/** Pending waits by descriptor. */
const waiting = new Map<number, Waiter>();
let lastTag = 0;
let epoll: Epoll | undefined;
let running = false;

/**
 * Waits until a descriptor is readable. There may be one wait for a descriptor at a time.
 * @returns true; or false after {@link forget}
 * @throws {SystemError} if the kernel refuses the descriptor
 */
export function readable(fd: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    epoll ??= new Epoll();
    const tag = lastTag = (lastTag + 1) | 0;
    epoll.arm(fd, tag);
    waiting.set(fd, { tag, resolve, reject });
    if (!running) void run(epoll);
  });
}

/** Ends the wait for a descriptor. Call it before `close`. */
export function forget(fd: number): void {
  epoll?.remove(fd);
  waiting.get(fd)?.resolve(false);
  // Without a pending wait the thread must not keep the process alive.
  if (waiting.delete(fd) && waiting.size === 0) epoll?.wake();
}

/** Waits until no wait is pending. */
async function run(epoll: Epoll): Promise<void> {
  running = true;
  try {
    while (waiting.size > 0) {
      const count = await epoll.wait();
      for (let i = 0; i < count; i++) {
        const fd = epoll.reported(i);
        const waiter = waiting.get(fd);
        if (waiter?.tag !== epoll.reportedTag(i)) continue;
        waiter.resolve(true);
        waiting.delete(fd);
      }
    }
  } catch (error) {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  } finally {
    running = false;
  }
}
