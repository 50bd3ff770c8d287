/**
 * Which datagrams are answered.
 * @module
 */

import { BROADCAST, type MessageBatch, MULTICAST, UNKNOWN } from "./message_batch.ts";

/** Why a datagram is not answered, by number; 0 is for those that are. The names stand in the summary. */
export const REASONS = [
  "accepted",
  "unknown_destination",
  "broadcast_destination",
  "multicast_destination",
  "source_port_zero",
] as const;

/** The datagram is answered. */
export const ACCEPTED = 0;

const reason = (name: typeof REASONS[number]) => REASONS.indexOf(name);
const UNKNOWN_DESTINATION = reason("unknown_destination");
const BROADCAST_DESTINATION = reason("broadcast_destination");
const MULTICAST_DESTINATION = reason("multicast_destination");
const SOURCE_PORT_ZERO = reason("source_port_zero");

/** Judges every message before anything else is done with it, in constant time and without allocating. */
export class Guard {
  /** Judges message `i` of a batch: {@link ACCEPTED}, or the number of the reason why not in {@link REASONS}. */
  judge(batch: MessageBatch, i: number): number {
    const destination = batch.destination(i);
    // Without its local address it could only be answered from a wrong one.
    if (destination === UNKNOWN) return UNKNOWN_DESTINATION;
    if (destination === BROADCAST) return BROADCAST_DESTINATION;
    if (destination === MULTICAST) return MULTICAST_DESTINATION;
    if (batch.peerPort(i) === 0) return SOURCE_PORT_ZERO;
    return ACCEPTED;
  }
}
