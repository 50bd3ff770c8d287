/**
 * Where datagrams go out: the marked messages of a batch, from the local address that each was sent to, in as few trips
 * through the kernel as can be.
 * @module
 */

import {
  EAGAIN,
  EINTR,
  EINVAL,
  EIO,
  EMSGSIZE,
  EOPNOTSUPP,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  UDP_MAX_SEGMENTS,
} from "../../ffi/constants.ts";
import { ERRNO_COUNT, OTHER_ERROR } from "../../ffi/errno.ts";
import { iovec, mmsghdr } from "../../ffi/layouts.ts";
import { MessageVector, writeBuffer } from "../../ffi/message_vector.ts";
import { isLinkLocal, isMapped } from "../net/address.ts";
import {
  appendIPv4PacketInfo,
  appendIPv6PacketInfo,
  appendSegmentSize,
  REPLY_CONTROL_SIZE,
} from "./control_message.ts";
import type { MessageBatch } from "./message_batch.ts";
import type { SegmentationRefusals } from "./segmentation_refusals.ts";
import type { SendBuffer } from "./send_buffer.ts";

/** Most bytes that one train carries: what fits an IPv4 packet. */
const TRAIN_SIZE_MAX = 65_507;

/**
 * Sends the replies of one batch.
 *
 * Replies of one flow (the same peer, the same local address) whose sizes allow it leave together as a train
 * (`UDP_SEGMENT`) over the buffers that they arrived in; the order within a flow is kept. Where the kernel refuses a
 * train, its datagrams go one by one, and the peer is remembered.
 */
export class Replies {
  /** Datagrams that the kernel refused to send since the start, by error number. */
  readonly failed: Float64Array;
  /** The error number of the datagram that failed last. */
  lastError = 0;
  /** Whether a device on the way to some peer has turned out not to take trains. */
  deviceRefused = false;

  readonly #batch: MessageBatch;
  readonly #fd: number;
  readonly #segmentation: boolean;
  readonly #refusals: SegmentationRefusals;
  readonly #buffer: SendBuffer;
  // Trains and single datagrams as they are planned, and the datagrams of a train that was refused.
  readonly #planned: Outgoing;
  readonly #singles: Outgoing;

  // Trains of the batch at hand. A train is a list of messages linked by #next.
  #trains = 0;
  readonly #head: Int32Array;
  readonly #tail: Int32Array;
  readonly #bytes: Int32Array;
  readonly #datagrams: Int32Array;
  readonly #segmentSize: Int32Array;
  readonly #open: Uint8Array;
  readonly #next: Int32Array;
  // The newest train of each flow, by the flow's hash, with linear probing.
  readonly #newest: Int32Array;

  /**
   * @param batch the batch whose marked messages are to be sent
   * @param fd the socket
   * @param named whether messages name their peer; false for a connected socket
   * @param segmentation whether the kernel knows `UDP_SEGMENT`
   * @param refusals what is known of the peers, shared by all batches of a socket
   * @param buffer the socket's send buffer
   * @param failed where failures are counted by error number
   */
  constructor(
    batch: MessageBatch,
    fd: number,
    named: boolean,
    segmentation: boolean,
    refusals: SegmentationRefusals,
    buffer: SendBuffer,
    failed: Float64Array = new Float64Array(ERRNO_COUNT),
  ) {
    const { capacity } = batch;
    this.#batch = batch;
    this.#fd = fd;
    this.#segmentation = segmentation;
    this.#refusals = refusals;
    this.#buffer = buffer;
    this.failed = failed;
    this.#planned = new Outgoing(batch, 0, named);
    this.#singles = new Outgoing(batch, 1, named);
    this.#head = new Int32Array(capacity);
    this.#tail = new Int32Array(capacity);
    this.#bytes = new Int32Array(capacity);
    this.#datagrams = new Int32Array(capacity);
    this.#segmentSize = new Int32Array(capacity);
    this.#open = new Uint8Array(capacity);
    this.#next = new Int32Array(capacity);
    this.#newest = new Int32Array(2 ** Math.ceil(Math.log2(capacity * 2)));
  }

