/** The rate that a source is allowed, by counting tokens: the program computes times instead. */
import { SECOND } from "./time.ts";

/** What a bucket may be short of a token: the program says so too, for its times are rounded. */
const TOLERANCE = 1e-6;

export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #at = 0;

  constructor({ perSecond, burst }: { readonly perSecond: number; readonly burst: number }) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
  }

  /** Takes as many of `wanted` tokens as there are at the time `now`, in nanoseconds. */
  take(wanted: number, now: number): number {
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#at) / SECOND * this.#perSecond);
    this.#at = now;
    const taken = Math.min(wanted, Math.floor(this.#tokens + TOLERANCE));
    this.#tokens -= taken;
    return taken;
  }
}
