/**
 * Writing bytes to descriptors.
 * @module
 */

import type { Pointer } from "./contract.ts";
import { PIPE_BUF, POLLOUT } from "./constants.ts";
import { poll } from "./libc.ts";
import { libc } from "./library.ts";
import { Memory } from "./memory.ts";

/** A buffer at a fixed address, for `write` and `send`. Writing allocates nothing. */
export class Writer {
  /** The buffer. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #pointer: Pointer;
  readonly #call = libc().call;
  readonly #errno = libc().errno;

  /** @param size bytes of the buffer */
  constructor(size: number) {
    const memory = new Memory(size);
    this.bytes = memory.bytes.subarray(0, size);
    this.#pointer = memory.pointer(0);
  }

  /** Writes the first `length` bytes to a descriptor; returns the bytes written, or `-errno`. write(2) */
  write(fd: number, length: number): number {
    const written = this.#call.write(fd, this.#pointer, length);
    return written < 0 ? -this.#errno() : written;
  }

  /** Sends the first `length` bytes to a connected socket; returns the bytes sent, or `-errno`. send(2) */
  send(fd: number, length: number, flags: number): number {
    const sent = this.#call.send(fd, this.#pointer, length, flags);
    return sent < 0 ? -this.#errno() : sent;
  }
}

let errorWriter: Writer | undefined;

/** Writes a line to standard error, at most `PIPE_BUF` bytes of it, and nothing if that would block. poll(2) */
export function writeError(text: string): void {
  if ((poll(2, POLLOUT, 0) & POLLOUT) === 0) return;
  const writer = errorWriter ??= new Writer(PIPE_BUF);
  const { written } = new TextEncoder().encodeInto(text, writer.bytes.subarray(0, PIPE_BUF - 1));
  writer.bytes[written] = 0x0a;
  writer.write(2, written + 1);
}
