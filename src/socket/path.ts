/**
 * The path of a datagram, for replies.
 * @module
 */

import { EAFNOSUPPORT, EINVAL } from "../../ffi/constants.ts";
import { SystemError } from "../../ffi/errno.ts";
import type { Endpoint } from "../net/endpoint.ts";
import type { Messages } from "./messages.ts";

/** Words of a path: peer and local address, the peer's scope, the interface. */
const WORDS = 10;
const SCOPE = 8;
const INTERFACE = 9;

/** Shows that this module calls the constructor: only the compiler knows that it is private. */
const KEY = Symbol();

/** Copies the path of message `i`. */
export let copyPath: (messages: Messages, i: number, peer: Endpoint, local: string) => Path;
/** Whether a value is a path: it has the private fields, which no other object can have. */
export let isPath: (value: object) => value is Path;
/** Whether message `i` came along the path. */
export let hasPath: (messages: Messages, i: number, path: Path) => boolean;
/**
 * Gives message `i` the peer, source and interface of the path.
 * @throws {SystemError} `EAFNOSUPPORT` if the path belongs to a socket of the other family
 */
export let setPath: (messages: Messages, i: number, path: Path) => void;

/**
 * The path of a received datagram: its peer, and the local address that it was sent to. A datagram that is sent along it
 * (`MessageBatch.add`, `UdpSocket.sendTo`) leaves from that address. A path does not expire. `MessageBatch.path` makes it.
 */
export class Path {
  /** The peer. */
  readonly peer: Endpoint;
  /** The local address of replies; see `MessageBatch.localAddress`. */
  readonly local: string;
  readonly #family: number;
  readonly #port: number;
  readonly #words: Int32Array;

  private constructor(key: symbol, messages: Messages, i: number, peer: Endpoint, local: string) {
    if (key !== KEY) throw new SystemError("recvmmsg", EINVAL, "a path is made by the `path` of a batch");
    this.peer = peer;
    this.local = local;
    this.#family = messages.family;
    this.#port = messages.ports[i]!;
    this.#words = new Int32Array(WORDS);
    this.#words.set(messages.addresses.subarray(messages.peerWord(i), messages.peerWord(i) + SCOPE));
    this.#words[SCOPE] = messages.scopes[i]!;
    this.#words[INTERFACE] = messages.interfaces[i]!;
  }

  static {
    copyPath = (messages, i, peer, local) => new Path(KEY, messages, i, peer, local);
    isPath = (value) => #words in value;
    hasPath = (messages, i, path) => {
      const words = path.#words;
      const { addresses } = messages;
      const peer = messages.peerWord(i);
      for (let word = 0; word < SCOPE; word++) if (words[word] !== addresses[peer + word]) return false;
      return words[SCOPE] === messages.scopes[i] && words[INTERFACE] === messages.interfaces[i] &&
        path.#port === messages.ports[i] && path.#family === messages.family;
    };
    setPath = (messages, i, path) => {
      if (path.#family !== messages.family) {
        throw new SystemError("sendmmsg", EAFNOSUPPORT, "the path belongs to a socket of the other family");
      }
      const words = path.#words;
      const { addresses } = messages;
      const peer = messages.peerWord(i);
      for (let word = 0; word < SCOPE; word++) addresses[peer + word] = words[word]!;
      messages.scopes[i] = words[SCOPE]!;
      messages.interfaces[i] = words[INTERFACE]!;
      messages.ports[i] = path.#port;
    };
  }
}