  /** Sends the marked messages; returns how many datagrams went. The others are counted in {@link failed}. */
  send(): number {
    this.#plan();
    const buffer = this.#buffer;
    let sent = 0;
    for (let train = 0; train < this.#trains; train++) {
      if (buffer.note(this.#bytes[train]!, this.#datagrams[train]!)) {
        sent += this.#sendPlanned();
        buffer.look();
      }
      if (buffer.crowded) {
        sent += this.#sendIfAdmitted(train);
      } else if (this.#goesWhole(train)) {
        this.#addTrain(train);
      } else {
        // What is planned before it goes first, else a flow's order would change.
        sent += this.#sendPlanned();
        sent += this.#sendOneByOne(train);
      }
    }
    return sent + this.#sendPlanned();
  }

  /** Sends as much of a train as there is room for in the crowded send buffer; returns how many datagrams went. */
  #sendIfAdmitted(train: number): number {
    const { i32 } = this.#batch.memory;
    const peer = this.#peerWords(train);
    const datagrams = this.#datagrams[train]!;
    this.#buffer.look();
    if (this.#goesWhole(train) && this.#buffer.admit(i32, peer, this.#bytes[train]!, datagrams)) {
      this.#addTrain(train);
      const sent = this.#sendPlanned();
      this.#buffer.record(i32, peer);
      return sent;
    }
    if (datagrams > 1) return this.#sendOneByOne(train);
    this.#failTrain(train, EAGAIN);
    return 0;
  }

