/**
 * The targets of the probe, and their sockets, which are shared where that is possible.
 * @module
 */

import { EMFILE } from "../../ffi/constants.ts";
import { SystemError } from "../../ffi/errno.ts";
import { ErrorQueue } from "../socket/error_queue.ts";
import { isIPv4 } from "../net/address.ts";
import type { AccountOptions } from "./ledger.ts";
import { RECOGNIZABLE_SIZE } from "./payload.ts";
import { type NamedPeer, peerKey } from "./peer.ts";
import { ProbeSocket, type SocketOptions } from "./probe_socket.ts";
import { ProbeTarget } from "./target.ts";

/** Most targets of a socket. So many answers fit a receive buffer of the usual size. `rmem_default`, socket(7) */
const SOCKET_TARGETS = 256;
/** Sessions are this far apart, modulo 2^32: an odd number, so that no two are the same. */
const SESSION_STEP = 0x9e3779b1;

/** How requests are sent and accounted. */
export interface TargetOptions extends SocketOptions, AccountOptions {
  /** Least bytes of payload of a request. */
  readonly sizeMin: number;
}

/** The targets, in the order in which they are asked. */
export class TargetSet {
  /** The targets. */
  targets: ProbeTarget[] = [];
  readonly #options: TargetOptions;
  readonly #socketTargets: number;
  readonly #errors = new ErrorQueue();
  /** Sockets of the same targets, one for each source port. */
  #groups: ProbeSocket[][] = [];
  #session = crypto.getRandomValues(new Int32Array(1))[0]!;

  /** @param options how requests are sent and accounted */
  constructor(options: TargetOptions) {
    this.#options = options;
    // A connected socket has one peer, and only a recognizable payload names its target.
    this.#socketTargets = options.connected || options.sizeMin < RECOGNIZABLE_SIZE ? 1 : SOCKET_TARGETS;
  }

  /** The sockets of all targets. */
  get sockets(): ProbeSocket[] {
    return this.#groups.flat();
  }

  /**
   * Makes these endpoints the targets. A target that is among them already goes on.
   * @throws {SystemError} with a sentence for the user, if a socket can't be made; then nothing has changed
   */
  replace(peers: readonly NamedPeer[]): void {
    const before = new Map(this.targets.map((target) => [peerKey(target.peer), target]));
    const made: ProbeTarget[] = [];
    try {
      this.targets = peers.map((peer) => {
        const known = before.get(peerKey(peer));
        if (known === undefined) return made[made.push(this.#make(peer)) - 1]!;
        known.peer = peer;
        return known;
      });
    } catch (error) {
      for (const target of made) target.close();
      this.#groups = this.#groups.filter(([socket]) => socket!.size > 0);
      throw error;
    }
    const kept = new Set(this.targets);
    for (const target of before.values()) if (!kept.has(target)) target.close();
    this.#groups = this.#groups.filter(([socket]) => socket!.size > 0);
  }

  #make(peer: NamedPeer): ProbeTarget {
    const ipv4 = isIPv4(peer.bytes);
    let group = this.#groups.find(([socket]) => socket!.ipv4 === ipv4 && socket!.size < this.#socketTargets);
    if (group === undefined) {
      const { sourcePorts } = this.#options;
      group = Array.from({ length: sourcePorts }, () => this.#makeSocket(ipv4));
      this.#groups.push(group);
    }
    this.#session = (this.#session + SESSION_STEP) | 0;
    return new ProbeTarget(peer, this.#session, group, this.#options);
  }

  #makeSocket(ipv4: boolean): ProbeSocket {
    try {
      return new ProbeSocket(ipv4, this.#options, this.#errors);
    } catch (error) {
      if (!(error instanceof SystemError) || error.errno !== EMFILE) throw error;
      const advice = "a connected target, and one of --size below 16, needs sockets of its own";
      throw new SystemError("socket", EMFILE, `too many targets for the open files (ulimit -n): ${advice}`);
    }
  }
}
