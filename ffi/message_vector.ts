/**
 * The array of message headers of one system call.
 * @module
 */

import type { Pointer } from "./contract.ts";
import { iovec, mmsghdr } from "./layouts.ts";
import { libc } from "./library.ts";
import type { Memory } from "./memory.ts";

/**
 * An array of `struct mmsghdr` in a {@link Memory}. Offsets are in bytes in that memory. Its methods allocate nothing.
 * recvmmsg(2), sendmmsg(2)
 */
export class MessageVector {
  readonly #memory: Memory;
  readonly #words: Int32Array;
  readonly #offset: number;
  readonly #pointers: Pointer[] = [];
  readonly #call = libc().call;
  readonly #errno = libc().errno;

  /**
   * Lays out the headers.
   * @param memory the memory of the headers, and of all that they point at but payloads
   * @param offset offset of the headers, a multiple of 8; they take `capacity * mmsghdr.size` bytes
   * @param capacity number of headers
   */
  constructor(memory: Memory, offset: number, capacity: number) {
    this.#memory = memory;
    this.#words = memory.i32;
    this.#offset = offset;
    for (let i = 0; i < capacity; i++) this.#pointers.push(memory.pointer(offset + i * mmsghdr.size));
  }

  /** Sets the buffer of message `i` for the peer's socket address: its offset, and its length in bytes. */
  setName(i: number, offset: number, length: number): void {
    const header = this.#offset + i * mmsghdr.size;
    this.#memory.link(header + mmsghdr.msg_name, this.#memory, offset);
    this.#words[(header + mmsghdr.msg_namelen) >> 2] = length;
  }

  /** Sets the array of `count` buffers (`struct iovec`) of message `i`. */
  setBuffers(i: number, offset: number, count: number): void {
    const header = this.#offset + i * mmsghdr.size;
    this.#memory.link(header + mmsghdr.msg_iov, this.#memory, offset);
    this.#words[(header + mmsghdr.msg_iovlen) >> 2] = count;
  }

  /** Sets the buffer of message `i` for control messages: its offset, and its length in bytes. */
  setControl(i: number, offset: number, length: number): void {
    const header = this.#offset + i * mmsghdr.size;
    this.#memory.link(header + mmsghdr.msg_control, this.#memory, offset);
    this.#words[(header + mmsghdr.msg_controllen) >> 2] = length;
  }

  /** Restores the lengths of the buffers for the socket address and control messages, which a reception overwrites. */
  resetLengths(i: number, nameLength: number, controlLength: number): void {
    const header = this.#offset + i * mmsghdr.size;
    this.#words[(header + mmsghdr.msg_namelen) >> 2] = nameLength;
    this.#words[(header + mmsghdr.msg_controllen) >> 2] = controlLength;
  }

  /** Bytes of the socket address that was received. */
  nameLength(i: number): number {
    return this.#words[(this.#offset + i * mmsghdr.size + mmsghdr.msg_namelen) >> 2]!;
  }

  /** Bytes of the control messages that were received. */
  controlLength(i: number): number {
    return this.#words[(this.#offset + i * mmsghdr.size + mmsghdr.msg_controllen) >> 2]!;
  }

  /** Flags of the received message: `MSG_TRUNC`, `MSG_CTRUNC`. */
  flags(i: number): number {
    return this.#words[(this.#offset + i * mmsghdr.size + mmsghdr.msg_flags) >> 2]!;
  }

  /** Bytes of payload that were received or sent. */
  length(i: number): number {
    return this.#words[(this.#offset + i * mmsghdr.size + mmsghdr.msg_len) >> 2]!;
  }

  /** Receives up to `count` messages; returns their number, or `-errno`. recvmmsg(2) */
  receive(fd: number, count: number, flags: number): number {
    const received = this.#call.recvmmsg(fd, this.#pointers[0]!, count, flags, null);
    return received < 0 ? -this.#errno() : received;
  }

  /**
   * Sends the messages from `first` to before `end`; stops at the first that fails. Returns the number of messages sent,
   * or the `-errno` of the first. sendmmsg(2)
   */
  send(fd: number, first: number, end: number, flags: number): number {
    const sent = this.#call.sendmmsg(fd, this.#pointers[first]!, end - first, flags);
    return sent < 0 ? -this.#errno() : sent;
  }
}

/** Writes one buffer (`struct iovec`) at `at`: `length` bytes at `offset` of the memory `target`. */
export function writeBuffer(memory: Memory, at: number, target: Memory, offset: number, length: number): void {
  memory.link(at + iovec.iov_base, target, offset);
  memory.i32[(at + iovec.iov_len) >> 2] = length;
}
