/**
 * Waiting for a socket while the event loop goes on.
 *
 * One thread waits for all sockets of the process, and only while somebody waits: then it keeps the process alive. It
 * sleeps in the kernel, so that waiting costs nothing.
 * @module
 */

import { Epoll } from "../../ffi/epoll.ts";

/** Somebody who waits. */
interface Waiter {
  /** What was reported is this one's only with the same tag: the descriptor may have had another owner before. */
  readonly tag: number;
  resolve(readable: boolean): void;
  reject(reason: unknown): void;
}

/** Who waits, by descriptor. */
const waiting = new Map<number, Waiter>();
let lastTag = 0;
let epoll: Epoll | undefined;
let running = false;

/**
 * Waits until a descriptor has something to read. Only one may wait for it at a time.
 * @returns true; or false as soon as {@link forget} is called for it
 * @throws {SystemError} where it can't be waited for
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

/** Waits for a descriptor no more. To be called before it is closed. */
export function forget(fd: number): void {
  epoll?.remove(fd);
  waiting.get(fd)?.resolve(false);
  // The last one ends the thread's waiting, else it would keep the process alive.
  if (waiting.delete(fd) && waiting.size === 0) epoll?.wake();
}

/** Waits as long as anybody does. */
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
