/**
 * Non-blocking output.
 * @module
 */

<<<<<<< HEAD
import { EAGAIN } from "../../ffi/constants.ts";
import { localeIsUtf8 } from "./locale.ts";
import { NonblockingWriter } from "./nonblocking_writer.ts";
=======
import {
  EAGAIN,
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
import { close, getsockopt, lseek, open, poll, terminalDevice, Writer } from "../../ffi/libc.ts";
import { localeIsUtf8 } from "./locale.ts";
>>>>>>> echo

/** Most bytes of one line. */
const LINE_SIZE_MAX = 1024;
/** Bytes of lines that may wait for a slow reader. */
const BUFFER_SIZE = 64 << 10;
<<<<<<< HEAD
const NEWLINE = 0x0a;
=======
/**
 * Most bytes of one write to a terminal after `poll`. A terminal that `poll` reports as writable takes that many bytes,
 * or one newline, and may block for more. `n_tty_write` in drivers/tty/n_tty.c, `TTYB_ALIGN_MASK` in
 * drivers/tty/tty_buffer.c
 */
const TERMINAL_WRITE_MAX = 256;
const NEWLINE = 0x0a;

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
>>>>>>> echo

/**
 * Lines on a descriptor that may be slow, stalled, closed or full. Writing never blocks: lines that the descriptor does
 * not take are dropped and counted.
 *
 * A caller that {@link hasRoom} writes one line into {@link bytes} from {@link at}, completes it by {@link endLine}, and
 * after some lines calls {@link flush}. This allocates nothing.
 */
export class Output {
  /** Lines that were dropped since the start, without those of {@link writeText}. */
  dropped = 0;
  /** Lines that wait for the descriptor, and room for the next line. */
  readonly bytes: Uint8Array;
  /** Offset in {@link bytes} where the next line starts. */
  at = 0;
  // 1 at the newline of each line that counts. Elsewhere than at newlines the values are stale.
  readonly #counts = new Uint8Array(BUFFER_SIZE);
<<<<<<< HEAD
  readonly #writer: NonblockingWriter;
=======
  readonly #writer = new Writer(BUFFER_SIZE);
  readonly #method: Method;
  readonly #fd: number;
>>>>>>> echo
  // Whether the last flush left bytes behind: then the next flush tries again, not every line.
  #stalled = false;
  // Whether the first line has been written in part: the buffer begins with the rest of it.
  #torn = false;

  /** @param fd the descriptor, possibly shared with other programs: its flags stay as they are */
  constructor(fd: number) {
    this.#writer = new NonblockingWriter(fd, BUFFER_SIZE);
    this.bytes = this.#writer.bytes;
<<<<<<< HEAD
=======
    const { method, own } = methodFor(fd);
    this.#method = method;
    this.#fd = own;
>>>>>>> echo
  }

  /**
   * Whether UTF-8 is safe to write. In other encodings the bytes 0x80 to 0x9f are control characters of terminals. Where
   * no locale is set, as in many services, files and pipes take UTF-8. Reading this allocates.
   */
  get utf8(): boolean {
<<<<<<< HEAD
    return localeIsUtf8() ?? !this.#writer.isTerminal;
=======
    return localeIsUtf8() ?? terminalDevice(this.#fd) === undefined;
>>>>>>> echo
  }

  /** Whether there is room for a line; if not, the line counts as dropped. */
  hasRoom(): boolean {
    if (this.at + LINE_SIZE_MAX > BUFFER_SIZE && !this.#stalled) this.flush();
    if (this.at + LINE_SIZE_MAX <= BUFFER_SIZE) return true;
    this.dropped++;
    return false;
  }

  /** Completes the line that ends before the offset `end`. */
  endLine(end: number): void {
    this.bytes[end] = NEWLINE;
    this.#counts[end] = 1;
    this.at = end + 1;
  }

  /**
   * Writes a text of one or more lines behind those that wait.
   * @returns false if it was dropped; {@link dropped} does not count it
   */
  writeText(text: string): boolean {
    this.flush();
    const { read, written } = encoder.encodeInto(text, this.bytes.subarray(this.at, BUFFER_SIZE - 1));
    if (read < text.length) return false;
    this.endLine(this.at + written);
    this.#counts.fill(0, this.at - written - 1, this.at);
    return this.flush();
  }

  /**
   * Writes what the descriptor takes now; the rest waits.
   * @returns false if the descriptor failed and what waited was dropped
   */
  flush(): boolean {
    while (this.at > 0) {
<<<<<<< HEAD
      const written = this.#writer.write(this.at);
      if (written === -EAGAIN || written === 0) {
        this.#stalled = true;
        return true;
      }
      if (written < 0) {
        this.#drop();
        return false;
      }
      this.#consume(written);
=======
      const size = this.#nextWriteSize();
      const written = this.#write(size);
      if (written < 0 && written !== -EAGAIN) {
        this.#drop();
        return false;
      }
      if (written > 0) this.#consume(written);
      if (written < size) {
        this.#stalled = true;
        return true;
      }
>>>>>>> echo
    }
    this.#stalled = false;
    return true;
  }

  /** Writes what the descriptor takes within a time; the rest is dropped. */
  settle(milliseconds: number): void {
    const end = performance.now() + milliseconds;
    while (this.flush() && this.at > 0) {
      const left = Math.ceil(end - performance.now());
<<<<<<< HEAD
      if (left <= 0 || this.#writer.wait(left) <= 0) break;
=======
      if (left <= 0 || poll(this.#fd, POLLOUT, left) <= 0) break;
>>>>>>> echo
    }
    this.#drop();
    // Nothing will complete a torn line in time for the count.
    this.dropped += this.#countLines(0);
  }

  /** Settles and closes the output. It must not be used afterwards. */
  close(milliseconds: number): void {
    this.settle(milliseconds);
<<<<<<< HEAD
    this.#writer.close();
  }

=======
    if (this.#method === "nonblocking") close(this.#fd);
  }

  /** Bytes of the next write: whole lines if possible. A pipe takes up to `PIPE_BUF` bytes or none. */
  #nextWriteSize(): number {
    if (this.#method === "pieces") return Math.min(this.bytes.indexOf(NEWLINE) || 1, TERMINAL_WRITE_MAX);
    if (this.at <= PIPE_BUF || this.#method === "write") return this.at;
    return this.bytes.lastIndexOf(NEWLINE, PIPE_BUF - 1) + 1 || PIPE_BUF;
  }

  #write(size: number): number {
    if (this.#method === "send") return this.#writer.send(this.#fd, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (this.#method === "poll" || this.#method === "pieces") {
      const events = poll(this.#fd, POLLOUT, 0);
      if (events <= 0) return events === 0 ? -EAGAIN : events;
    }
    return this.#writer.write(this.#fd, size);
  }

>>>>>>> echo
  #consume(written: number): void {
    this.#torn = this.bytes[written - 1] !== NEWLINE;
    this.bytes.copyWithin(0, written, this.at);
    this.#counts.copyWithin(0, written, this.at);
    this.at -= written;
  }

  /** Drops what waits, but for the rest of a torn line: that comes first when the descriptor recovers. */
  #drop(): void {
    const rest = this.#torn ? this.bytes.indexOf(NEWLINE) + 1 : 0;
    this.dropped += this.#countLines(rest);
    this.at = rest;
    this.#stalled = rest > 0;
  }

  /** Lines that count, from an offset on. */
  #countLines(from: number): number {
    let lines = 0;
    for (let i = from; i < this.at; i++) if (this.bytes[i] === NEWLINE) lines += this.#counts[i]!;
    return lines;
  }
}

const encoder = new TextEncoder();
<<<<<<< HEAD
=======

/** Chooses how to write to a descriptor without blocking, and the descriptor for that. */
function methodFor(fd: number): { method: Method; own: number } {
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE) !== -ENOTSOCK) return { method: "send", own: fd };
  if (lseek(fd, 0, SEEK_CUR) >= 0) return { method: "write", own: fd };
  const own = reopen(fd);
  if (own >= 0) return { method: "nonblocking", own };
  return { method: terminalDevice(fd) === undefined ? "poll" : "pieces", own: fd };
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
>>>>>>> echo
