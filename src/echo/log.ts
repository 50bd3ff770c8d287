/**
 * The log: one line for each datagram that is answered.
 * @module
 */

import { CLOCK_REALTIME } from "../../ffi/constants.ts";
import { Clock } from "../../ffi/clock.ts";
import type { Output } from "../cli/output.ts";
import { formatDecimal, formatEndpoint } from "../net/address.ts";
import type { MessageBatch } from "../socket/message_batch.ts";
import { LINES_DROPPED, LINES_LEFT_OUT } from "./counters.ts";
import type { Group } from "./group.ts";
import type { EchoSettings } from "./options.ts";
import { append, PAYLOAD_SHOWN_MAX, PayloadText } from "./payload_text.ts";

/** Options of a {@link Log}. */
export interface LogOptions extends Pick<EchoSettings, "logFormat" | "logTime" | "logLimitPerSecond"> {
  /** Where the lines go. */
  readonly output: Output;
  /** The local port. */
  readonly port: number;
  /** The servers that share the limit. */
  readonly group: Pick<Group, "index" | "block">;
}

/** A part of a line: literal bytes, or the name of a field. */
type Part = Uint8Array | string;

/** Writes the lines of the log, and counts those that the limit leaves out. */
export class Log {
  readonly #options: LogOptions;
  readonly #counts: Float64Array;
  readonly #clock = new Clock(CLOCK_REALTIME);
  // The time of the lines as text, in this form.
  readonly #time = encoder.encode("2026-11-22T12:00:00.123456Z");
  readonly #line: readonly Part[];
  // Of payloads that are cut.
  readonly #longLine: readonly Part[];
  // Made after the first echo: to find out whether the output takes UTF-8 takes a millisecond.
  #payload: PayloadText | undefined;
  #second = -1;
  #leftOutReported = 0;
  #reportedAt = performance.now();

  /** Makes a log; it writes nothing yet. */
  constructor(options: LogOptions) {
    const { logFormat, logTime, output, group: { block, index } } = options;
    const line = logTime && logFormat === "text" ? `<time> ${LINES.text}` : LINES[logFormat];
    this.#line = partsOf(line);
    this.#longLine = logFormat === "text" ? partsOf(`${line} (<bytes> bytes)`) : this.#line;
    this.#options = options;
    this.#counts = block.counters[index]!.counts;
    output.dropped = this.#counts.subarray(LINES_DROPPED, LINES_DROPPED + 1);
  }

  /** Logs the messages of a batch that are answered. It allocates only for the zones of link-local addresses. */
  record(batch: MessageBatch): void {
    const { logFormat, output } = this.#options;
    if (logFormat === "none") return;
    this.#payload ??= new PayloadText({ ascii: !output.utf8, json: logFormat === "json" });
    let timed = false;
    for (let i = 0; i < batch.count; i++) {
      if (!batch.isMarked(i)) continue;
      const datagrams = batch.datagrams(i);
      for (let k = 0; k < datagrams; k++) {
        if (!this.#takeLine()) {
          this.#counts[LINES_LEFT_OUT]! += datagrams - k;
          break;
        }
        if (!output.hasRoom()) continue;
        if (!timed) this.#readTime();
        timed = true;
        this.#writeLine(batch, i, k);
      }
    }
    if (timed) output.flush();
  }

  /** Starts the next second of the limit, and reports how many lines were left out: for all servers, if this is number 0. */
  everySecond(): void {
    const { output, logLimitPerSecond, group: { block, index } } = this.#options;
    output.flush();
    if (index > 0) return;
    Atomics.store(block.linesLeft, 0, logLimitPerSecond);
    const leftOut = block.counters.reduce((sum, { counts }) => sum + counts[LINES_LEFT_OUT]!, 0);
    const datagrams = leftOut - this.#leftOutReported;
    // A report that was lost is made again.
    if (datagrams > 0 && !output.writeText(this.#leftOutLine(datagrams))) return;
    this.#reportedAt = performance.now();
    this.#leftOutReported = leftOut;
  }

  #leftOutLine(datagrams: number): string {
    const { logFormat, logTime, logLimitPerSecond } = this.#options;
    const time = new Date().toISOString();
    if (logFormat === "json") return JSON.stringify({ event: "left_out", time, datagrams });
    const seconds = ((performance.now() - this.#reportedAt) / 1000).toFixed(1);
    const text = `LEFT OUT: ${datagrams} datagrams in ${seconds} s (--log-limit ${logLimitPerSecond})`;
    return logTime ? `${time} ${text}` : text;
  }

  /** Whether the limit allows another line, which it then counts. */
  #takeLine(): boolean {
    const { logLimitPerSecond, group: { block: { linesLeft } } } = this.#options;
    return logLimitPerSecond === 0 || (Atomics.load(linesLeft, 0) > 0 && Atomics.sub(linesLeft, 0, 1) > 0);
  }

  /** Writes the line of datagram `k` of message `i`. */
  #writeLine(batch: MessageBatch, i: number, k: number): void {
    const { output, port } = this.#options;
    const { bytes: out } = output;
    const { addresses, payloads } = batch;
    const size = batch.payloadSize(i, k);
    const peer = batch.peerWord(i);
    const local = batch.localWord(i);
    let { at } = output;
    for (const part of size > PAYLOAD_SHOWN_MAX ? this.#longLine : this.#line) {
      if (typeof part !== "string") at = append(out, at, part);
      else if (part === "time") at = append(out, at, this.#time);
      else if (part === "peer") at = formatEndpoint(out, at, addresses, peer, batch.peerZone(i), batch.peerPort(i));
      else if (part === "local") at = formatEndpoint(out, at, addresses, local, batch.localZone(i), port);
      else if (part === "bytes") at = formatDecimal(out, at, size);
      else at = this.#payload!.write(out, at, payloads, batch.payloadOffset(i, k), size);
    }
    output.endLine(at);
  }

  /** Reads the time, in the format of RFC 3339: UTC, with microseconds. */
  #readTime(): void {
    this.#clock.read();
    const { seconds, nanoseconds } = this.#clock;
    if (seconds !== this.#second) {
      this.#second = seconds;
      encoder.encodeInto(new Date(seconds * 1000).toISOString().slice(0, POINT), this.#time);
    }
    // The leading digit keeps the zeros behind it, and makes room for the point.
    formatDecimal(this.#time, POINT, 1_000_000 + Math.floor(nanoseconds / 1000));
    this.#time[POINT] = 0x2e;
  }
}

const encoder = new TextEncoder();
/** Offset of the decimal point in the time. */
const POINT = "2026-11-22T12:00:00".length;

/** The lines by format, with the fields of {@link Log} in angle brackets. */
const LINES = {
  text: "RECV: <peer> -> <local> - [<payload>]",
  json: '{"event":"echo","time":"<time>","peer":"<peer>","local":"<local>","bytes":<bytes>,"payload":"<payload>"}',
  none: "",
};

function partsOf(line: string): Part[] {
  return line.split(/<(\w+)>/).map((part, i) => i % 2 === 0 ? encoder.encode(part) : part);
}
