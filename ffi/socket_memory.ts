/**
 * The memory that the kernel keeps for a socket.
 * @module
 */

import { SK_MEMINFO_DROPS, SK_MEMINFO_VARS, SO_MEMINFO, SOL_SOCKET } from "./constants.ts";
import { libc } from "./library.ts";
import { Memory } from "./memory.ts";

const VALUES_SIZE = SK_MEMINFO_VARS * 4;

/**
 * The values of `SO_MEMINFO`, by their index: `SK_MEMINFO_WMEM_ALLOC`. Reading one allocates nothing.
 * `sk_get_meminfo`, net/core/sock.c
 */
export class SocketMemory {
  readonly #fd: number;
  // The values, then their length.
  readonly #memory = new Memory(VALUES_SIZE + 4);
  readonly #length = this.#memory.pointer(VALUES_SIZE);
  #drops = 0;
  // The kernel's counter at the last reading. Drops before an adoption do not count.
  #dropsSeen: number;

  /** @param fd the socket */
  constructor(fd: number) {
    this.#fd = fd;
    this.#dropsSeen = this.read(SK_MEMINFO_DROPS);
  }

  /** Reads a value. On failure (Linux before 4.12, a descriptor that is no socket any more) it stays as it is. */
  read(value: number): number {
    const { i32 } = this.#memory;
    i32[VALUES_SIZE >> 2] = VALUES_SIZE;
    libc().call.getsockopt(this.#fd, SOL_SOCKET, SO_MEMINFO, this.#memory.pointer(0), this.#length);
    return i32[value]!;
  }

  /** Reads the number of datagrams that the kernel has dropped on reception since this object was made. `sk_drops` */
  readDrops(): number {
    const counter = this.read(SK_MEMINFO_DROPS);
    // The kernel counts modulo 2^32.
    this.#drops += (counter - this.#dropsSeen) >>> 0;
    this.#dropsSeen = counter;
    return this.#drops;
  }
}
