/**
 * The log: one line for each datagram that is answered.
 * @module
 */

import { CLOCK_REALTIME } from "../../ffi/constants.ts";
import { Clock } from "../../ffi/clock.ts";
import type { Output } from "../cli/output.ts";
import { formatDecimal, formatEndpoint } from "../net/address.ts";
import type { MessageBatch } from "../socket/message_batch.ts";
import { formatPayload, PAYLOAD_SHOWN_MAX, PAYLOAD_TEXT_MAX } from "./payload_text.ts";

/** The formats of the log. */
export const LOG_FORMATS = ["text", "json", "none"] as const;
/** One of {@link LOG_FORMATS}. */
export type LogFormat = typeof LOG_FORMATS[number];

/** Options of a {@link Log}. */
export interface LogOptions {
  /** Where the lines go. */
  readonly output: Output;
  /** The format of the lines. */
  readonly format: LogFormat;
  /** Most lines a second, 0 for no limit. */
  readonly limitPerSecond: number;
  /** The local port. */
  readonly port: number;
  /** Lines left of this second, shared with other workers; memory of its own, if absent. */
  readonly linesLeft?: Int32Array | undefined;
}

/** Writes the lines of the log, and counts those that the limit leaves out. */
export class Log {
  /** Datagrams without a line since the start because of the limit. */
  leftOut = 0;
  readonly #output: Output;
  readonly #format: LogFormat;
  readonly #limit: number;
  readonly #linesLeft: Int32Array;
  readonly #port: number;
  readonly #clock = new Clock(CLOCK_REALTIME);
  readonly #time = new Uint8Array(TIME_SIZE);
  readonly #payload = new Uint8Array(PAYLOAD_TEXT_MAX);
  // Whether to escape characters outside ASCII. Finding out takes a millisecond: it is done after the first echo.
  #ascii: boolean | undefined;
  #second = -1;
  #leftOutReported = 0;
  #reportedAt = performance.now();

  /** Makes a log; it writes nothing yet. */
  constructor({ output, format, limitPerSecond, port, linesLeft }: LogOptions) {
    this.#output = output;
    this.#format = format;
    this.#limit = limitPerSecond;
    this.#linesLeft = linesLeft ?? Int32Array.of(limitPerSecond);
    this.#port = port;
  }

