/**
 * The largest datagram that gets to a target and back without being fragmented on the way there.
 * @module
 */

import { EMSGSIZE } from "../../ffi/constants.ts";
import { errnoName } from "../../ffi/errno.ts";
import { isIPv4 } from "../net/address.ts";
import { icmpName } from "./icmp.ts";
import { type ProbeSettings, SIZE_MAX, SIZE_MAX_IPV4 } from "./options.ts";
import type { Exchange } from "./reply_poller.ts";
import type { Failure, Outcome, ProbeTarget, TargetObserver } from "./target.ts";
import { hostText } from "./text.ts";
import { explanation, failureName, headerSize, payloadSize, type Verdict, verdict } from "./verdict.ts";
import type { Terminal } from "../cli/terminal.ts";

/** Bytes of the request that finds out whether the target answers at all. */
const SMALL_SIZE = 16;
/** How often a size is tried before it counts as too large. */
const ATTEMPTS = 3;
/** A size without an answer is given up after so many of the longest round-trip times so far, if the time-out is longer. */
const PATIENCE_ROUND_TRIPS = 10;
/** Least such time, in milliseconds. */
const PATIENCE_MILLISECONDS = 100;

/** What limits the size of datagrams. */
interface Limit {
  /** What became of a datagram that was larger. */
  readonly outcome: Outcome;
  /** Who objected to it, if anybody did. */
  readonly failure: Failure | undefined;
}

/**
 * Finds, for one target after the other, the largest payload that comes back with "don't fragment" set, and reports it.
 * @returns whether all targets answer, each from the address that was asked
 */
export async function findLargest(
  targets: readonly ProbeTarget[],
  exchange: Exchange,
  settings: ProbeSettings,
  report: MtuReport,
  isStopped: () => boolean,
): Promise<boolean> {
  let complete = true;
  for (const target of targets) {
    const attempt = async (size: number): Promise<Limit | undefined> => {
      const limit = await tryLargest(target, size, exchange, settings.timeout, isStopped);
      if (!isStopped()) report.tried(target, size, limit);
      return limit;
    };
    let passes = SMALL_SIZE;
    let limit = await attempt(passes);
    if (isStopped()) return false;
    if (limit !== undefined) {
      report.unanswered(target);
      complete = false;
      continue;
    }
    const most = isIPv4(target.address.bytes) ? SIZE_MAX_IPV4 : SIZE_MAX;
    let fails = most + 1;
    for (let size = most; fails - passes > 1;) {
      const objection = await attempt(size);
      if (isStopped()) return false;
      const told = objection?.failure?.report?.mtu ?? 0;
      if (objection === undefined) {
        passes = size;
      } else {
        limit = objection;
        // Who objects says which size would pass: but not always the truth.
        fails = told === 0 ? size : Math.min(size, payloadSize(target, told) + 1);
      }
      size = told > 0 && fails - 1 > passes ? fails - 1 : passes + (fails - passes >> 1);
    }
    report.found(target, passes, limit);
    if (target.wrongSources.size > 0) complete = false;
  }
  return complete;
}

/** Sends requests of `size` bytes until one comes back; returns what prevents it otherwise. */
async function tryLargest(
  target: ProbeTarget,
  size: number,
  exchange: Exchange,
  timeout: number,
  isStopped: () => boolean,
): Promise<Limit | undefined> {
  const sequences: number[] = [];
  const longest = target.times.maximum / 1_000_000;
  const patience = Math.min(timeout, Math.max(PATIENCE_MILLISECONDS, longest * PATIENCE_ROUND_TRIPS || timeout));
  const outcomes = () => sequences.map((sequence) => target.outcome(sequence) ?? "lost");
  for (let i = 0; i < ATTEMPTS && !isStopped(); i++) {
    sequences.push(target.send(size));
    const end = performance.now() + patience;
    while (target.outcome(sequences[i]!) === "waiting" && performance.now() < end && !isStopped()) {
      await exchange.step(end);
    }
    if (outcomes().some((outcome) => outcome === "received" || outcome === "late" || outcome === "wrong source")) {
      return undefined;
    }
    const failed = target.outcome(sequences[i]!) === "failed" ? target.lastFailure : undefined;
    // Who says that it is too large need not be asked again.
    if (failed !== undefined && (failed.report?.mtu ?? 0) > 0) return { outcome: "failed", failure: failed };
  }
  const outcome = outcomes().at(-1)!;
  if (outcome === "waiting") return { outcome: "lost", failure: undefined };
  return { outcome, failure: outcome === "failed" ? target.lastFailure : undefined };
}

