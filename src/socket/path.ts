/**
 * The path of a datagram: its peer, its local address, and its interface.
 * @module
 */

import { EAFNOSUPPORT } from "../../ffi/constants.ts";
import { SystemError } from "../../ffi/errno.ts";
import { interfaceName } from "../../ffi/interfaces.ts";
import { hasLinkLocalPrefix, isMapped, isUnspecified, wordsText } from "../net/address.ts";
import { INTERNAL, requireInternal } from "../net/checks.ts";
import type { Endpoint } from "../net/endpoint.ts";
import { copyWords, sameWords, word } from "./message_layout.ts";
import type { Messages } from "./messages.ts";

/** The local address and port of a datagram, and the interface that it arrived by. */
export interface LocalEndpoint extends Endpoint {
  /**
   * The address that a reply leaves from, with its zone if it is link-local. After a broadcast or an IPv4 multicast it is
   * the address of the arrival interface, or `0.0.0.0` if that has none; after an IPv6 multicast it is `::` with the zone
   * of that interface, which then determines the address.
   */
  readonly address: string;
  /** Index of the interface. */
  readonly interfaceIndex: number;
  /** Name of the interface, looked up on each access: `eth0`; its index in decimal if it no longer exists. */
  readonly interfaceName: string;
}

/** Makes a path of its words. */
export let makePath: (words: Int32Array) => Path;
/** Whether a value is a path: it has the private fields, which no other object can have. */
export let isPath: (value: unknown) => value is Path;
let wordsOf: (path: Path) => Int32Array;

/**
 * The path of datagrams: their peer, and the local address and interface that they leave by. `MessageBatch.path` gives
 * that of a received datagram; a datagram that is sent along it leaves from the address that the received one was sent
 * to. `UdpSocket.path` makes one of addresses. A path does not expire.
 */
export class Path {
  readonly #words: Int32Array;
  #peer: Endpoint | undefined;
  #local: LocalEndpoint | undefined;

  private constructor(key: symbol, words: Int32Array) {
    requireInternal("sendmmsg", key, "a path is made by the `path` of a batch or of a socket");
    this.#words = words;
  }

  static {
    makePath = (words) => new Path(INTERNAL, words);
    isPath = (value): value is Path => typeof value === "object" && value !== null && #words in value;
    wordsOf = (path) => path.#words;
  }

  /** The peer. A frozen object, always the same. */
  get peer(): Endpoint {
    const words = this.#words;
    return this.#peer ??= Object.freeze({
      address: scopedText(words, word.peer, words[word.peerScope]!),
      port: words[word.peerPort]!,
    });
  }

  /** The local endpoint. A frozen object, always the same. */
  get local(): LocalEndpoint {
    const words = this.#words;
    return this.#local ??= Object.freeze({
      address: scopedText(words, word.local, words[word.sendInterface]!),
      port: words[word.localPort]!,
      interfaceIndex: words[word.interface]! >>> 0,
      get interfaceName() {
        return interfaceName(this.interfaceIndex);
      },
    });
  }
}

/**
 * The text of the address of four words from `at`, with the zone of an interface, or 0, if the address says nothing
 * without it: if it is link-local, or `::`, which stands for an address of the interface.
 */
export function scopedText(words: Int32Array, at: number, interfaceIndex: number): string {
  const determines = isUnspecified(words, at) && !isMapped(words, at) && interfaceIndex !== 0;
  const text = wordsText(words, at);
  return determines || hasLinkLocalPrefix(words, at) ? `${text}%${interfaceName(interfaceIndex >>> 0)}` : text;
}

/** The path of message `i`. */
export function pathOf({ paths }: Messages, i: number): Path {
  const words = new Int32Array(word.count);
  copyWords(paths, i * word.count, words, 0, word.count);
  return makePath(words);
}

/** Whether message `i` came along the path. */
export function hasPath({ paths }: Messages, i: number, path: Path): boolean {
  return sameWords(wordsOf(path), 0, paths, i * word.count, word.count);
}

/**
 * Gives message `i` the path.
 * @throws {SystemError} `EAFNOSUPPORT` if the path belongs to a socket of the other family
 */
export function setPath({ family, paths }: Messages, i: number, path: Path): void {
  const words = wordsOf(path);
  if (words[word.family] !== family) {
    throw new SystemError("sendmmsg", EAFNOSUPPORT, "the path belongs to a socket of the other family");
  }
  copyWords(words, 0, paths, i * word.count, word.count);
}
