/**
 * Sending the marked messages of a batch.
 * @module
 */

import { EAGAIN, EINVAL, EIO, EMSGSIZE, EOPNOTSUPP } from "../../ffi/constants.ts";
import { ERRNO_COUNT, OTHER_ERROR } from "../../ffi/errno.ts";
import type { SocketMemory } from "../../ffi/socket_memory.ts";
import { coalesce, WINDOW } from "./coalesce.ts";
import { field, word } from "./message_layout.ts";
import type { Messages } from "./messages.ts";
import { SegmentationRefusals } from "./segmentation_refusals.ts";
import { SendBuffer } from "./send_buffer.ts";
import { SendVector } from "./send_vector.ts";

// The memory of a call, which all sockets share: nothing in it outlives the call. The first message of each train; the
// trains, encoded; and the datagrams of trains that leave one by one.
const heads = new Int32Array(WINDOW);
let trainVector: SendVector | undefined;
let singleVector: SendVector | undefined;

/** Errors by which the kernel may refuse a train, rather than its datagrams. net/ipv4/udp.c, udp_send_skb */
const SEGMENT_ERRORS: readonly number[] = [EINVAL, EMSGSIZE, EIO, EOPNOTSUPP];

/** Parts and properties of a {@link BatchSender}. */
export interface BatchSenderOptions {
  /** The socket. */
  readonly fd: number;
  /** Whether the kernel knows `UDP_SEGMENT`. */
  readonly segmentation: boolean;
  /** The memory that the kernel keeps for the socket, with the final size of the send buffer. */
  readonly socketMemory: SocketMemory;
}

/**
 * Sends the marked messages of batches, in as few system calls and trips through the network stack as possible. A socket
 * has one, which holds all that the socket knows of sending.
 *
 * The messages are coalesced into trains, encoded, and sent. If the kernel refuses a train, its datagrams leave one by
 * one, and the peer is remembered. The order within a flow is kept. A fault affects only the peers on its path.
 */
export class BatchSender {
  /** Datagrams that could not be sent, by error number. */
  readonly failed: Float64Array = new Float64Array(ERRNO_COUNT);
  /** Error number of the last datagram that could not be sent; 0 if all could. */
  lastError = 0;
  /** Whether a network device refused a train. */
  deviceRefusedTrains = false;
  /** Whether the socket is connected: then messages do not name their peer. */
  connected = false;

  readonly #fd: number;
  readonly #segmentation: boolean;
  readonly #refusals = new SegmentationRefusals();
  readonly #buffer: SendBuffer;
  readonly #whole = trainVector ??= new SendVector(WINDOW);

  /** @param options see {@link BatchSenderOptions} */
  constructor({ fd, segmentation, socketMemory }: BatchSenderOptions) {
    this.#fd = fd;
    this.#segmentation = segmentation;
    this.#buffer = new SendBuffer(socketMemory);
  }

  /** Sends the marked messages; returns the number of datagrams sent. The others are in {@link failed}. */
  send(messages: Messages): number {
    let sent = 0;
    for (let first = 0; first < messages.count; first += WINDOW) {
      const end = Math.min(first + WINDOW, messages.count);
      sent += this.#sendTrains(messages, coalesce(messages, first, end, heads, this.#segmentation));
    }
    return sent;
  }