  /** Whether a train is to be tried as one message. */
  #goesWhole(train: number): boolean {
    return this.#datagrams[train] === 1 ||
      !this.#refusals.has(this.#batch.memory.i32, this.#peerWords(train), this.#segmentSize[train]!);
  }

  /** Puts the marked messages into trains. */
  #plan(): void {
    const batch = this.#batch;
    this.#trains = 0;
    if (batch.count > 1) this.#newest.fill(-1);
    for (let i = 0; i < batch.count; i++) {
      if (!batch.replies(i)) continue;
      // It may carry the error of an earlier sending.
      batch.reply(i);
      const slot = batch.count > 1 ? this.#findFlow(i) : 0;
      const newest = this.#newest[slot]!;
      if (batch.count > 1 && newest >= 0 && this.#join(newest, i)) continue;
      const train = this.#trains++;
      const size = batch.size(i);
      const datagrams = batch.datagrams(i);
      this.#newest[slot] = train;
      this.#head[train] = i;
      this.#tail[train] = i;
      this.#next[i] = -1;
      this.#bytes[train] = size;
      this.#datagrams[train] = datagrams;
      this.#segmentSize[train] = batch.segmentSize(i);
      // An empty datagram can't be a segment.
      this.#open[train] = this.#segmentation && size > 0 && size === datagrams * batch.segmentSize(i) ? 1 : 0;
    }
  }

  /** The slot of `#newest` that belongs to the flow of message `i`, which may be empty. */
  #findFlow(i: number): number {
    const batch = this.#batch;
    const mask = this.#newest.length - 1;
    const { i32 } = batch.memory;
    const peer = batch.peerAddressAt(i) >> 2;
    const local = batch.localAt(i) >> 2;
    let hash = Math.imul(i32[peer + 3]! ^ i32[peer + 2]!, 0x9e3779b1) ^ Math.imul(batch.peerPort(i), 0x85ebca6b);
    hash = Math.imul(hash ^ i32[local + 3]! ^ i32[peer + 1]!, 0xc2b2ae35);
    let slot = (hash ^ (hash >>> 15)) & mask;
    for (;;) {
      const train = this.#newest[slot]!;
      if (train < 0 || this.#sameFlow(this.#head[train]!, i)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #sameFlow(a: number, b: number): boolean {
    const batch = this.#batch;
    const { i32 } = batch.memory;
    const peerA = batch.peerAddressAt(a) >> 2;
    const peerB = batch.peerAddressAt(b) >> 2;
    const localA = batch.localAt(a) >> 2;
    const localB = batch.localAt(b) >> 2;
    for (let word = 3; word >= 0; word--) {
      if (i32[peerA + word] !== i32[peerB + word] || i32[localA + word] !== i32[localB + word]) return false;
    }
    // What arrives by several ways is still one flow, and keeps its order.
    return batch.peerPort(a) === batch.peerPort(b) && batch.peerScope(a) === batch.peerScope(b) &&
      (batch.interfaceIndex(a) === batch.interfaceIndex(b) || !namesInterface(batch, a));
  }

  /** Appends message `i` to a train of its flow, if it fits there. */
  #join(train: number, i: number): boolean {
    const batch = this.#batch;
    const size = batch.size(i);
    const segmentSize = batch.segmentSize(i);
    const datagrams = batch.datagrams(i);
    const trainSegment = this.#segmentSize[train]!;
    if (this.#open[train] === 0 || size === 0) return false;
    // Only the last segment may be shorter.
    if (segmentSize !== trainSegment && (datagrams > 1 || size > trainSegment)) return false;
    if (this.#bytes[train]! + size > TRAIN_SIZE_MAX) return false;
    if (this.#datagrams[train]! + datagrams > UDP_MAX_SEGMENTS) return false;
    this.#next[this.#tail[train]!] = i;
    this.#tail[train] = i;
    this.#next[i] = -1;
    this.#bytes[train]! += size;
    this.#datagrams[train]! += datagrams;
    if (size % trainSegment !== 0) this.#open[train] = 0;
    return true;
  }

  /** Adds a train to what is planned, as one message. */
  #addTrain(train: number): void {
    const batch = this.#batch;
    const planned = this.#planned;
    const segments = this.#datagrams[train]!;
    planned.begin(this.#head[train]!, train, segments);
    for (let i = this.#head[train]!; i >= 0; i = this.#next[i]!) planned.addBuffer(batch.payloadAt(i), batch.size(i));
    planned.end(segments > 1 ? this.#segmentSize[train]! : 0);
  }

  /** Sends what is planned; returns how many datagrams went. */
  #sendPlanned(): number {
    const planned = this.#planned;
    let sent = 0;
    let first = 0;
    while (first < planned.count) {
      const result = planned.send(this.#fd, first);
      if (result > 0) {
        for (let i = first; i < first + result; i++) sent += planned.datagrams(i);
        first += result;
        continue;
      }
      const datagrams = planned.datagrams(first);
      if (datagrams > 1 && refusesSegments(-result)) {
        sent += this.#resendOneByOne(planned.train(first), -result);
      } else {
        this.#failTrain(planned.train(first), -result);
      }
      first++;
    }
    planned.clear();
    return sent;
  }

  /** Sends the datagrams of a train that was refused, and remembers whom that concerns. */
  #resendOneByOne(train: number, errno: number): number {
    const sent = this.#sendOneByOne(train);
    // Had the datagrams been refused too, the train would not have been the reason.
    if (sent > 0) {
      this.#refusals.add(this.#batch.memory.i32, this.#peerWords(train), errno === EIO ? 1 : this.#segmentSize[train]!);
      if (errno === EIO) this.deviceRefused = true;
    }
    return sent;
  }

  /** Sends every datagram of a train as a message of its own; returns how many went. */
  #sendOneByOne(train: number): number {
    const batch = this.#batch;
    const singles = this.#singles;
    const buffer = this.#buffer;
    const segmentSize = this.#segmentSize[train]!;
    const peer = this.#peerWords(train);
    let sent = 0;
    for (let i = this.#head[train]!; i >= 0; i = this.#next[i]!) {
      const size = batch.size(i);
      for (let from = 0; from < size; from += segmentSize) {
        const length = Math.min(segmentSize, size - from);
        const crowded = buffer.crowded;
        if (crowded && !buffer.admit(batch.memory.i32, peer, length, 1)) {
          this.#fail(i, EAGAIN, 1);
          continue;
        }
        singles.begin(i, train, 1);
        singles.addBuffer(batch.payloadAt(i) + from, length);
        singles.end(0);
        if (crowded || singles.count === batch.capacity) sent += this.#sendSingles();
        if (crowded) buffer.record(batch.memory.i32, peer);
      }
    }
    return sent + this.#sendSingles();
  }

  #sendSingles(): number {
    const singles = this.#singles;
    let sent = 0;
    let first = 0;
    while (first < singles.count) {
      const result = singles.send(this.#fd, first);
      if (result > 0) {
        sent += result;
        first += result;
      } else {
        this.#fail(singles.message(first), -result, 1);
        first++;
      }
    }
    singles.clear();
    return sent;
  }

  #failTrain(train: number, errno: number): void {
    for (let i = this.#head[train]!; i >= 0; i = this.#next[i]!) this.#fail(i, errno, this.#batch.datagrams(i));
  }

  #fail(i: number, errno: number, datagrams: number): void {
    this.failed[errno < ERRNO_COUNT ? errno : OTHER_ERROR]! += datagrams;
    this.lastError = errno;
    this.#batch.fail(i, errno);
  }

  #peerWords(train: number): number {
    return this.#batch.peerAddressAt(this.#head[train]!) >> 2;
  }
}

