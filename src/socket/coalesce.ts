/**
 * Coalescing: messages of one flow become trains.
 * @module
 */

import { UDP_MAX_SEGMENTS } from "../../ffi/constants.ts";
import { sameAddress } from "../net/address.ts";
import { MARKED, type Messages } from "./messages.ts";

/** Messages that are coalesced together, at most. */
export const WINDOW = 64;
/** Most bytes of a train: the largest payload of an IPv4 packet. */
const TRAIN_SIZE_MAX = 65_507;
/** Slots of the hash table of flows: twice as many as flows. */
const SLOTS = 2 * WINDOW;

/**
 * The trains of a window of messages, by train number. A train is one or more messages of a flow in their order, linked
 * by {@link next}; it leaves in one call with `UDP_SEGMENT`. A single datagram is a train of one.
 */
export class Trains {
  /** Number of trains. */
  count = 0;
  /** First message of each train. */
  readonly head = new Int32Array(WINDOW);
  /** Payload bytes of each train. */
  readonly bytes = new Int32Array(WINDOW);
  /** Datagrams of each train. */
  readonly datagrams = new Int32Array(WINDOW);
  /** Bytes of each datagram of a train but the last, which may be shorter. */
  readonly segmentSizes = new Int32Array(WINDOW);
  /** Next message of the same train, by message number modulo {@link WINDOW}; -1 at the end. */
  readonly next = new Int32Array(WINDOW);
  /** Last message of each train. */
  readonly tail = new Int32Array(WINDOW);
  /** Whether each train can take more messages. */
  readonly open = new Uint8Array(WINDOW);
  /** Newest train of each flow by hash of the flow, -1 for none: open addressing with linear probing. */
  readonly newest = new Int32Array(SLOTS);

  /** The message behind message `i` in its train; -1 at the end. */
  after(i: number): number {
    return this.next[i % WINDOW]!;
  }
}

/**
 * Coalesces the marked messages from `first` to before `end`, at most {@link WINDOW}. A flow is a peer, a
 * local address, an interface to leave by and a traffic class; its messages keep their order. It allocates nothing.
 * @param trains receives the result
 * @param segmentation whether trains may hold more than one message
 */
export function coalesce(messages: Messages, first: number, end: number, trains: Trains, segmentation: boolean): void {
  trains.count = 0;
  const alone = end - first === 1;
  if (!alone) trains.newest.fill(-1);
  for (let i = first; i < end; i++) {
    if (messages.marks[i] !== MARKED) continue;
    messages.errors[i] = 0;
    const slot = alone ? 0 : findFlow(messages, i, trains);
    const newest = trains.newest[slot]!;
    if (!alone && newest >= 0 && join(messages, i, trains, newest)) continue;
    trains.newest[slot] = begin(messages, i, trains, segmentation);
  }
}

/** Begins a train with message `i`; returns its number. */
function begin(messages: Messages, i: number, trains: Trains, segmentation: boolean): number {
  const train = trains.count++;
  const size = messages.sizes[i]!;
  const datagrams = messages.datagrams(i);
  trains.head[train] = i;
  trains.tail[train] = i;
  trains.next[i % WINDOW] = -1;
  trains.bytes[train] = size;
  trains.datagrams[train] = datagrams;
  trains.segmentSizes[train] = messages.segmentSizes[i]!;
  // An empty datagram is no segment, and a short one must be the last.
  trains.open[train] = segmentation && size > 0 && size === datagrams * messages.segmentSizes[i]! ? 1 : 0;
  return train;
}

/** Appends message `i` to a train of its flow; returns false if it does not fit. */
function join(messages: Messages, i: number, trains: Trains, train: number): boolean {
  const size = messages.sizes[i]!;
  const segmentSize = messages.segmentSizes[i]!;
  const datagrams = messages.datagrams(i);
  const trainSegmentSize = trains.segmentSizes[train]!;
  if (trains.open[train] === 0 || size === 0) return false;
  if (segmentSize !== trainSegmentSize && (datagrams > 1 || size > trainSegmentSize)) return false;
  if (trains.bytes[train]! + size > TRAIN_SIZE_MAX) return false;
  if (trains.datagrams[train]! + datagrams > UDP_MAX_SEGMENTS) return false;
  trains.next[trains.tail[train]! % WINDOW] = i;
  trains.tail[train] = i;
  trains.next[i % WINDOW] = -1;
  trains.bytes[train]! += size;
  trains.datagrams[train]! += datagrams;
  if (size % trainSegmentSize !== 0) trains.open[train] = 0;
  return true;
}

/** The slot of the flow of message `i`: that of the flow's newest train, or a free one. */
function findFlow(messages: Messages, i: number, trains: Trains): number {
  const { addresses } = messages;
  const peer = messages.peerWord(i);
  const local = messages.localWord(i);
  let hash = Math.imul(addresses[peer + 3]! ^ addresses[peer + 2]!, 0x9e3779b1) ^
    Math.imul(messages.ports[i]!, 0x85ebca6b);
  hash = Math.imul(hash ^ addresses[local + 3]! ^ addresses[peer + 1]!, 0xc2b2ae35);
  let slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
  for (;;) {
    const train = trains.newest[slot]!;
    if (train < 0 || sameFlow(messages, trains.head[train]!, i)) return slot;
    slot = (slot + 1) & (SLOTS - 1);
  }
}

function sameFlow(messages: Messages, a: number, b: number): boolean {
  const { addresses, ports, scopes, sendInterfaces, sendTrafficClasses } = messages;
  return sameAddress(addresses, messages.peerWord(a), addresses, messages.peerWord(b)) &&
    sameAddress(addresses, messages.localWord(a), addresses, messages.localWord(b)) &&
    ports[a] === ports[b] && scopes[a] === scopes[b] &&
    sendInterfaces[a] === sendInterfaces[b] && sendTrafficClasses[a] === sendTrafficClasses[b];
}
