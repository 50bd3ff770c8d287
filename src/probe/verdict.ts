/**
 * The verdict on a target, in a word.
 * @module
 */

import { ECONNREFUSED } from "../../ffi/constants.ts";
import type { RequestLedger } from "./ledger.ts";

/**
 * The verdicts:
 * - `ok`: every request was answered in time, unaltered, from the endpoint that was asked;
 * - `wrong source`: answers came from another address or port;
 * - `refused`: an ICMP message says that nothing listens there;
 * - `no answer`: nothing came back;
 * - `unreachable`: this host or an ICMP message says that no datagram gets there;
 * - `corrupted`: answers had other bytes than were sent;
 * - `partial`: some requests were answered, others not, or too late.
 */
export const VERDICTS = ["ok", "wrong source", "refused", "no answer", "unreachable", "corrupted", "partial"] as const;
/** One of {@link VERDICTS}. */
export type Verdict = typeof VERDICTS[number];

/** The verdict on the recent requests as things stand; it leaves out those that still wait. */
export function verdict({ recent: { counts, settled }, lastFailure }: RequestLedger): Verdict {
  if (counts["wrong source"] > 0) return "wrong source";
  if (counts.corrupted > 0) return "corrupted";
  if (counts.received + counts.late > 0) return counts.received === settled ? "ok" : "partial";
  if (counts.failed > 0) return lastFailure?.errno === ECONNREFUSED ? "refused" : "unreachable";
  return "no answer";
}