  #sendTrains(messages: Messages, trains: number): number {
    const buffer = this.#buffer;
    let sent = 0;
    // An error may have left something of another call.
    this.#whole.clear();
    for (let k = 0; k < trains; k++) {
      const train = heads[k]!;
      if (!buffer.reserve(messages.get(train, field.trainSize), messages.get(train, field.trainDatagrams))) {
        sent += this.#sendEncoded(messages, this.#whole);
        buffer.refresh();
      }
      if (!buffer.crowded && this.#goesWhole(messages, train)) {
        this.#encode(messages, train);
      } else {
        // What is encoded already goes first, to keep the order within a flow.
        sent += this.#sendEncoded(messages, this.#whole);
        sent += buffer.crowded ? this.#sendIfAdmitted(messages, train) : this.#sendOneByOne(messages, train);
      }
    }
    return sent + this.#sendEncoded(messages, this.#whole);
  }

  /** Sends as much of a train as the crowded send buffer admits. */
  #sendIfAdmitted(messages: Messages, train: number): number {
    const { paths } = messages;
    const buffer = this.#buffer;
    const peer = messages.path(train) + word.peer;
    const size = messages.get(train, field.trainSize);
    const datagrams = messages.get(train, field.trainDatagrams);
    buffer.refresh();
    if (datagrams === 1 || !this.#goesWhole(messages, train) || !buffer.admit(paths, peer, size, datagrams)) {
      return this.#sendOneByOne(messages, train);
    }
    this.#encode(messages, train);
    const sent = this.#sendEncoded(messages, this.#whole);
    buffer.charge(paths, peer);
    return sent;
  }

  /** Whether a train leaves as one message: the kernel has not refused segments of this size to this peer. */
  #goesWhole(messages: Messages, train: number): boolean {
    if (messages.get(train, field.trainDatagrams) === 1) return true;
    const peer = messages.path(train) + word.peer;
    return !this.#refusals.has(messages.paths, peer, messages.get(train, field.segmentSize));
  }

  /** Encodes a train as one message. */
  #encode(messages: Messages, train: number): void {
    for (let i = train; i >= 0; i = messages.get(i, field.next)) {
      this.#whole.addBuffer(messages, messages.payloadOffset(i), messages.get(i, field.size));
    }
    this.#whole.add(messages, train, messages.get(train, field.trainDatagrams), !this.connected);
  }

  /** Sends encoded messages; returns the number of datagrams sent. */
  #sendEncoded(messages: Messages, vector: SendVector): number {
    let sent = 0;
    for (let k = 0; k < vector.count;) {
      const result = vector.send(this.#fd, k);
      if (result < 0) {
        sent += this.#handleFailure(messages, vector.heads[k]!, vector.datagrams[k]!, -result);
        k++;
      }
      for (const end = k + result; k < end; k++) sent += vector.datagrams[k]!;
    }
    vector.clear();
    return sent;
  }

  /**
   * Handles the failure of a single datagram, or of a train: if the kernel may have refused its segments, its datagrams
   * leave one by one, and the refusal is remembered. Returns the number of datagrams sent.
   */
  #handleFailure(messages: Messages, i: number, datagrams: number, errno: number): number {
    if (datagrams === 1) {
      this.#fail(messages, i, errno, 1);
      return 0;
    }
    if (!SEGMENT_ERRORS.includes(errno)) {
      for (let k = i; k >= 0; k = messages.get(k, field.next)) this.#fail(messages, k, errno, messages.datagrams(k));
      return 0;
    }
    const sent = this.#sendOneByOne(messages, i);
    // If the single datagrams fail too, segmentation was not the reason.
    if (sent === 0) return 0;
    const deviceRefuses = errno === EIO;
    if (deviceRefuses) this.deviceRefusedTrains = true;
    const peer = messages.path(i) + word.peer;
    this.#refusals.add(messages.paths, peer, deviceRefuses ? 1 : messages.get(i, field.segmentSize));
    return sent;
  }

  /** Sends every datagram of a train as a message of its own; returns the number of datagrams sent. */
  #sendOneByOne(messages: Messages, train: number): number {
    const { paths } = messages;
    const buffer = this.#buffer;
    const singles = singleVector ??= new SendVector(WINDOW);
    const segmentSize = messages.get(train, field.segmentSize);
    const peer = messages.path(train) + word.peer;
    let sent = 0;
    for (let i = train; i >= 0; i = messages.get(i, field.next)) {
      const size = messages.get(i, field.size);
      let from = 0;
      // An empty datagram has no segments, but leaves too.
      do {
        const length = Math.min(segmentSize, size - from);
        const { crowded } = buffer;
        if (crowded && !buffer.admit(paths, peer, length, 1)) {
          this.#fail(messages, i, EAGAIN, 1);
          continue;
        }
        singles.addBuffer(messages, messages.payloadOffset(i) + from, length);
        singles.add(messages, i, 1, !this.connected);
        if (crowded || singles.count === WINDOW) sent += this.#sendEncoded(messages, singles);
        if (crowded) buffer.charge(paths, peer);
      } while ((from += segmentSize) < size);
    }
    return sent + this.#sendEncoded(messages, singles);
  }

  #fail(messages: Messages, i: number, errno: number, datagrams: number): void {
    this.failed[errno < ERRNO_COUNT ? errno : OTHER_ERROR]! += datagrams;
    this.lastError = errno;
    messages.set(i, field.error, errno);
  }
}
