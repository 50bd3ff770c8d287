/**
 * Sending the marked messages of a batch.
 * @module
 */

import { EAGAIN, EINVAL, EIO, EMSGSIZE, EOPNOTSUPP } from "../../ffi/constants.ts";
import { ERRNO_COUNT, OTHER_ERROR } from "../../ffi/errno.ts";
import type { SocketMemory } from "../../ffi/socket_memory.ts";
import { coalesce, Trains, WINDOW } from "./coalesce.ts";
import type { Messages } from "./messages.ts";
import { SegmentationRefusals } from "./segmentation_refusals.ts";
import { SendBuffer } from "./send_buffer.ts";
import { SendVector } from "./send_vector.ts";

// The memory of a call, which all sockets share: nothing in it outlives the call.
const trains = new Trains();
const vectors = new Map<string, SendVector>();

/** The memory for messages of a family: for trains, or for the datagrams of a train that was refused. */
function vectorOf(family: number, use: "trains" | "singles"): SendVector {
  const key = `${family} ${use}`;
  const vector = vectors.get(key) ?? new SendVector(family, WINDOW);
  vectors.set(key, vector);
  return vector;
}

/** Parts and properties of a {@link BatchSender}. */
export interface BatchSenderOptions {
  /** The socket. */
  readonly fd: number;
  /** `AF_INET` or `AF_INET6`. */
  readonly family: number;
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
  readonly #family: number;
  readonly #trains = trains;
  readonly #refusals = new SegmentationRefusals();
  readonly #buffer: SendBuffer;
  readonly #whole: SendVector;
  #singles: SendVector | undefined;

  /** @param options see {@link BatchSenderOptions} */
  constructor({ fd, family, segmentation, socketMemory }: BatchSenderOptions) {
    this.#fd = fd;
    this.#family = family;
    this.#segmentation = segmentation;
    this.#buffer = new SendBuffer(socketMemory);
    this.#whole = vectorOf(family, "trains");
  }

  /** Sends the marked messages; returns the number of datagrams sent. The others are in {@link failed}. */
  send(messages: Messages): number {
    let sent = 0;
    for (let first = 0; first < messages.count; first += WINDOW) {
      coalesce(messages, first, Math.min(first + WINDOW, messages.count), this.#trains, this.#segmentation);
      sent += this.#sendTrains(messages);
    }
    return sent;
  }

  #sendTrains(messages: Messages): number {
    const trains = this.#trains;
    const buffer = this.#buffer;
    let sent = 0;
    // An error may have left something of another call.
    this.#whole.clear();
    for (let train = 0; train < trains.count; train++) {
      if (!buffer.reserve(trains.bytes[train]!, trains.datagrams[train]!)) {
        sent += this.#sendEncoded(messages);
        buffer.refresh();
      }
      if (buffer.crowded) {
        sent += this.#sendIfAdmitted(messages, train);
      } else if (this.#goesWhole(messages, train)) {
        this.#encode(messages, train);
      } else {
        // What is encoded already goes first, to keep the order within a flow.
        sent += this.#sendEncoded(messages);
        sent += this.#sendOneByOne(messages, train);
      }
    }
    return sent + this.#sendEncoded(messages);
  }

  /** Sends as much of a train as the crowded send buffer admits. */
  #sendIfAdmitted(messages: Messages, train: number): number {
    const { addresses } = messages;
    const peer = messages.peerWord(this.#trains.head[train]!);
    const datagrams = this.#trains.datagrams[train]!;
    this.#buffer.refresh();
    if (
      this.#goesWhole(messages, train) &&
      this.#buffer.admit(addresses, peer, this.#trains.bytes[train]!, datagrams)
    ) {
      this.#encode(messages, train);
      const sent = this.#sendEncoded(messages);
      this.#buffer.charge(addresses, peer);
      return sent;
    }
    if (datagrams > 1) return this.#sendOneByOne(messages, train);
    this.#failTrain(messages, train, EAGAIN);
    return 0;
  }

