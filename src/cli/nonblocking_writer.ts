/**
 * Writing to a descriptor without blocking.
 * @module
 */

import {
  EAGAIN,
  EINTR,
  ENOTSOCK,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  O_CLOEXEC,
  O_NOCTTY,
  O_NONBLOCK,
  O_WRONLY,
  PIPE_BUF,
  POLLOUT,
  SEEK_CUR,
  SO_TYPE,
  SOL_SOCKET,
} from "../../ffi/constants.ts";
import { close, getsockopt, lseek, open, poll, send, write } from "../../ffi/libc.ts";
import { Memory } from "../../ffi/memory.ts";
import { terminalDevice } from "../../ffi/terminal.ts";

/**
 * Most bytes of one write to a terminal after `poll`. A terminal that `poll` reports as writable takes that many bytes,
 * or one newline, and may block for more. `n_tty_write` in drivers/tty/n_tty.c, `TTYB_ALIGN_MASK` in
 * drivers/tty/tty_buffer.c
 */
const TERMINAL_WRITE_MAX = 256;
/** The byte that ends a line. */
export const NEWLINE = 0x0a;

/** How bytes are written without blocking. */
type Method =
  /** Socket: `send` with `MSG_DONTWAIT`. */
  | "send"
  /** File: `write`, which does not wait for a reader. */
  | "write"
  /** Pipe or terminal, opened again with `O_NONBLOCK`: `write`. */
  | "nonblocking"
  /** Pipe that cannot be opened again: `write` after `poll`. */
  | "poll"
  /** Terminal that cannot be opened again: `write` after `poll`, in small pieces. */
  | "pieces";

/**
 * A buffer that is written to a descriptor as far as the descriptor takes it at once. The descriptor may be shared with
 * other programs: its flags stay as they are. Writing allocates nothing.
 */
export class NonblockingWriter {
  /** The buffer. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The descriptor, or one of its own for the same file. */
  readonly fd: number;
  readonly #memory: Memory;
  readonly #method: Method;

  /**
   * @param fd the descriptor
   * @param size bytes of the buffer
   */
  constructor(fd: number, size: number) {
    this.#memory = new Memory(size);
    this.bytes = this.#memory.bytes;
    [this.#method, this.fd] = methodFor(fd);
  }

  /**
   * Writes from the start of the buffer, at most `length` bytes, and whole lines if possible.
   * @returns the bytes written, `-EAGAIN` if the descriptor takes none now, or another negative error number
   */
  write(length: number): number {
    const written = this.#writeOnce(length);
    return written === -EINTR ? this.write(length) : written;
  }

  #writeOnce(length: number): number {
    if (this.#method === "send") return send(this.fd, this.#memory, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (this.#method === "poll" || this.#method === "pieces") {
      const ready = poll(this.fd, POLLOUT, 0);
      if (ready <= 0) return ready === 0 ? -EAGAIN : ready;
    }
    return write(this.fd, this.#memory, this.#sizeOf(length));
  }

  /** Waits until the descriptor takes bytes, or fails; returns 0 after `milliseconds`, or `-EINTR` after a signal. */
  wait(milliseconds: number): number {
    return poll(this.fd, POLLOUT, milliseconds);
  }

  /** Closes the descriptor if it is this writer's own. */
  close(): void {
    if (this.#method === "nonblocking") close(this.fd);
  }

  /** Bytes of the next write. A pipe takes up to `PIPE_BUF` bytes whole or not at all. */
  #sizeOf(length: number): number {
    if (this.#method === "pieces") return Math.min(length, this.bytes.indexOf(NEWLINE) || 1, TERMINAL_WRITE_MAX);
    if (length <= PIPE_BUF || this.#method === "write") return length;
    return this.bytes.lastIndexOf(NEWLINE, PIPE_BUF - 1) + 1 || PIPE_BUF;
  }
}

/** Chooses how to write to a descriptor without blocking, and the descriptor for that. */
function methodFor(fd: number): [method: Method, fd: number] {
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE) !== -ENOTSOCK) return ["send", fd];
  if (lseek(fd, 0, SEEK_CUR) >= 0) return ["write", fd];
  const own = reopen(fd);
  if (own >= 0) return ["nonblocking", own];
  return [terminalDevice(fd) === undefined ? "poll" : "pieces", fd];
}

/** Opens a pipe or terminal again, for a descriptor with flags of its own; returns that, or a negative error. */
function reopen(fd: number): number {
  const flags = O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  const own = open(`/proc/self/fd/${fd}`, flags);
  if (own >= 0) return own;
  // The terminal may belong to another user, as after `su`. A process may always open its controlling terminal.
  const terminal = open("/dev/tty", flags);
  if (terminal < 0) return own;
  const device = terminalDevice(fd);
  if (device !== undefined && device === terminalDevice(terminal)) return terminal;
  close(terminal);
  return own;
}