/** Says what the search finds: in a line for each target, or as JSON. */
export class MtuReport implements TargetObserver {
  readonly #settings: ProbeSettings;
  readonly #terminal: Terminal;

  constructor(settings: ProbeSettings, terminal: Terminal) {
    this.#settings = settings;
    this.#terminal = terminal;
  }

  replied(): void {}

  failed(): void {}

  lost(): void {}

  /** A size was tried. */
  tried(target: ProbeTarget, size: number, limit: Limit | undefined): void {
    if (this.#settings.quiet || this.#settings.json) return;
    const what = limit === undefined ? "comes back" : whatHappens(limit);
    this.#line(this.#terminal.paint("faint", `${target.endpoint}: ${size} bytes: ${what}`));
  }

  /** The target does not answer at all. */
  unanswered(target: ProbeTarget): void {
    const word = verdict(target);
    const reason = explanation(target, { ...this.#settings, size: SMALL_SIZE });
    if (this.#settings.json) {
      this.#json(target, word, reason, null, undefined);
    } else {
      this.#line(`${target.endpoint}: ${this.#terminal.paint("bad", word)}\n${reason}`);
    }
  }

  /** The largest payload was found. */
  found(target: ProbeTarget, payload: number, limit: Limit | undefined): void {
    // Refusals of what is too large are no fault.
    const wrong = target.wrongSources.size > 0;
    const reason = wrong ? explanation(target, { ...this.#settings, size: SMALL_SIZE }) : null;
    if (this.#settings.json) {
      this.#json(target, wrong ? "wrong source" : "ok", reason, payload, limit);
      return;
    }
    const packet = payload + headerSize(target.address);
    const size = this.#terminal.paint("strong", `${payload} bytes`);
    const larger = limit === undefined ? "that is the most there is" : `larger: ${whatHappens(limit)}`;
    this.#line(`${target.endpoint}: ${size} come back unfragmented, in packets of ${packet} bytes; ${larger}`);
    if (wrong) this.#line(`${target.endpoint}: ${this.#terminal.paint("bad", "wrong source")}\n${reason}`);
  }

  #json(
    target: ProbeTarget,
    verdict: Verdict,
    explanation: string | null,
    payload: number | null,
    limit: Limit | undefined,
  ): void {
    const report = limit?.failure?.report;
    const value = {
      event: "mtu",
      target: target.endpoint,
      payload,
      packet: payload === null ? null : payload + headerSize(target.address),
      verdict: verdict.replaceAll(" ", "_"),
      larger: limit?.outcome ?? null,
      errno: limit?.failure === undefined ? null : errnoName(limit.failure.errno),
      icmp: report?.icmp === undefined ? null : icmpName(report.icmp),
      from: report?.reporter === undefined ? null : hostText(report.reporter),
      explanation,
    };
    this.#line(JSON.stringify(value));
  }

  #line(text: string): void {
    this.#terminal.write(`${text}\n`);
  }
}

/** What became of a datagram that was too large. */
function whatHappens({ outcome, failure }: Limit): string {
  if (failure !== undefined) {
    const mtu = failure.report?.mtu ? ` (MTU ${failure.report.mtu})` : "";
    return failure.errno === EMSGSIZE && failure.report?.icmp === undefined
      ? `this host's interface takes no more${mtu}`
      : failureName(failure) + mtu;
  }
  return outcome === "corrupted" ? "comes back altered" : "no answer";
}
