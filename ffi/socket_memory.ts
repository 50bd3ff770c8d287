/**
 * The memory that the kernel keeps for a socket.
 * @module
 */

import {
  SK_MEMINFO_DROPS,
  SK_MEMINFO_RCVBUF,
  SK_MEMINFO_RMEM_ALLOC,
  SK_MEMINFO_SNDBUF,
  SK_MEMINFO_VARS,
  SK_MEMINFO_WMEM_ALLOC,
  SO_MEMINFO,
  SOL_SOCKET,
} from "./constants.ts";
import { libc } from "./library.ts";
import { Memory } from "./memory.ts";

const VALUES_SIZE = SK_MEMINFO_VARS * 4;

/** The values of `SO_MEMINFO`. Reading them allocates nothing. `sk_get_meminfo`, net/core/sock.c */
export class SocketMemory {
  readonly #fd: number;
  // The values, then their length.
  readonly #memory = new Memory(VALUES_SIZE + 4);
  readonly #words = this.#memory.i32;
  readonly #values = this.#memory.pointer(0);
  readonly #length = this.#memory.pointer(VALUES_SIZE);
  readonly #call = libc().call;
  #drops = 0;
  // The kernel's counter at the last reading. Drops before an adoption do not count.
  #dropsSeen: number;

  /** @param fd the socket */
  constructor(fd: number) {
    this.#fd = fd;
    this.read();
    this.#dropsSeen = this.#words[SK_MEMINFO_DROPS]!;
  }

  /** Reads the values. On failure (Linux before 4.12, a descriptor that is no socket any more) they stay as they are. */
  read(): void {
    this.#words[VALUES_SIZE >> 2] = VALUES_SIZE;
    this.#call.getsockopt(this.#fd, SOL_SOCKET, SO_MEMINFO, this.#values, this.#length);
  }

  /** Bytes in the receive buffer: datagrams that wait, with their bookkeeping. */
  get receiveBufferUsed(): number {
    return this.#words[SK_MEMINFO_RMEM_ALLOC]!;
  }

  /** Size of the receive buffer in such bytes. */
  get receiveBufferSize(): number {
    return this.#words[SK_MEMINFO_RCVBUF]!;
  }

  /** Bytes in the send buffer: datagrams that have not left the host, with their bookkeeping. */
  get sendBufferUsed(): number {
    return this.#words[SK_MEMINFO_WMEM_ALLOC]!;
  }

  /** Size of the send buffer in such bytes. */
  get sendBufferSize(): number {
    return this.#words[SK_MEMINFO_SNDBUF]!;
  }

  /** Reads the number of datagrams that the kernel has dropped on reception since this object was made. `sk_drops` */
  readDrops(): number {
    this.read();
    const counter = this.#words[SK_MEMINFO_DROPS]!;
    // The kernel counts modulo 2^32.
    this.#drops += (counter - this.#dropsSeen) >>> 0;
    this.#dropsSeen = counter;
    return this.#drops;
  }
}