  /** Whether a train leaves as one message: the kernel has not refused segments of this size to this peer. */
  #goesWhole(messages: Messages, train: number): boolean {
    const trains = this.#trains;
    if (trains.datagrams[train] === 1) return true;
    const peer = messages.peerWord(trains.head[train]!);
    return !this.#refusals.has(messages.addresses, peer, trains.segmentSizes[train]!);
  }

  /** Encodes a train as one message. */
  #encode(messages: Messages, train: number): void {
    const trains = this.#trains;
    const whole = this.#whole;
    const datagrams = trains.datagrams[train]!;
    whole.begin(trains.head[train]!, train, datagrams);
    for (let i = trains.head[train]!; i >= 0; i = trains.after(i)) {
      whole.addBuffer(messages, messages.payloadOffset(i), messages.sizes[i]!);
    }
    whole.end(messages, !this.connected, datagrams > 1 ? trains.segmentSizes[train]! : 0);
  }

  /** Sends the encoded trains; returns the number of datagrams sent. */
  #sendEncoded(messages: Messages): number {
    const whole = this.#whole;
    let sent = 0;
    for (let first = 0; first < whole.count;) {
      const result = whole.send(this.#fd, first);
      if (result > 0) {
        for (let k = first; k < first + result; k++) sent += whole.datagrams(k);
        first += result;
        continue;
      }
      const train = whole.train(first);
      if (whole.datagrams(first) > 1 && mayRefuseSegments(-result)) {
        sent += this.#sendRefused(messages, train, -result);
      } else {
        this.#failTrain(messages, train, -result);
      }
      first++;
    }
    whole.clear();
    return sent;
  }

  /** Sends the datagrams of a refused train one by one, and remembers the refusal. */
  #sendRefused(messages: Messages, train: number, errno: number): number {
    const trains = this.#trains;
    const sent = this.#sendOneByOne(messages, train);
    // If the single datagrams fail too, segmentation was not the reason.
    if (sent === 0) return 0;
    const deviceRefuses = errno === EIO;
    const peer = messages.peerWord(trains.head[train]!);
    this.#refusals.add(messages.addresses, peer, deviceRefuses ? 1 : trains.segmentSizes[train]!);
    if (deviceRefuses) this.deviceRefusedTrains = true;
    return sent;
  }

  /** Sends every datagram of a train as a message of its own; returns the number of datagrams sent. */
  #sendOneByOne(messages: Messages, train: number): number {
    const trains = this.#trains;
    const buffer = this.#buffer;
    const { addresses } = messages;
    const singles = this.#singles ??= vectorOf(this.#family, "singles");
    const segmentSize = trains.segmentSizes[train]!;
    const peer = messages.peerWord(trains.head[train]!);
    let sent = 0;
    for (let i = trains.head[train]!; i >= 0; i = trains.after(i)) {
      const size = messages.sizes[i]!;
      for (let from = 0; from < size; from += segmentSize) {
        const length = Math.min(segmentSize, size - from);
        const { crowded } = buffer;
        if (crowded && !buffer.admit(addresses, peer, length, 1)) {
          this.#fail(messages, i, EAGAIN, 1);
          continue;
        }
        singles.begin(i, train, 1);
        singles.addBuffer(messages, messages.payloadOffset(i) + from, length);
        singles.end(messages, !this.connected, 0);
        if (crowded || singles.count === WINDOW) sent += this.#sendSingles(messages, singles);
        if (crowded) buffer.charge(addresses, peer);
      }
    }
    return sent + this.#sendSingles(messages, singles);
  }

  #sendSingles(messages: Messages, singles: SendVector): number {
    let sent = 0;
    for (let first = 0; first < singles.count;) {
      const result = singles.send(this.#fd, first);
      if (result > 0) {
        sent += result;
        first += result;
      } else {
        this.#fail(messages, singles.head(first), -result, 1);
        first++;
      }
    }
    singles.clear();
    return sent;
  }

  #failTrain(messages: Messages, train: number, errno: number): void {
    const trains = this.#trains;
    for (let i = trains.head[train]!; i >= 0; i = trains.after(i)) {
      this.#fail(messages, i, errno, messages.datagrams(i));
    }
  }

  #fail(messages: Messages, i: number, errno: number, datagrams: number): void {
    this.failed[errno < ERRNO_COUNT ? errno : OTHER_ERROR]! += datagrams;
    this.lastError = errno;
    messages.errors[i] = errno;
  }
}

/** Whether the kernel may refuse a train, rather than its datagrams, by this error. net/ipv4/udp.c, udp_send_skb */
function mayRefuseSegments(errno: number): boolean {
  return errno === EINVAL || errno === EMSGSIZE || errno === EIO || errno === EOPNOTSUPP;
}
