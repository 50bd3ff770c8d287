/** Standard output and standard error with readers that are slow, stalled or gone. */
import { errno } from "./errno.ts";
import { SECOND, type Time } from "./time.ts";

/** Kind of an output. */
export type SinkKind = "file" | "pipe" | "terminal" | "socket";

/** Bytes that a pipe, a terminal or a socket holds for its reader. pipe(7) */
const ROOM: Record<SinkKind, number> = { file: Infinity, pipe: 65_536, terminal: 4096, socket: 65_536 };
/** Bytes that a write to a pipe takes whole or not at all. */
const PIPE_BUF = 4096;

/** A terminal that holds fewer characters can be written to, says poll(2). `WAKEUP_CHARS`, drivers/tty/n_tty.c */
const WAKEUP_CHARS = 256;

export class Sink {
  readonly kind: SinkKind;
  /** All that was taken, and when. */
  readonly #chunks: { readonly bytes: Uint8Array; readonly at: number }[] = [];
  /** Bytes that the reader takes in a second. */
  bytesPerSecond = Infinity;
  /** Nobody reads any more. */
  closed = false;
  // Bytes that there is still room for: in the file system, or up to the size that a file may have.
  #free = Infinity;
  #limited = false;
  readonly #time: Time;
  // Bytes that the reader has not taken yet, at the time of the last look.
  #level = 0;
  #lookedAt = 0;

  constructor(kind: SinkKind, time: Time) {
    this.kind = kind;
    this.#time = time;
  }

  /** Bytes that were taken. */
  get size(): number {
    return this.#chunks.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  get text(): string {
    const decoder = new TextDecoder();
    return this.#chunks.map(({ bytes }) => decoder.decode(bytes, { stream: true })).join("") + decoder.decode();
  }

  /** The lines, each with the time at which its end was taken. */
  lines(): { readonly text: string; readonly at: number }[] {
    const ends = this.#chunks.flatMap(({ bytes, at }) => [...bytes].filter((byte) => byte === 0x0a).map(() => at));
    return this.text.split("\n").slice(0, -1).map((text, i) => ({ text, at: ends[i]! }));
  }

  /** Bytes that can be written without waiting. */
  get room(): number {
    const { now } = this.#time;
    const taken = this.bytesPerSecond === Infinity
      ? this.#level
      : Math.floor((now - this.#lookedAt) * this.bytesPerSecond / SECOND);
    if (taken > 0) {
      this.#level = Math.max(0, this.#level - taken);
      this.#lookedAt = now;
    }
    return ROOM[this.kind] - this.#level;
  }

  /**
   * Leaves room for so many bytes.
   * @param limited whether the limit is `RLIMIT_FSIZE`, or the file system
   */
  fill(free: number, limited: boolean): void {
    this.#free = free;
    this.#limited = limited;
  }

  /** Has the reader go on at another speed. */
  readAt(bytesPerSecond: number): void {
    void this.room;
    this.#lookedAt = this.#time.now;
    this.bytesPerSecond = bytesPerSecond;
  }

  /** Whether poll(2) says that it can be written to. */
  get writable(): boolean {
    const { room } = this;
    if (this.kind === "terminal") return ROOM.terminal - room < WAKEUP_CHARS;
    return room >= (this.kind === "pipe" ? PIPE_BUF : 1);
  }

  /** Takes as much of `bytes` as it can; returns how much, or the negative error. */
  take(bytes: Uint8Array): number {
    if (this.closed) return -errno.EPIPE;
    const room = this.room;
    const whole = this.kind === "pipe" && bytes.length <= PIPE_BUF;
    if (room <= 0 || (whole && room < bytes.length)) return -errno.EAGAIN;
    const length = Math.min(bytes.length, room, this.#free);
    if (length === 0 && bytes.length > 0) return this.#limited ? -errno.EFBIG : -errno.ENOSPC;
    this.#chunks.push({ bytes: bytes.slice(0, length), at: this.#time.now });
    this.#free -= length;
    if (this.kind !== "file") {
      if (this.#level === 0) this.#lookedAt = this.#time.now;
      this.#level += length;
    }
    return length;
  }
}
