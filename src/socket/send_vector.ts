/**
 * Messages on their way to `sendmmsg`: headers, socket addresses, control messages and buffers.
 * @module
 */

import { EAGAIN, EINTR, MSG_DONTWAIT, MSG_NOSIGNAL } from "../../ffi/constants.ts";
import { MessageVector } from "../../ffi/message_vector.ts";
import { isMapped } from "../net/address.ts";
import { writeSocketAddress } from "../net/socket_address.ts";
import { encodeSegmentSize, encodeSource, encodeTrafficClass, SEND_CONTROL_SIZE } from "./control_message.ts";
import { field, word } from "./message_layout.ts";
import type { Messages } from "./messages.ts";

/**
 * Up to `capacity` encoded messages, with as many buffers for all of them together. A message is encoded by
 * {@link addBuffer} for each piece of the payload, and {@link add}. It allocates nothing once made.
 */
export class SendVector {
  /** Encoded messages. */
  count = 0;
  /** The first message of the batch in each encoded message. */
  readonly heads: Int32Array;
  /** The datagrams in each encoded message. */
  readonly datagrams: Int32Array;
  readonly #vector: MessageVector;
  #buffers = 0;
  #firstBuffer = 0;

  /** @param capacity most messages, and most buffers */
  constructor(capacity: number) {
    this.#vector = new MessageVector(capacity, SEND_CONTROL_SIZE);
    this.heads = new Int32Array(capacity);
    this.datagrams = new Int32Array(capacity);
  }

  /** Adds `length` bytes at `offset` of the payloads to the next message. */
  addBuffer(messages: Messages, offset: number, length: number): void {
    this.#vector.setBuffer(this.#buffers++, messages.payloads, offset, length);
  }

  /**
   * Adds a message that consists of the buffers added since the one before: encodes its peer, its source and the size of
   * its segments.
   * @param i the first message of the batch in it
   * @param datagrams its datagrams; more than one have the size of segments of message `i`
   * @param named whether the message names its peer; false on a connected socket
   */
  add(messages: Messages, i: number, datagrams: number, named: boolean): void {
    const vector = this.#vector;
    const { memory } = vector;
    const { count } = this;
    const { paths } = messages;
    const path = messages.path(i);
    const name = vector.nameOffset(count);
    const port = paths[path + word.peerPort]!;
    const scope = paths[path + word.peerScope]!;
    const nameLength = writeSocketAddress(memory, name, messages.family, paths, path + word.peer, port, scope);
    const start = vector.controlOffset(count);
    const trafficClass = messages.get(i, field.sendTrafficClass);
    let end = encodeSource(memory, start, paths, path + word.local, paths[path + word.sendInterface]!);
    if (trafficClass >= 0) end = encodeTrafficClass(memory, end, isMapped(paths, path + word.peer), trafficClass);
    if (datagrams > 1) end = encodeSegmentSize(memory, end, messages.get(i, field.segmentSize));
    vector.setLengths(count, named ? nameLength : 0, end - start);
    vector.setBuffers(count, this.#firstBuffer, this.#buffers - this.#firstBuffer);
    this.#firstBuffer = this.#buffers;
    this.heads[count] = i;
    this.datagrams[count] = datagrams;
    this.count++;
  }

  /** Sends from message `first` on; returns the number of messages sent, or the `-errno` of the first. */
  send(fd: number, first: number): number {
    let sent: number;
    do {
      // Without MSG_DONTWAIT one slow path would delay all other peers.
      sent = this.#vector.send(fd, first, this.count, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent === -EINTR);
    return sent === 0 ? -EAGAIN : sent;
  }

  /** Forgets the encoded messages. */
  clear(): void {
    this.count = 0;
    this.#buffers = 0;
    this.#firstBuffer = 0;
  }
}
