/**
 * The array of message headers of one system call, and all that the headers point at but payloads.
 * @module
 */

import type { Pointer } from "./contract.ts";
import { iovec, mmsghdr } from "./layouts.ts";
import { result } from "./libc.ts";
import { libc } from "./library.ts";
import { Memory } from "./memory.ts";

/** Bytes of the buffer for a socket address. */
const NAME_SIZE = 32;

/**
 * An array of `struct mmsghdr`; as many buffers (`struct iovec`), which the messages share; and for each message, room
 * for a socket address and for control messages. Its methods allocate nothing. recvmmsg(2), sendmmsg(2)
 */
export class MessageVector {
  /** The memory of all this. */
  readonly memory: Memory;
  readonly #buffersOffset: number;
  readonly #namesOffset: number;
  readonly #controlsOffset: number;
  readonly #controlSize: number;
  readonly #pointers: Pointer[] = [];

  /**
   * Lays out the memory: message `i` has buffer `i`, and no lengths yet.
   * @param capacity number of messages
   * @param controlSize most bytes of a message's control messages, a multiple of 8
   * @param place see {@link Memory}
   */
  constructor(capacity: number, controlSize: number, place?: Uint8Array<ArrayBuffer>) {
    this.#buffersOffset = capacity * mmsghdr.size;
    this.#namesOffset = this.#buffersOffset + capacity * iovec.size;
    this.#controlsOffset = this.#namesOffset + capacity * NAME_SIZE;
    this.#controlSize = controlSize;
    this.memory = new Memory(this.#controlsOffset + capacity * controlSize, place);
    for (let i = 0; i < capacity; i++) {
      const header = i * mmsghdr.size;
      this.memory.link(header + mmsghdr.msg_name, this.memory, this.nameOffset(i));
      this.memory.link(header + mmsghdr.msg_control, this.memory, this.controlOffset(i));
      this.setBuffers(i, i, 1);
      this.#pointers.push(this.memory.pointer(header));
    }
  }

  /** Offset in {@link memory} of the socket address of message `i`. */
  nameOffset(i: number): number {
    return this.#namesOffset + i * NAME_SIZE;
  }

  /** Offset in {@link memory} of the control messages of message `i`. */
  controlOffset(i: number): number {
    return this.#controlsOffset + i * this.#controlSize;
  }

  /** Makes buffer `k` consist of `length` bytes at `offset` of the memory `target`, which the caller must keep. */
  setBuffer(k: number, target: Memory, offset: number, length: number): void {
    const at = this.#buffersOffset + k * iovec.size;
    this.memory.link(at + iovec.iov_base, target, offset);
    this.memory.i32[(at + iovec.iov_len) >> 2] = length;
  }

  /** Makes message `i` consist of `count` buffers from buffer `first` on. */
  setBuffers(i: number, first: number, count: number): void {
    const header = i * mmsghdr.size;
    this.memory.link(header + mmsghdr.msg_iov, this.memory, this.#buffersOffset + first * iovec.size);
    this.memory.i32[(header + mmsghdr.msg_iovlen) >> 2] = count;
  }

  /** Sets the bytes of the socket address and of the control messages of message `i`. A reception overwrites them. */
  setLengths(i: number, nameLength: number, controlLength: number): void {
    const header = i * mmsghdr.size;
    this.memory.i32[(header + mmsghdr.msg_namelen) >> 2] = nameLength;
    this.memory.i32[(header + mmsghdr.msg_controllen) >> 2] = controlLength;
  }

  /**
   * A member of the header of message `i`, by its offset in {@link mmsghdr}: after a reception, the bytes of the socket
   * address, of the control messages and of the payload, and `MSG_TRUNC` and `MSG_CTRUNC` in `msg_flags`.
   */
  get(i: number, member: number): number {
    return this.memory.i32[(i * mmsghdr.size + member) >> 2]!;
  }

  /** Receives up to `count` messages; returns their number, or `-errno`. recvmmsg(2) */
  receive(fd: number, count: number, flags: number): number {
    return result(libc().call.recvmmsg(fd, this.#pointers[0]!, count, flags, null));
  }

  /**
   * Sends the messages from `first` to before `end`; stops at the first that fails. Returns the number of messages sent,
   * or the `-errno` of the first. sendmmsg(2)
   */
  send(fd: number, first: number, end: number, flags: number): number {
    return result(libc().call.sendmmsg(fd, this.#pointers[first]!, end - first, flags));
  }
}
