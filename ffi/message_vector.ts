/**
 * The array of message headers that one system call receives into or sends from.
 * @module
 */

import type { Pointer } from "./contract.ts";
import { iovec, mmsghdr } from "./layouts.ts";
import { libc } from "./library.ts";
import type { Memory } from "./memory.ts";

/**
 * An array of `struct mmsghdr` in a {@link Memory}. All places are offsets in that memory; nothing here allocates
 * after it was made. recvmmsg(2), sendmmsg(2)
 */
export class MessageVector {
  readonly #memory: Memory;
  readonly #i32: Int32Array;
  readonly #at: number;
  readonly #pointers: Pointer[] = [];
  readonly #call = libc().call;
  readonly #errno = libc().errno;

  /** Lays out `capacity` headers from the place `at`, a multiple of 8; they take `capacity * mmsghdr.size` bytes. */
  constructor(memory: Memory, at: number, capacity: number) {
    this.#memory = memory;
    this.#i32 = memory.i32;
    this.#at = at;
    for (let i = 0; i < capacity; i++) this.#pointers.push(memory.pointer(at + i * mmsghdr.size));
  }

  /** Sets where the peer's socket address is, or goes, and its length or the room for it. */
  setName(i: number, at: number, length: number): void {
    const header = this.#at + i * mmsghdr.size;
    this.#memory.link(header + mmsghdr.msg_name, at);
    this.#i32[(header + mmsghdr.msg_namelen) >> 2] = length;
  }

  /** Sets where the array of `count` buffers (`struct iovec`) is. */
  setBuffers(i: number, at: number, count: number): void {
    const header = this.#at + i * mmsghdr.size;
    this.#memory.link(header + mmsghdr.msg_iov, at);
    this.#i32[(header + mmsghdr.msg_iovlen) >> 2] = count;
  }

  /** Sets where the control messages are, or go, and their length or the room for them. */
  setControl(i: number, at: number, length: number): void {
    const header = this.#at + i * mmsghdr.size;
    this.#memory.link(header + mmsghdr.msg_control, at);
    this.#i32[(header + mmsghdr.msg_controllen) >> 2] = length;
  }

  /** Sets the room for the socket address and the control messages anew, which every reception overwrites. */
  setRoom(i: number, nameLength: number, controlLength: number): void {
    const header = this.#at + i * mmsghdr.size;
    this.#i32[(header + mmsghdr.msg_namelen) >> 2] = nameLength;
    this.#i32[(header + mmsghdr.msg_controllen) >> 2] = controlLength;
  }

  /** Length of the socket address that was received. */
  nameLength(i: number): number {
    return this.#i32[(this.#at + i * mmsghdr.size + mmsghdr.msg_namelen) >> 2]!;
  }

  /** Length of the control messages that were received. */
  controlLength(i: number): number {
    return this.#i32[(this.#at + i * mmsghdr.size + mmsghdr.msg_controllen) >> 2]!;
  }

  /** Flags of the received message: `MSG_TRUNC`, `MSG_CTRUNC`. */
  flags(i: number): number {
    return this.#i32[(this.#at + i * mmsghdr.size + mmsghdr.msg_flags) >> 2]!;
  }

  /** Bytes of payload that were received or sent. */
  length(i: number): number {
    return this.#i32[(this.#at + i * mmsghdr.size + mmsghdr.msg_len) >> 2]!;
  }

  /** Receives up to `count` messages; returns how many, or the negative error. recvmmsg(2) */
  receive(fd: number, count: number, flags: number): number {
    const received = this.#call.recvmmsg(fd, this.#pointers[0]!, count, flags, null);
    return received < 0 ? -this.#errno() : received;
  }

  /**
   * Sends the messages from `first` to before `end`; returns how many went, or the negative error of the first one.
   * It stops at the first that fails. sendmmsg(2)
   */
  send(fd: number, first: number, end: number, flags: number): number {
    const sent = this.#call.sendmmsg(fd, this.#pointers[first]!, end - first, flags);
    return sent < 0 ? -this.#errno() : sent;
  }
}

/** Writes one buffer (`struct iovec`) at the place `at`: `length` bytes from the place `base`. */
export function writeBuffer(memory: Memory, at: number, base: number, length: number): void {
  memory.link(at + iovec.iov_base, base);
  memory.i32[(at + iovec.iov_len) >> 2] = length;
}
