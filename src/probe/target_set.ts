/**
 * The targets of the probe, and their sockets, which are shared where that is possible.
 * @module
 */

import { EAFNOSUPPORT, EMFILE, POLLIN } from "../../ffi/constants.ts";
import { SystemError } from "../../ffi/errno.ts";
import { PollSet } from "../../ffi/poll_set.ts";
import { ErrorQueue } from "../socket/error_queue.ts";
import { isIPv4 } from "../net/address.ts";
import { RECOGNIZABLE_SIZE } from "./payload.ts";
import type { ProbeSettings } from "./options.ts";
import { exactHostText, type NamedPeer, type ScopedAddress } from "./peer.ts";
import { ProbeSocket, type Shared } from "./probe_socket.ts";
import { ProbeTarget } from "./target.ts";

/** Most targets of a socket. So many answers fit a receive buffer of the usual size. `rmem_default`, socket(7) */
const SOCKET_TARGETS = 256;
/** Sessions are this far apart, modulo 2^32: an odd number, so that no two are the same. */
const SESSION_STEP = 0x9e3779b1;

/** The targets, in the order in which they are asked. */
export class TargetSet {
  /** The targets. */
  targets: readonly ProbeTarget[] = [];
  /** The sockets of all targets. */
  sockets: readonly ProbeSocket[] = [];
  /** Waits for these sockets. */
  poll = new PollSet([], POLLIN);
  readonly #shared: Shared;
  /** Sockets of the same targets, one for each source port. */
  #groups: ProbeSocket[][] = [];
  #session = crypto.getRandomValues(new Int32Array(1))[0]!;

  /** @param source the local address to send from, if it is not the routing table that chooses it */
  constructor(settings: ProbeSettings, source: ScopedAddress | undefined) {
    this.#shared = { settings, source: source && exactHostText(source), errors: new ErrorQueue(), batches: {} };
  }

  /**
   * Makes these endpoints the targets. A target that is among them already goes on.
   * @throws {SystemError} with a sentence for the user, if a socket can't be made; then nothing has changed
   */
  replace(peers: readonly NamedPeer[]): void {
    const before = this.targets;
    const known = new Map(before.map((target) => [target.peer.key, target]));
    const made: ProbeTarget[] = [];
    try {
      for (const peer of peers) made.push(known.get(peer.key) ?? this.#make(peer));
      made.forEach((target, i) => target.peer = peers[i]!);
      this.targets = made;
    } finally {
      const used = new Set(this.targets);
      for (const target of [...before, ...made]) if (!used.has(target)) target.close();
      for (const socket of this.#groups.flat()) if (socket.members.size === 0) socket.udp.close();
      this.#groups = this.#groups.filter(([socket]) => socket !== undefined && socket.members.size > 0);
      this.sockets = this.#groups.flat();
      this.poll = new PollSet(this.sockets.map(({ udp }) => udp.fd), POLLIN);
    }
  }

  #make(peer: NamedPeer): ProbeTarget {
    this.#session = (this.#session + SESSION_STEP) | 0;
    return new ProbeTarget(peer, this.#session, this.#groupFor(isIPv4(peer.bytes) ? 4 : 6), this.#shared.settings);
  }

  /** Sockets with room for a target; none where this host lacks the family. */
  #groupFor(family: 4 | 6): ProbeSocket[] {
    const { sourcePorts, connected, size } = this.#shared.settings;
    // A connected socket has one peer, and only a recognizable payload names its target.
    const most = connected || size < RECOGNIZABLE_SIZE ? 1 : SOCKET_TARGETS;
    const known = this.#groups.find(([socket]) => socket?.udp.reaches(family === 4) && socket.members.size < most);
    if (known !== undefined) return known;
    const group: ProbeSocket[] = [];
    this.#groups.push(group);
    try {
      while (group.length < sourcePorts) group.push(new ProbeSocket(family, this.#shared));
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
