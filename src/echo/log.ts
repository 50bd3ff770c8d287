/**
 * The log: one line for each datagram that is answered.
 * @module
 */

import { CLOCK_REALTIME } from "../../ffi/constants.ts";
import { Clock } from "../../ffi/clock.ts";
import type { Output } from "../cli/output.ts";
import { formatDecimal, formatEndpoint } from "../net/address.ts";
import type { MessageBatch } from "../socket/message_batch.ts";
import { LINES_LEFT_OUT } from "./counters.ts";
import type { EchoSettings } from "./options.ts";
import { append, PAYLOAD_SHOWN_MAX, PayloadText } from "./payload_text.ts";

/** Options of a {@link Log}. */
export interface LogOptions extends Pick<EchoSettings, "logFormat" | "logTime" | "logLimitPerSecond"> {
  /** Where the lines go. */
  readonly output: Output;
  /** The local port. */
  readonly port: number;
  /** Counts of `Counters`, of which it counts {@link LINES_LEFT_OUT}. */
  readonly counts: Float64Array;
  /** Lines left of this second, shared with other workers. */
  readonly linesLeft: Int32Array;
}

/** Writes the lines of the log, and counts those that the limit leaves out. */
export class Log {
  readonly #options: LogOptions;
  readonly #clock = new Clock(CLOCK_REALTIME);
  readonly #time = new Uint8Array(TIME_SIZE);
  // Literal bytes, and names of fields.
  readonly #line: readonly (Uint8Array | string)[];
  // Made after the first echo: to find out whether the output takes UTF-8 takes a millisecond.
  #payload: PayloadText | undefined;
  #second = -1;
  #leftOutReported = 0;
  #reportedAt = performance.now();

  /** Makes a log; it writes nothing yet. */
  constructor(options: LogOptions) {
    const { logFormat, logTime } = options;
    const line = logTime && logFormat === "text" ? `<time> ${LINES.text}` : LINES[logFormat];
    this.#line = line.split(/<(\w+)>/).map((part, i) => i % 2 === 0 ? encoder.encode(part) : part);
    this.#options = options;
  }

  /** Logs the messages of a batch that are answered. It allocates only for the zones of link-local addresses. */
  record(batch: MessageBatch): void {
    const { logFormat, output, counts } = this.#options;
    if (logFormat === "none") return;
    this.#payload ??= new PayloadText({ ascii: !output.utf8, json: logFormat === "json" });
    let timed = false;
    for (let i = 0; i < batch.count; i++) {
      if (!batch.isMarked(i)) continue;
      const datagrams = batch.datagrams(i);
      for (let k = 0; k < datagrams; k++) {
        if (!this.#takeLine()) {
          counts[LINES_LEFT_OUT]! += datagrams - k;
          break;
        }
        if (!output.hasRoom()) continue;
        if (!timed) this.#writeTime();
        timed = true;
        this.#writeLine(batch, i, k);
      }
    }
    if (timed) output.flush();
  }

  /**
   * Starts the next second of the limit, and reports how many lines were left out. To be called once a second by one of
   * the workers.
   * @param leftOut lines that all workers left out since the start
   */
  nextSecond(leftOut: number): void {
    const { output, linesLeft, logLimitPerSecond } = this.#options;
    Atomics.store(linesLeft, 0, logLimitPerSecond);
    const datagrams = leftOut - this.#leftOutReported;
    if (datagrams === 0) {
      this.#reportedAt = performance.now();
      output.flush();
    } else if (output.writeText(this.#leftOutLine(datagrams))) {
      this.#reportedAt = performance.now();
      this.#leftOutReported = leftOut;
    }
  }

  /** Whether the limit allows another line, which it then counts. */
  #takeLine(): boolean {
    const { linesLeft, logLimitPerSecond } = this.#options;
    return logLimitPerSecond === 0 || (Atomics.load(linesLeft, 0) > 0 && Atomics.sub(linesLeft, 0, 1) > 0);
  }

  #leftOutLine(datagrams: number): string {
    const { logFormat, logTime, logLimitPerSecond } = this.#options;
    const seconds = (performance.now() - this.#reportedAt) / 1000;
    const time = new Date().toISOString();
    if (logFormat === "json") return JSON.stringify({ event: "left_out", time, datagrams });
    const line = `LEFT OUT: ${datagrams} datagrams in ${seconds.toFixed(1)} s (--log-limit ${logLimitPerSecond})`;
    return logTime ? `${time} ${line}` : line;
  }

  /** Writes the line of datagram `k` of message `i`. */
  #writeLine(batch: MessageBatch, i: number, k: number): void {
    const { output } = this.#options;
    let { at } = output;
    for (const part of this.#line) {
      at = typeof part === "string" ? this.#writeField(part, at, batch, i, k) : append(output.bytes, at, part);
    }
    output.endLine(at);
  }

  #writeField(field: string, at: number, batch: MessageBatch, i: number, k: number): number {
    const { output: { bytes }, port } = this.#options;
    const { addresses } = batch;
    const from = k * batch.segmentSize(i);
    const size = Math.min(batch.segmentSize(i), batch.size(i) - from);
    switch (field) {
      case "time":
        return append(bytes, at, this.#time);
      case "peer":
        return formatEndpoint(bytes, at, addresses, batch.peerWord(i), batch.peerZone(i), batch.peerPort(i));
      case "local":
        return formatEndpoint(bytes, at, addresses, batch.localWord(i), batch.localZone(i), port);
      case "payload":
        return this.#payload!.write(bytes, at, batch.payloads, batch.payloadOffset(i) + from, size);
      case "bytes":
        return formatDecimal(bytes, at, size);
      default:
        if (size <= PAYLOAD_SHOWN_MAX) return at;
        return append(bytes, formatDecimal(bytes, append(bytes, at, LENGTH), size), LENGTH_END);
    }
  }

  /** Writes the time in the format of RFC 3339: UTC, with microseconds. */
  #writeTime(): void {
    this.#clock.read();
    const { seconds, nanoseconds } = this.#clock;
    if (seconds !== this.#second) {
      this.#second = seconds;
      encoder.encodeInto(new Date(seconds * 1000).toISOString(), this.#time);
      this.#time[TIME_SIZE - 1] = 0x5a;
    }
    let rest = Math.floor(nanoseconds / 1000);
    for (let i = TIME_SIZE - 2; i > 19; i--) {
      this.#time[i] = 0x30 + rest % 10;
      rest = Math.floor(rest / 10);
    }
  }
}

const encoder = new TextEncoder();
const TIME_SIZE = "2026-11-22T12:00:00.123456Z".length;
const LENGTH = encoder.encode(" (");
const LENGTH_END = encoder.encode(" bytes)");

/** The lines by format, with the fields of {@link Log} in angle brackets. */
const LINES = {
  text: "RECV: <peer> -> <local> - [<payload>]<length>",
  json: '{"event":"echo","time":"<time>","peer":"<peer>","local":"<local>","bytes":<bytes>,"payload":"<payload>"}',
  none: "",
};