  /** Logs the messages of a batch that are answered. It allocates only for the zones of link-local addresses. */
  record(batch: MessageBatch): void {
    if (this.#format === "none") return;
    this.#ascii ??= !this.#output.utf8;
    let timed = false;
    for (let i = 0; i < batch.count; i++) {
      if (!batch.isMarked(i)) continue;
      const datagrams = batch.datagrams(i);
      for (let k = 0; k < datagrams; k++) {
        if (!this.#takeLine()) {
          this.leftOut += datagrams - k;
          break;
        }
        if (!this.#output.hasRoom()) continue;
        if (!timed) this.#writeTime();
        timed = true;
        this.#writeLine(batch, i, k);
      }
    }
    if (timed) this.#output.flush();
  }

  /**
   * Starts the next second of the limit, and reports how many lines were left out. To be called once a second by one of
   * the workers.
   * @param leftOut {@link leftOut} of all workers
   */
  nextSecond(leftOut: number = this.leftOut): void {
    Atomics.store(this.#linesLeft, 0, this.#limit);
    const datagrams = leftOut - this.#leftOutReported;
    if (datagrams === 0) {
      this.#reportedAt = performance.now();
      this.#output.flush();
    } else if (this.#output.writeText(this.#leftOutLine(datagrams))) {
      this.#reportedAt = performance.now();
      this.#leftOutReported = leftOut;
    }
  }

  /** Whether the limit allows another line, which it then counts. */
  #takeLine(): boolean {
    if (this.#limit === 0) return true;
    return Atomics.load(this.#linesLeft, 0) > 0 && Atomics.sub(this.#linesLeft, 0, 1) > 0;
  }

  #leftOutLine(datagrams: number): string {
    this.#writeTime();
    const seconds = ((performance.now() - this.#reportedAt) / 1000).toFixed(1);
    return this.#format === "json"
      ? `{"event":"left_out","time":"${new TextDecoder().decode(this.#time)}","datagrams":${datagrams}}`
      : `LEFT OUT: ${datagrams} datagrams in ${seconds} s (--log-limit ${this.#limit})`;
  }

  /** Writes the line of datagram `k` of message `i`. */
  #writeLine(batch: MessageBatch, i: number, k: number): void {
    const segmentSize = batch.segmentSize(i);
    const from = batch.payloadOffset(i) + k * segmentSize;
    const size = Math.min(segmentSize, batch.size(i) - k * segmentSize);
    const { bytes } = this.#output;
    let at = this.#output.at;
    if (this.#format === "json") {
      at = append(bytes, at, TIME_KEY);
      at = append(bytes, at, this.#time);
      at = append(bytes, at, PEER_KEY);
      at = this.#writePeer(batch, i, at);
      at = append(bytes, at, LOCAL_KEY);
      at = this.#writeLocal(batch, i, at);
      at = append(bytes, at, BYTES_KEY);
      at = formatDecimal(bytes, at, size);
      at = append(bytes, at, PAYLOAD_KEY);
      at = this.#writeJsonPayload(batch.payloads, from, size, at);
      at = append(bytes, at, JSON_END);
    } else {
      at = append(bytes, at, RECV);
      at = this.#writePeer(batch, i, at);
      at = append(bytes, at, ARROW);
      at = this.#writeLocal(batch, i, at);
      at = append(bytes, at, PAYLOAD);
      at = formatPayload(bytes, at, batch.payloads, from, size, this.#ascii!);
      bytes[at++] = 0x5d;
      if (size > PAYLOAD_SHOWN_MAX) {
        at = append(bytes, at, LENGTH);
        at = formatDecimal(bytes, at, size);
        at = append(bytes, at, LENGTH_END);
      }
    }
    this.#output.endLine(at);
  }

  #writePeer(batch: MessageBatch, i: number, at: number): number {
    const zone = batch.peerZone(i);
    return formatEndpoint(this.#output.bytes, at, batch.addresses, batch.peerWord(i), zone, batch.peerPort(i));
  }

  #writeLocal(batch: MessageBatch, i: number, at: number): number {
    return formatEndpoint(this.#output.bytes, at, batch.addresses, batch.localWord(i), batch.localZone(i), this.#port);
  }

  #writeJsonPayload(payload: Uint8Array, from: number, size: number, at: number): number {
    const { bytes } = this.#output;
    const end = formatPayload(this.#payload, 0, payload, from, size, this.#ascii!);
    for (let i = 0; i < end; i++) {
      const byte = this.#payload[i]!;
      // The text has no control characters, which JSON would escape too.
      if (byte === 0x22 || byte === 0x5c) bytes[at++] = 0x5c;
      bytes[at++] = byte;
    }
    return at;
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

function append(out: Uint8Array, at: number, bytes: Uint8Array): number {
  for (let i = 0; i < bytes.length; i++) out[at + i] = bytes[i]!;
  return at + bytes.length;
}

const encoder = new TextEncoder();
const TIME_SIZE = "2026-11-22T12:00:00.123456Z".length;
const RECV = encoder.encode("RECV: ");
const ARROW = encoder.encode(" -> ");
const PAYLOAD = encoder.encode(" - [");
const LENGTH = encoder.encode(" (");
const LENGTH_END = encoder.encode(" bytes)");
const TIME_KEY = encoder.encode('{"time":"');
const PEER_KEY = encoder.encode('","peer":"');
const LOCAL_KEY = encoder.encode('","local":"');
const BYTES_KEY = encoder.encode('","bytes":');
const PAYLOAD_KEY = encoder.encode(',"payload":"');
const JSON_END = encoder.encode('"}');
