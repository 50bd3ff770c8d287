/** Datagrams of a flow that can leave as a train do so: each trip through the kernel costs more than a datagram. */
import { Violation } from "./violation.ts";

/** Most bytes of a train. */
const TRAIN_SIZE_MAX = 65_507;

export class CoalescingOracle {
  // By flow: the size of the datagram of this batch that was sent last, if it was sent alone.
  readonly #alone = new Map<string, number>();

  /** A message of a flow was tried, of so many datagrams of this size; `excused` says that a train was no choice. */
  attempted(flow: string, datagrams: number, size: number, excused: boolean): void {
    const before = this.#alone.get(flow);
    if (datagrams > 1 || size === 0 || excused) {
      this.#alone.delete(flow);
      return;
    }
    const fits = before !== undefined && size <= before && before + size <= TRAIN_SIZE_MAX;
    if (fits) throw new Violation(`two datagrams alone, of ${flow}`);
    this.#alone.set(flow, size);
  }

  /** The batch has been sent. */
  settle(): void {
    this.#alone.clear();
  }
}
