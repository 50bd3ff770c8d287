/**
 * How full a socket's buffers are.
 * @module
 */

import { SK_MEMINFO_SNDBUF, SK_MEMINFO_VARS, SK_MEMINFO_WMEM_ALLOC, SO_MEMINFO, SOL_SOCKET } from "./constants.ts";
import { libc } from "./library.ts";
import { Memory } from "./memory.ts";

const VALUES_SIZE = SK_MEMINFO_VARS * 4;

/** What the kernel says of a socket's memory. It allocates nothing after it was made. `sk_get_meminfo`, net/core/sock.c */
export class SocketMemory {
  readonly #fd: number;
  // The values, then their length.
  readonly #memory = new Memory(VALUES_SIZE + 4);
  readonly #i32 = this.#memory.i32;
  readonly #values = this.#memory.pointer(0);
  readonly #length = this.#memory.pointer(VALUES_SIZE);
  readonly #call = libc().call;

  /** @param fd the socket */
  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Asks the kernel. Where it has no answer (before Linux 4.12), the values stay 0. */
  read(): void {
    this.#i32[VALUES_SIZE >> 2] = VALUES_SIZE;
    this.#call.getsockopt(this.#fd, SOL_SOCKET, SO_MEMINFO, this.#values, this.#length);
  }

  /** Bytes in the send buffer at the last reading: datagrams that have not left the host, with their bookkeeping. */
  get sending(): number {
    return this.#i32[SK_MEMINFO_WMEM_ALLOC]!;
  }

  /** Size of the send buffer at the last reading, in such bytes. */
  get sendBuffer(): number {
    return this.#i32[SK_MEMINFO_SNDBUF]!;
  }
}
