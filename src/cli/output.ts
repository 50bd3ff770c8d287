/**
 * Standard output, without ever waiting for who reads it.
 * @module
 */

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
import { close, getsockopt, lseek, open, poll } from "../../ffi/libc.ts";
import { terminalDevice } from "../../ffi/terminal.ts";
import { Writer } from "../../ffi/writer.ts";

/** Room for one line. */
export const LINE_SIZE_MAX = 1024;
/** Room for the lines that a slow reader has not taken yet. */
const BUFFER_SIZE = 64 << 10;

/** How bytes get out without waiting. */
type Means =
  /** A socket: by `send` with `MSG_DONTWAIT`. */
  | "send"
  /** A file, where writing never waits for a reader. */
  | "write"
  /** A pipe or terminal, opened anew for a descriptor of our own with `O_NONBLOCK`. */
  | "nonblocking"
  /** Anything else: when `poll` says that it takes bytes. */
  | "poll";

/**
 * Lines on a descriptor that may be slow, stalled, closed or full: what it does not take is dropped and counted, and
 * the program never waits for it.
 *
 * A line is written into {@link bytes} from {@link at} and completed by {@link endLine}; {@link flush} hands the lines
 * over. Nothing is allocated.
 */
export class Output {
  /** Lines that were lost since the start. */
  dropped = 0;
  /** Where the next line goes: at least {@link LINE_SIZE_MAX} bytes are free from `at` if {@link hasRoom} said so. */
  readonly bytes: Uint8Array;
  /** Place in {@link bytes} where the next line starts. */
  at = 0;
  readonly #writer = new Writer(BUFFER_SIZE);
  readonly #means: Means;
  readonly #fd: number;
  #lines = 0;
  // Whether the last flush got rid of less than all: then only the next one tries again, not every line.
  #stalled = false;

  /** @param fd the descriptor, which other programs may share: its flags are left alone */
  constructor(fd: number) {
    this.bytes = this.#writer.bytes;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE) !== -ENOTSOCK) {
      this.#means = "send";
      this.#fd = fd;
    } else if (lseek(fd, 0, SEEK_CUR) >= 0) {
      this.#means = "write";
      this.#fd = fd;
    } else {
      const own = reopen(fd);
      this.#means = own >= 0 ? "nonblocking" : "poll";
      this.#fd = own >= 0 ? own : fd;
    }
  }

  /** Whether a line can be written now; if not, it counts as dropped. */
  hasRoom(): boolean {
    if (this.at + LINE_SIZE_MAX > BUFFER_SIZE && !this.#stalled) this.flush();
    if (this.at + LINE_SIZE_MAX <= BUFFER_SIZE) return true;
    this.dropped++;
    return false;
  }

  /** Completes the line that ends before the place `end`. */
  endLine(end: number): void {
    this.bytes[end] = 0x0a;
    this.at = end + 1;
    this.#lines++;
  }

  /** Writes a whole line of text, or drops it. Allocates. */
  writeLine(text: string): void {
    if (!this.hasRoom()) return;
    const { read, written } = new TextEncoder().encodeInto(text, this.bytes.subarray(this.at, BUFFER_SIZE - 1));
    if (read < text.length) this.dropped++;
    else this.endLine(this.at + written);
  }

  /** Hands over what has gathered, as far as it is taken now; the rest stays for the next time. */
  flush(): void {
    while (this.at > 0) {
      const length = this.#wholeLines();
      const written = this.#write(length);
      if (written > 0) this.#consume(written);
      // Closed, full or broken: it may come back, these lines don't.
      else if (written !== -EAGAIN && written !== 0) this.#drop();
      this.#stalled = written < length && this.at > 0;
      if (this.#stalled) return;
    }
  }

  /** Hands over what is taken within `milliseconds`; the rest counts as dropped. */
  settle(milliseconds: number): void {
    const end = performance.now() + milliseconds;
    this.flush();
    for (let left = milliseconds; this.at > 0 && left > 0; left = end - performance.now()) {
      if (poll(this.#fd, POLLOUT, Math.ceil(left)) <= 0) break;
      this.flush();
    }
    this.#drop();
  }

  /** Settles, and lets go of the descriptor if it is its own. The output can't be used any more. */
  close(milliseconds: number): void {
    this.settle(milliseconds);
    if (this.#means === "nonblocking") close(this.#fd);
  }

  /** Bytes of whole lines that a pipe takes all or none of, so that no line is torn. */
  #wholeLines(): number {
    if (this.at <= PIPE_BUF) return this.at;
    return this.bytes.lastIndexOf(0x0a, PIPE_BUF - 1) + 1;
  }

  #consume(written: number): void {
    if (written === this.at) return this.#clear();
    for (let i = 0; i < written; i++) if (this.bytes[i] === 0x0a) this.#lines--;
    this.bytes.copyWithin(0, written, this.at);
    this.at -= written;
  }

  #drop(): void {
    this.dropped += this.#lines;
    this.#clear();
  }

  #clear(): void {
    this.at = 0;
    this.#lines = 0;
    this.#stalled = false;
  }

  #write(length: number): number {
    if (this.#means === "send") return this.#writer.send(this.#fd, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (this.#means === "poll") {
      const events = poll(this.#fd, POLLOUT, 0);
      if (events <= 0) return events === 0 ? -EAGAIN : events;
    }
    return this.#writer.write(this.#fd, length);
  }
}

/** Opens a pipe or terminal anew, so that it has a descriptor whose flags are our own; returns it, or a negative error. */
export function reopen(fd: number): number {
  const flags = O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  const own = open(`/proc/self/fd/${fd}`, flags);
  if (own >= 0) return own;
  // A terminal of another user, who has started the program under this one's name: the process may always open its
  // controlling terminal.
  const terminal = open("/dev/tty", flags);
  if (terminal < 0) return own;
  const device = terminalDevice(fd);
  if (device !== undefined && device === terminalDevice(terminal)) return terminal;
  close(terminal);
  return own;
}
