/**
 * Descriptors that belong to sockets of this process.
 * @module
 */

import { close } from "../../ffi/libc.ts";

/** What has a descriptor. */
interface Owner {
  close(): void;
}

const owned = new Map<number, WeakRef<Owner>>();
let forget: ((fd: number) => void) | undefined;

/** Closes the descriptors of unreachable sockets. */
const unreachable = new FinalizationRegistry(closeOwned);

/** Makes a descriptor belong to a socket. */
export function own(socket: Owner, fd: number): void {
  owned.set(fd, new WeakRef(socket));
  unreachable.register(socket, fd, socket);
}

/** Whether a descriptor belongs to a socket. */
export function isOwned(fd: number): boolean {
  return owned.has(fd);
}

/** From now on calls `callback` with each descriptor before it is closed. */
export function beforeClose(callback: (fd: number) => void): void {
  forget = callback;
}

/** Closes the descriptor of a socket. */
export function release(socket: object, fd: number): void {
  unreachable.unregister(socket);
  closeOwned(fd);
}

/** Closes all sockets. */
export function closeAll(): void {
  for (const socket of [...owned.values()]) socket.deref()?.close();
}

function closeOwned(fd: number): void {
  owned.delete(fd);
  forget?.(fd);
  close(fd);
}
