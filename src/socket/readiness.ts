/**
 * Waiting for sockets while the event loop goes on.
 *
 * One thread waits in the kernel for all sockets of the process. A pending wait keeps the process alive.
 * @module
 */

import { EPOLLIN, EPOLLOUT } from "../../ffi/constants.ts";
import { Epoll } from "../../ffi/epoll.ts";
import { beforeClose } from "./descriptors.ts";

/** A signal may override its methods: a wait that ends must stop to listen all the same. */
const { addEventListener, removeEventListener } = EventTarget.prototype;

/** How long to wait. */
export interface WaitOptions {
  /** Ends the wait: it then returns false. */
  readonly signal?: AbortSignal | undefined;
  /** Longest time to wait, in milliseconds; no limit if absent. */
  readonly timeoutMilliseconds?: number | undefined;
}

/** A pending wait. */
interface Waiter {
  readonly events: number;
  readonly keepsAlive: boolean;
  /** Ends the wait. */
  settle(ready: boolean): void;
  reject(reason: unknown): void;
}

/** Pending waits for a descriptor. */
interface Pending {
  /** Distinguishes the descriptor from that of an earlier socket with the same number. */
  readonly tag: number;
  readonly waiters: Set<Waiter>;
}

const pending = new Map<number, Pending>();
let lastTag = 0;
let epoll: Epoll | undefined;
let running = false;
/** Pending waits that keep the process alive. */
let keepingAlive = 0;

/**
 * Waits until a descriptor is readable or writable, or has an error.
 * @param events `EPOLLIN` or `EPOLLOUT`
 * @param keepsAlive whether the wait keeps the process alive
 * @returns whether it is; false after its close, and when `options` end the wait
 * @throws {SystemError} if the kernel refuses the descriptor
 */
export function waitFor(
  fd: number,
  events: number,
  keepsAlive: boolean,
  { signal, timeoutMilliseconds }: WaitOptions,
): Promise<boolean> {
  if (signal?.aborted) return Promise.resolve(false);
  return new Promise((resolve, reject) => {
    const set = epoll ??= makeEpoll();
    const entry = pending.get(fd) ?? { tag: lastTag = (lastTag + 1) | 0, waiters: new Set() };
    const stop = () => waiter.settle(false);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const waiter: Waiter = {
      events,
      keepsAlive,
      settle: (ready) => {
        if (!entry.waiters.delete(waiter)) return;
        clearTimeout(timer);
        if (signal !== undefined) removeEventListener.call(signal, "abort", stop);
        if (keepsAlive && --keepingAlive === 0) set.keepAlive(false);
        if (entry.waiters.size === 0 && pending.get(fd) === entry) pending.delete(fd);
        // Without a pending wait the thread must not keep the process alive.
        if (!ready && pending.size === 0) set.wake();
        resolve(ready);
      },
      reject,
    };
    arm(set, fd, entry, events);
    entry.waiters.add(waiter);
    pending.set(fd, entry);
    if (signal !== undefined) addEventListener.call(signal, "abort", stop);
    if (timeoutMilliseconds !== undefined) timer = setTimeout(stop, timeoutMilliseconds);
    if (keepsAlive && ++keepingAlive === 1) set.keepAlive(true);
    if (!running) void run(set);
    if (keepingAlive === 0) set.keepAlive(false);
  });
}

function makeEpoll(): Epoll {
  const made = new Epoll();
  beforeClose((fd) => {
    made.remove(fd);
    for (const waiter of pending.get(fd)?.waiters ?? []) waiter.settle(false);
  });
  return made;
}

/** Has the kernel report what the waiters wait for, and `events`. */
function arm(epoll: Epoll, fd: number, { tag, waiters }: Pending, events = 0): void {
  for (const waiter of waiters) events |= waiter.events;
  epoll.arm(fd, tag, events);
}

/** Waits until no wait is pending. */
async function run(epoll: Epoll): Promise<void> {
  running = true;
  try {
    while (pending.size > 0) {
      const count = await epoll.wait();
      for (let i = 0; i < count; i++) {
        const fd = epoll.reported(i);
        const entry = pending.get(fd);
        if (entry?.tag !== epoll.reportedTag(i)) continue;
        const events = epoll.reportedEvents(i);
        const failed = (events & ~(EPOLLIN | EPOLLOUT)) !== 0;
        for (const waiter of entry.waiters) if (failed || (waiter.events & events) !== 0) waiter.settle(true);
        if (entry.waiters.size > 0) arm(epoll, fd, entry);
      }
    }
  } catch (error) {
    for (const waiter of [...pending.values()].flatMap(({ waiters }) => [...waiters])) {
      waiter.reject(error);
      waiter.settle(false);
    }
  } finally {
    running = false;
  }
}
