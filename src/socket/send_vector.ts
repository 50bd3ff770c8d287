/**
 * Messages on their way to `sendmmsg`: headers, socket addresses, control messages and buffers.
 * @module
 */

import { EAGAIN, EINTR, MSG_DONTWAIT, MSG_NOSIGNAL } from "../../ffi/constants.ts";
import { iovec, mmsghdr } from "../../ffi/layouts.ts";
import { Memory } from "../../ffi/memory.ts";
import { MessageVector, writeBuffer } from "../../ffi/message_vector.ts";
import { isMapped } from "../net/address.ts";
import { writeSocketAddress } from "../net/socket_address.ts";
import { encodeSegmentSize, encodeSource, encodeTrafficClass, SEND_CONTROL_SIZE } from "./control_message.ts";
import type { Messages } from "./messages.ts";

const NAME_STRIDE = 32;

/**
 * Up to `capacity` encoded messages, with as many buffers for all of them together. A message is encoded by
 * {@link begin}, {@link addBuffer} for each piece of the payload, and {@link end}. It allocates nothing once made.
 */
export class SendVector {
  /** Encoded messages. */
  count = 0;
  readonly #family: number;
  readonly #memory: Memory;
  readonly #vector: MessageVector;
  readonly #buffersOffset: number;
  readonly #namesOffset: number;
  readonly #controlsOffset: number;
  // By encoded message: the first message of the batch in it, its train, its datagrams.
  readonly #heads: Int32Array;
  readonly #trains: Int32Array;
  readonly #datagrams: Int32Array;
  #buffers = 0;
  #firstBuffer = 0;

  /**
   * @param family `AF_INET` or `AF_INET6`, the socket's
   * @param capacity most messages, and most buffers
   */
  constructor(family: number, capacity: number) {
    this.#family = family;
    this.#buffersOffset = capacity * mmsghdr.size;
    this.#namesOffset = this.#buffersOffset + capacity * iovec.size;
    this.#controlsOffset = this.#namesOffset + capacity * NAME_STRIDE;
    this.#memory = new Memory(this.#controlsOffset + capacity * SEND_CONTROL_SIZE);
    this.#vector = new MessageVector(this.#memory, 0, capacity);
    this.#heads = new Int32Array(capacity);
    this.#trains = new Int32Array(capacity);
    this.#datagrams = new Int32Array(capacity);
  }

  /** Begins a message: `datagrams` datagrams of a train whose first message is `i`. */
  begin(i: number, train: number, datagrams: number): void {
    this.#heads[this.count] = i;
    this.#trains[this.count] = train;
    this.#datagrams[this.count] = datagrams;
    this.#firstBuffer = this.#buffers;
  }

  /** Adds `length` bytes at `offset` of the payloads. */
  addBuffer(messages: Messages, offset: number, length: number): void {
    const at = this.#buffersOffset + this.#buffers * iovec.size;
    writeBuffer(this.#memory, at, messages.payloads, offset, length);
    this.#buffers++;
  }

  /**
   * Ends the message: encodes its peer, its source and the size of its segments.
   * @param named whether the message names its peer; false on a connected socket
   * @param segmentSize bytes of each datagram of a train; 0 for a single datagram
   */
  end(messages: Messages, named: boolean, segmentSize: number): void {
    const memory = this.#memory;
    const vector = this.#vector;
    const { count } = this;
    const i = this.#heads[count]!;
    const { addresses } = messages;
    const name = this.#namesOffset + count * NAME_STRIDE;
    const nameLength = writeSocketAddress(
      memory,
      name,
      this.#family,
      addresses,
      messages.peerWord(i),
      messages.ports[i]!,
      messages.scopes[i]!,
    );
    const start = this.#controlsOffset + count * SEND_CONTROL_SIZE;
    const local = messages.localWord(i);
    const trafficClass = messages.sendTrafficClasses[i]!;
    let at = encodeSource(memory, start, addresses, local, messages.sendInterfaces[i]!);
    if (trafficClass >= 0) {
      at = encodeTrafficClass(memory, at, isMapped(addresses, messages.peerWord(i)), trafficClass);
    }
    if (segmentSize > 0) at = encodeSegmentSize(memory, at, segmentSize);
    vector.setName(count, name, named ? nameLength : 0);
    vector.setBuffers(count, this.#buffersOffset + this.#firstBuffer * iovec.size, this.#buffers - this.#firstBuffer);
    vector.setControl(count, start, at - start);
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

  /** First message of the batch in encoded message `k`. */
  head(k: number): number {
    return this.#heads[k]!;
  }

  /** Train of encoded message `k`. */
  train(k: number): number {
    return this.#trains[k]!;
  }

  /** Datagrams in encoded message `k`. */
  datagrams(k: number): number {
    return this.#datagrams[k]!;
  }

  /** Forgets the encoded messages. */
  clear(): void {
    this.count = 0;
    this.#buffers = 0;
  }
}
