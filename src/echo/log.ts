/**
 * One line per datagram, as long as that costs the echo nothing.
 * @module
 */

import { CLOCK_REALTIME } from "../../ffi/constants.ts";
import { Clock } from "../../ffi/clock.ts";
import { formatDecimal, formatEndpoint } from "../net/address.ts";
import type { MessageBatch } from "../socket/message_batch.ts";
import type { Output } from "../cli/output.ts";
import { formatPayload, PAYLOAD_SHOWN_MAX, PAYLOAD_TEXT_MAX } from "./payload_text.ts";

/** The forms in which datagrams are logged. */
export const LOG_FORMATS = ["text", "json", "none"] as const;
/** One of {@link LOG_FORMATS}. */
export type LogFormat = typeof LOG_FORMATS[number];

/** Writes the lines, and counts those that it leaves out. */
export class Log {
  /** Datagrams without a line since the start, because there were more than the limit. */
  leftOut = 0;
  readonly #output: Output;
  readonly #format: LogFormat;
  readonly #limit: number;
  readonly #port: number;
  readonly #clock = new Clock(CLOCK_REALTIME);
  readonly #time = new Uint8Array(TIME_SIZE);
  readonly #payload = new Uint8Array(PAYLOAD_TEXT_MAX);
  #second = -1;
  #budget: number;
  #leftOutTold = 0;

  /**
   * @param output where the lines go
   * @param format their form
   * @param limit most lines a second, 0 for no limit
   * @param port the local port
   */
  constructor(output: Output, format: LogFormat, limit: number, port: number) {
    this.#output = output;
    this.#format = format;
    this.#limit = limit === 0 ? Infinity : limit;
    this.#budget = this.#limit;
    this.#port = port;
  }

  /** Logs the messages of a batch that are answered. It allocates nothing, but the name of a link-local zone. */
  record(batch: MessageBatch): void {
    if (this.#format === "none") return;
    let timed = false;
    for (let i = 0; i < batch.count; i++) {
      if (!batch.isMarked(i)) continue;
      const datagrams = batch.datagrams(i);
      for (let k = 0; k < datagrams; k++) {
        if (this.#budget <= 0) {
          this.leftOut += datagrams - k;
          break;
        }
        this.#budget--;
        if (!this.#output.hasRoom()) continue;
        if (!timed) this.#readTime();
        timed = true;
        this.#writeLine(batch, i, k);
      }
    }
    if (timed) this.#output.flush();
  }

  /** Starts the next second, and says how many lines were left out in the last. To be called once a second. */
  nextSecond(): void {
    this.#budget = this.#limit;
    const datagrams = this.leftOut - this.#leftOutTold;
    if (datagrams > 0) {
      this.#readTime();
      this.#output.writeLine(
        this.#format === "json"
          ? `{"event":"left_out","time":"${new TextDecoder().decode(this.#time)}","datagrams":${datagrams}}`
          : `LEFT OUT: ${datagrams} datagrams in 1.0 s (--log-limit ${this.#limit})`,
      );
      this.#leftOutTold = this.leftOut;
    }
    this.#output.flush();
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
      at = formatPayload(bytes, at, batch.payloads, from, size);
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
    const end = formatPayload(this.#payload, 0, payload, from, size);
    for (let i = 0; i < end; i++) {
      const byte = this.#payload[i]!;
      // All else that JSON wants escaped is already.
      if (byte === 0x22 || byte === 0x5c) bytes[at++] = 0x5c;
      bytes[at++] = byte;
    }
    return at;
  }

  /** Reads the time, and writes it as RFC 3339 has it: UTC, with microseconds. */
  #readTime(): void {
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
