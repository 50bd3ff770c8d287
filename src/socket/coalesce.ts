/**
 * Coalescing: messages of one flow become trains.
 * @module
 */

import { UDP_MAX_SEGMENTS } from "../../ffi/constants.ts";
import { addressHash } from "../net/address.ts";
import { field, FLOW_WORDS, sameWords, word } from "./message_layout.ts";
import type { Messages } from "./messages.ts";

/** Messages that are coalesced together, at most. */
export const WINDOW = 64;
/** Most bytes of a train: the largest payload of an IPv4 packet. */
const TRAIN_SIZE_MAX = 65_507;
/** Slots of the hash table of flows, whose index is 7 bits of a hash: twice as many as flows. */
const SLOTS = 2 * WINDOW;

/** The first message of the newest train of each flow, by hash of the flow; -1 for none. Linear probing. */
const newest = new Int32Array(SLOTS);

/**
 * Coalesces the marked messages from `first` to before `end`, at most {@link WINDOW}. A flow is a peer, a local address
 * and an interface to leave by, and a traffic class; its messages keep their order. It allocates nothing.
 *
 * A train is one or more messages of a flow in their order; it leaves in one call with `UDP_SEGMENT`. A single datagram is
 * a train of one. Its first message stands for a train, has its size, and begins the chain of its messages.
 * @param heads receives the first message of each train
 * @param segmentation whether trains may hold more than one message
 * @returns the number of trains
 */
export function coalesce(
  messages: Messages,
  first: number,
  end: number,
  heads: Int32Array,
  segmentation: boolean,
): number {
  const mayJoin = segmentation && end - first > 1;
  if (mayJoin) newest.fill(-1);
  let trains = 0;
  for (let i = first; i < end; i++) {
    if (messages.get(i, field.marked) === 0) continue;
    messages.set(i, field.error, 0);
    messages.set(i, field.next, -1);
    messages.set(i, field.trainLast, i);
    messages.set(i, field.trainSize, messages.get(i, field.size));
    messages.set(i, field.trainDatagrams, messages.datagrams(i));
    if (mayJoin) {
      const slot = findFlow(messages, i);
      if (newest[slot]! >= 0 && join(messages, newest[slot]!, i)) continue;
      newest[slot] = i;
    }
    heads[trains++] = i;
  }
  return trains;
}

/** Appends message `i` to a train of its flow; returns false if it does not fit. */
function join(messages: Messages, train: number, i: number): boolean {
  const size = messages.get(i, field.size);
  const datagrams = messages.get(i, field.trainDatagrams);
  const segmentSize = messages.get(train, field.segmentSize);
  const trainSize = messages.get(train, field.trainSize);
  const trainDatagrams = messages.get(train, field.trainDatagrams);
  // An empty datagram is no segment, and a short one must be the last.
  if (trainSize === 0 || size === 0 || trainSize !== trainDatagrams * segmentSize) return false;
  if (messages.get(i, field.segmentSize) !== segmentSize && (datagrams > 1 || size > segmentSize)) return false;
  if (trainSize + size > TRAIN_SIZE_MAX || trainDatagrams + datagrams > UDP_MAX_SEGMENTS) return false;
  messages.set(messages.get(train, field.trainLast), field.next, i);
  messages.set(train, field.trainLast, i);
  messages.set(train, field.trainSize, trainSize + size);
  messages.set(train, field.trainDatagrams, trainDatagrams + datagrams);
  return true;
}

/** The slot of the flow of message `i`: that of the flow's newest train, or a free one. */
function findFlow(messages: Messages, i: number): number {
  const { paths } = messages;
  const path = messages.path(i);
  const seed = paths[path + word.peerPort]! ^ paths[path + word.local + 3]!;
  let slot = addressHash(paths, path + word.peer, seed) >>> 25;
  while (newest[slot]! >= 0 && !sameFlow(messages, newest[slot]!, i)) slot = (slot + 1) & (SLOTS - 1);
  return slot;
}

function sameFlow(messages: Messages, a: number, b: number): boolean {
  const { paths } = messages;
  return sameWords(paths, messages.path(a), paths, messages.path(b), FLOW_WORDS) &&
    messages.get(a, field.sendTrafficClass) === messages.get(b, field.sendTrafficClass);
}