/** Whether the kernel may mean, by this error, that it can't cut the train up. net/ipv4/udp.c, udp_send_skb */
function refusesSegments(errno: number): boolean {
  return errno === EINVAL || errno === EMSGSIZE || errno === EIO || errno === EOPNOTSUPP;
}

/** Messages that are being put together for `sendmmsg`. */
class Outgoing {
  /** Messages that are complete. */
  count = 0;
  readonly #batch: MessageBatch;
  readonly #vector: MessageVector;
  readonly #named: boolean;
  readonly #buffersAt: number;
  readonly #controlsAt: number;
  readonly #messages: Int32Array;
  readonly #trains: Int32Array;
  readonly #datagrams: Int32Array;
  #buffers = 0;
  #firstBuffer = 0;

  /** Uses the first (0) or the second (1) part of the room for replies in the batch's memory. */
  constructor(batch: MessageBatch, part: number, named: boolean) {
    const { capacity } = batch;
    this.#batch = batch;
    this.#named = named;
    this.#vector = new MessageVector(batch.arena, batch.replyHeadersAt + part * capacity * mmsghdr.size, capacity);
    this.#buffersAt = batch.replyBuffersAt + part * capacity * iovec.size;
    this.#controlsAt = batch.replyControlsAt + part * capacity * REPLY_CONTROL_SIZE;
    this.#messages = new Int32Array(capacity);
    this.#trains = new Int32Array(capacity);
    this.#datagrams = new Int32Array(capacity);
  }

  /** Begins a message of `datagrams` datagrams of a train, to the peer of the batch's message `i`. */
  begin(i: number, train: number, datagrams: number): void {
    this.#messages[this.count] = i;
    this.#trains[this.count] = train;
    this.#datagrams[this.count] = datagrams;
    this.#firstBuffer = this.#buffers;
  }

  /** Adds `length` bytes at `at` to the payload. */
  addBuffer(at: number, length: number): void {
    writeBuffer(this.#batch.arena, this.#buffersAt + this.#buffers * iovec.size, at, length);
    this.#buffers++;
  }

  /** Completes the message; with a `segmentSize` above 0 as a train. */
  end(segmentSize: number): void {
    const batch = this.#batch;
    const memory = batch.arena;
    const i = this.#messages[this.count]!;
    const local = batch.localAt(i);
    const start = this.#controlsAt + this.count * REPLY_CONTROL_SIZE;
    let at = start;
    if (isMapped(memory.i32, local >> 2)) {
      // With an interface the kernel would route by it, and might replace the source by that interface's own address:
      // the routing table is to decide, by the source where its rules say so.
      at = appendIPv4PacketInfo(memory, at, memory.i32[(local >> 2) + 3]!, 0);
    } else {
      at = appendIPv6PacketInfo(memory, at, local, namesInterface(batch, i) ? batch.interfaceIndex(i) : 0);
    }
    if (segmentSize > 0) at = appendSegmentSize(memory, at, segmentSize);
    this.#vector.setName(this.count, batch.nameAt(i), this.#named ? batch.nameSize : 0);
    this.#vector.setBuffers(
      this.count,
      this.#buffersAt + this.#firstBuffer * iovec.size,
      this.#buffers - this.#firstBuffer,
    );
    this.#vector.setControl(this.count, start, at - start);
    this.count++;
  }

  /** Sends from message `first` on; returns how many messages went, or the negative error of the first. */
  send(fd: number, first: number): number {
    let result: number;
    do {
      // Without MSG_DONTWAIT one slow way out would hold up all other peers.
      result = this.#vector.send(fd, first, this.count, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (result === -EINTR);
    return result === 0 ? -EAGAIN : result;
  }

  /** Datagrams in message `i`. */
  datagrams(i: number): number {
    return this.#datagrams[i]!;
  }

  /** The batch's message, the first if they are several, that goes as message `i`. */
  message(i: number): number {
    return this.#messages[i]!;
  }

  /** The train that message `i` belongs to. */
  train(i: number): number {
    return this.#trains[i]!;
  }

  /** Starts anew. */
  clear(): void {
    this.count = 0;
    this.#buffers = 0;
  }
}

/**
 * Whether the reply to message `i` names its interface: a link-local address means nothing without; with no address at
 * all, the interface gives one.
 */
function namesInterface(batch: MessageBatch, i: number): boolean {
  const { bytes, i32 } = batch.memory;
  const local = batch.localAt(i);
  const word = local >> 2;
  return isLinkLocal(bytes, local) || (i32[word]! | i32[word + 1]! | i32[word + 2]! | i32[word + 3]!) === 0;
}
