/** Which peers have refused trains: they are not sent any for a while. */
import { errno } from "./errno.ts";
import type { Attempt } from "./kernel_send.ts";
import { SECOND } from "./time.ts";
import { Violation } from "./violation.ts";

/** How long a refusal is remembered; less the rounding of a clock of seconds. */
const MEMORY = 29 * SECOND;
/** After this time it is forgotten. */
const MEMORY_END = 31 * SECOND;

interface Refusal {
  readonly size: number;
  readonly at: number;
}

export class RefusalOracle {
  /** When a device first turned out to take no trains; `Infinity` if none did. */
  deviceRefusedAt = Infinity;
  // When each peer refused a train last.
  readonly #refusedAt = new Map<string, number>();
  // By peer: the last refused train, and confirmed refusals, after which a single datagram left.
  readonly #suspected = new Map<string, Refusal & { readonly error: number }>();
  readonly #known = new Map<string, Refusal>();
  // Refusals confirmed in this batch, whose other trains are encoded already.
  readonly #learnt = new Map<string, Refusal>();

  /** Whether a peer may get no trains now, because it has refused one. */
  mayRefuse(peer: string, now: number): boolean {
    return now - (this.#refusedAt.get(peer) ?? -Infinity) < MEMORY_END;
  }

  /** The batch has been sent. */
  settle(): void {
    for (const [peer, refusal] of this.#learnt) this.#known.set(peer, refusal);
    if (this.#learnt.size > 1) this.#known.clear();
    this.#learnt.clear();
  }

  /**
   * A message was tried.
   * @param afterTrain whether it is a datagram of a train that was refused
   */
  attempted({ peer, payloads, error }: Attempt, afterTrain: boolean, now: number): void {
    const size = payloads[0]!.length;
    if (payloads.length === 1) {
      const suspected = this.#suspected.get(peer.address);
      if (error !== 0 || !afterTrain || suspected === undefined) return;
      this.#learnt.set(peer.address, suspected);
      // A further peer may take the place of any other.
      this.#known.clear();
      this.#refusedAt.set(peer.address, now);
      if (suspected.error === errno.EIO) this.deviceRefusedAt = Math.min(this.deviceRefusedAt, now);
      return;
    }
    const known = this.#known.get(peer.address);
    if (known !== undefined && size >= known.size && now - known.at < MEMORY) {
      throw new Violation(`a train to ${peer.address}, which has refused one`);
    }
    if (error !== 0) this.#suspected.set(peer.address, { size: error === errno.EIO ? 1 : size, at: now, error });
  }
}
