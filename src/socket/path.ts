/**
 * The way that a datagram took, for an answer that goes back along it.
 * @module
 */

import type { Endpoint } from "../net/endpoint.ts";

/** Words of a socket address, with room. */
export const NAME_WORDS = 8;
/** Words of a path: the peer's socket address, the local address, and the index of the interface. */
export const PATH_WORDS: number = NAME_WORDS + 4 + 1;

/**
 * The way that a datagram took: where it came from, and which local address it came to. What is sent along it later
 * (`MessageBatch.add`, `UdpSocket.sendTo`) leaves from that address. It stays valid for as long as it is kept.
 */
export class Path {
  /** Where the datagram came from. */
  readonly peer: Endpoint;
  /** The local address that an answer leaves from; see `MessageBatch.localAddress`. */
  readonly local: string;
  /** `AF_INET` or `AF_INET6`: the family of the socket. */
  readonly family: number;
  readonly #words: Int32Array;

  /**
   * To be had from `MessageBatch.path`.
   * @internal
   */
  constructor(family: number, peer: Endpoint, local: string, words: Int32Array) {
    this.family = family;
    this.peer = peer;
    this.local = local;
    this.#words = words;
  }

  /**
   * The path in the form in which a batch keeps it.
   * @internal
   */
  static words(path: Path): Int32Array {
    return path.#words;
  }

  /**
   * Whether a value is a path.
   * @internal
   */
  static is(value: object): value is Path {
    return #words in value;
  }
}
