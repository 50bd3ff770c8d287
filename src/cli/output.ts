/**
 * Non-blocking output.
 * @module
 */

import { EAGAIN } from "../../ffi/constants.ts";
import { terminalDevice } from "../../ffi/terminal.ts";
import { localeIsUtf8 } from "./locale.ts";
import { NEWLINE, NonblockingWriter } from "./nonblocking_writer.ts";

/** Most bytes of one line. */
const LINE_SIZE_MAX = 1024;
/** Bytes of lines that may wait for a slow reader. */
const BUFFER_SIZE = 64 << 10;

/**
 * Lines on a descriptor that may be slow, stalled, closed or full. Writing never blocks: lines that the descriptor does
 * not take are dropped and counted.
 *
 * A caller that {@link hasRoom} writes one line into {@link bytes} from {@link at}, completes it by {@link endLine}, and
 * after some lines calls {@link flush}. This allocates nothing.
 */
export class Output {
  /** Counts the lines that are dropped, without those of {@link writeText}: one number, in memory of the caller's choice. */
  dropped: Float64Array = new Float64Array(1);
  /** Lines that wait for the descriptor, and room for the next line. */
  readonly bytes: Uint8Array;
  /** Offset in {@link bytes} where the next line starts. */
  at = 0;
  // 1 at the newline of each line that counts. Elsewhere than at newlines the values are stale.
  readonly #counts = new Uint8Array(BUFFER_SIZE);
  readonly #writer: NonblockingWriter;
  // Whether the last flush left bytes behind: then the next flush tries again, not every line.
  #stalled = false;
  // Whether the first line has been written in part: the buffer begins with the rest of it.
  #torn = false;

  /** @param fd the descriptor, possibly shared with other programs: its flags stay as they are */
  constructor(fd: number) {
    this.#writer = new NonblockingWriter(fd, BUFFER_SIZE);
    this.bytes = this.#writer.bytes;
  }

  /**
   * Whether UTF-8 is safe to write. In other encodings the bytes 0x80 to 0x9f are control characters of terminals. Where
   * no locale is set, as in many services, files and pipes take UTF-8. Reading this allocates.
   */
  get utf8(): boolean {
    return localeIsUtf8() ?? terminalDevice(this.#writer.fd) === undefined;
  }

  /** Whether there is room for a line; if not, the line counts as dropped. */
  hasRoom(): boolean {
    if (this.at + LINE_SIZE_MAX > BUFFER_SIZE && !this.#stalled) this.flush();
    if (this.at + LINE_SIZE_MAX <= BUFFER_SIZE) return true;
    this.dropped[0]!++;
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
      const written = this.#writer.write(this.at);
      if (written === -EAGAIN || written === 0) {
        this.#stalled = true;
        return true;
      }
      if (written < 0) {
        this.#drop(false);
        return false;
      }
      this.#torn = this.bytes[written - 1] !== NEWLINE;
      this.bytes.copyWithin(0, written, this.at);
      this.#counts.copyWithin(0, written, this.at);
      this.at -= written;
    }
    this.#stalled = false;
    return true;
  }

  /**
   * Writes what the descriptor takes within a time; the rest is dropped.
   * @param last whether no line follows. Otherwise the rest of a line that was written in part stays: it comes before the
   *   next line
   */
  settle(milliseconds: number, last: boolean): void {
    const end = performance.now() + milliseconds;
    while (this.flush() && this.at > 0) {
      const left = Math.ceil(end - performance.now());
      if (left <= 0 || this.#writer.wait(left) === 0) break;
    }
    this.#drop(last);
  }

  /** Settles and closes the output. It must not be used afterwards. */
  close(milliseconds: number): void {
    this.settle(milliseconds, true);
    this.#writer.close();
  }

  /** Drops what waits, but for the rest of a torn line if others follow: that comes first when the descriptor recovers. */
  #drop(last: boolean): void {
    const rest = this.#torn && !last ? this.bytes.indexOf(NEWLINE) + 1 : 0;
    for (let i = rest; i < this.at; i++) if (this.bytes[i] === NEWLINE) this.dropped[0]! += this.#counts[i]!;
    this.at = rest;
    this.#stalled = rest > 0;
  }
}

const encoder = new TextEncoder();
