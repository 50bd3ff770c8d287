/**
 * Lines of text to standard error.
 * @module
 */

import { PIPE_BUF, POLLOUT } from "./constants.ts";
import { poll, write } from "./libc.ts";
import { Memory } from "./memory.ts";

let line: Memory | undefined;

/** Writes a line to standard error, at most `PIPE_BUF` bytes of it, and nothing if that would block. poll(2) */
export function writeError(text: string): void {
  if (poll(2, POLLOUT, 0) <= 0) return;
  line ??= new Memory(PIPE_BUF);
  const { written } = new TextEncoder().encodeInto(text, line.bytes.subarray(0, PIPE_BUF - 1));
  line.bytes[written] = 0x0a;
  write(2, line, written + 1);
}
