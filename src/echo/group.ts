/**
 * Servers in several processes that share a port, and what they share in memory.
 * @module
 */

import { createShared, mapShared } from "../../ffi/shared_memory.ts";
import { BROADCAST, MULTICAST } from "../socket/control_message.ts";
import type { MessageBatch } from "../socket/message_batch.ts";
import { Counters, COUNTS, RECEIVED, RECEIVED_BYTES } from "./counters.ts";

/** Longest time until the next {@link Group.tend}, in milliseconds: a signal ends the sleep when there is something to do. */
export const TEND_MILLISECONDS = 1000;

/** The servers on a port, as one of them sees them. */
export interface Group {
  /** Number of this server; number 0 speaks for all. */
  readonly index: number;
  /** What they share in memory. */
  readonly block: Block;
  /**
   * Called between rounds: every 10 ms under load, and after each sleep.
   * @returns milliseconds until the next call is due; 0 to stop this server
   */
  tend(): number;
}

/**
 * Whether message `i` is for server number `index` of a group. A datagram to a broadcast or multicast address comes to
 * every server, and number 0 handles it.
 */
export function isFor(index: number, batch: MessageBatch, i: number): boolean {
  const destination = batch.destination(i);
  return index === 0 || (destination !== BROADCAST && destination !== MULTICAST);
}

/** Counts what server number `index` has received; returns the number of datagrams. */
export function countReceived(index: number, { counts }: Counters, batch: MessageBatch): number {
  let [datagrams, bytes] = [0, 0];
  for (let i = 0; i < batch.count; i++) {
    if (!isFor(index, batch, i)) continue;
    datagrams += batch.datagrams(i);
    bytes += batch.size(i);
  }
  // In one step: the process may be killed at any time.
  counts[RECEIVED]! += datagrams;
  counts[RECEIVED_BYTES]! += bytes;
  return datagrams;
}

/** Most messages of one system call. */
export const BATCH_CAPACITY = 64;

/** Bytes that processors exchange as a whole: what several servers write has a line of its own. */
const CACHE_LINE = 64;
const COUNTERS_SIZE = Math.ceil(COUNTS * 8 / CACHE_LINE) * CACHE_LINE;
const HEADERS_SIZE = BATCH_CAPACITY * 1024;
/** Bytes that all servers share, and those of each server. */
const SHARED_SIZE = 3 * CACHE_LINE;
const SERVER_SIZE = COUNTERS_SIZE + HEADERS_SIZE;

/** Memory that all servers of a group map. A server that is alone has ordinary memory. */
export class Block {
  /** Its descriptor; -1 if there is one server. */
  readonly fd: number;
  /** 1 if the servers are to stop. */
  readonly stop: Int32Array;
  /** The word of `TotalRate`. */
  readonly maxRateWord: Int32Array;
  /** Lines of the log that are left of this second. */
  readonly linesLeft: Int32Array;
  /** Counters by server. */
  readonly counters: readonly Counters[];
  /** Memory for the headers of the batch, by server; empty if there is one server. */
  readonly headers: readonly Uint8Array<ArrayBuffer>[];

  /**
   * @param servers number of servers, or of the first of them
   * @param fd the memory that another process has created; new memory, if absent
   */
  constructor(servers: number, fd?: number) {
    const size = SHARED_SIZE + servers * SERVER_SIZE;
    const alone = servers === 1;
    this.fd = alone ? -1 : fd ?? createShared(size);
    const { buffer, byteOffset } = alone ? new Uint8Array(size) : mapShared(this.fd, size);
    const word = (line: number) => new Int32Array(buffer, byteOffset + line * CACHE_LINE, 1);
    this.stop = word(0);
    this.maxRateWord = word(1);
    this.linesLeft = word(2);
    const offsets = Array.from({ length: servers }, (_, i) => byteOffset + SHARED_SIZE + i * SERVER_SIZE);
    this.counters = offsets.map((offset) => new Counters(new Float64Array(buffer, offset, COUNTS)));
    this.headers = alone ? [] : offsets.map((at) => new Uint8Array(buffer, at + COUNTERS_SIZE, HEADERS_SIZE));
  }
}
