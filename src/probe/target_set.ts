/**
 * The targets of the probe, and their sockets, which are shared where that is possible.
 * @module
 */

import { EAFNOSUPPORT, EMFILE } from "../../ffi/constants.ts";
import { SystemError } from "../../ffi/errno.ts";
import { ErrorQueue } from "../socket/error_queue.ts";
import { isIPv4 } from "../net/address.ts";
import { RECOGNIZABLE_SIZE } from "./payload.ts";
import { type NamedPeer, peerKey } from "./peer.ts";
import { ProbeSocket, type SocketOptions } from "./probe_socket.ts";
import { ProbeTarget, type TargetOptions } from "./target.ts";

/** Most targets of a socket. So many answers fit a receive buffer of the usual size. `rmem_default`, socket(7) */
const SOCKET_TARGETS = 256;
/** Sessions are this far apart, modulo 2^32: an odd number, so that no two are the same. */
const SESSION_STEP = 0x9e3779b1;

/** How requests are sent and accounted. */
export interface TargetSetOptions extends SocketOptions, TargetOptions {
  /** Source ports that requests leave from in turn. */
  readonly sourcePorts: number;
  /** Least bytes of payload of a request. */
  readonly sizeMin: number;
}

/** The targets, in the order in which they are asked. */
export class TargetSet {
  /** The targets. */
  targets: ProbeTarget[] = [];
  readonly #options: TargetSetOptions;
  readonly #socketTargets: number;
  readonly #errors = new ErrorQueue();
  /** Sockets of the same targets, one for each source port. */
  #groups: ProbeSocket[][] = [];
  #session = crypto.getRandomValues(new Int32Array(1))[0]!;

  /** @param options how requests are sent and accounted */
  constructor(options: TargetSetOptions) {
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
    const known = new Map(this.targets.map((target) => [peerKey(target.peer), target]));
    const gone = new Set(this.targets);
    const targets: ProbeTarget[] = [];
    try {
      for (const peer of peers) targets.push(known.get(peerKey(peer)) ?? this.#make(peer));
    } catch (error) {
      for (const target of targets) if (!gone.has(target)) target.close();
      this.#closeUnused();
      throw error;
    }
    targets.forEach((target, i) => {
      target.peer = peers[i]!;
      gone.delete(target);
    });
    for (const target of gone) target.close();
    this.targets = targets;
    this.#closeUnused();
  }

  /** Closes sockets without a target. */
  #closeUnused(): void {
    for (const socket of this.sockets) if (socket.size === 0) socket.close();
    this.#groups = this.#groups.filter(([socket]) => socket !== undefined && socket.size > 0);
  }

  #make(peer: NamedPeer): ProbeTarget {
    this.#session = (this.#session + SESSION_STEP) | 0;
    return new ProbeTarget(peer, this.#session, this.#groupFor(isIPv4(peer.bytes)), this.#options);
  }

  /** Sockets with room for a target; none where this host lacks the family. */
  #groupFor(ipv4: boolean): ProbeSocket[] {
    const known = this.#groups.find(([socket]) => socket?.ipv4 === ipv4 && socket.size < this.#socketTargets);
    if (known !== undefined) return known;
    const { sourcePorts } = this.#options;
    const group: ProbeSocket[] = [];
    this.#groups.push(group);
    try {
      while (group.length < sourcePorts) group.push(new ProbeSocket(ipv4, this.#options, this.#errors));
      return group;
    } catch (error) {
      // A host without IPv6 does not reach IPv6 targets: a result, not a mistake.
      if (error instanceof SystemError && error.errno === EAFNOSUPPORT) return [];
      if (!(error instanceof SystemError) || error.errno !== EMFILE) throw error;
      const advice = "a connected target, and one of --size below 16, needs sockets of its own";
      throw new SystemError("socket", EMFILE, `too many targets for the open files (ulimit -n): ${advice}`);
    }
  }
}
