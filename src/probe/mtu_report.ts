/**
 * The report of `--mtu`: a line, or a JSON object, for each target.
 * @module
 */

import { EMSGSIZE } from "../../ffi/constants.ts";
import type { Terminal } from "../cli/terminal.ts";
import { explanation, failureName } from "./explanation.ts";
import { failureFields, jsonWord, writeJson } from "./json_report.ts";
import { type Limit, type MtuObserver, SMALL_SIZE } from "./mtu_search.ts";
import type { ProbeSettings } from "./options.ts";
import { headerSize } from "./peer.ts";
import type { ProbeTarget } from "./target.ts";
import { verdict } from "./verdict.ts";

/** Reports on the search for the largest datagram. */
export class MtuReport implements MtuObserver {
  readonly #settings: ProbeSettings;
  readonly #terminal: Terminal;

  constructor(settings: ProbeSettings, terminal: Terminal) {
    this.#settings = { ...settings, size: SMALL_SIZE };
    this.#terminal = terminal;
  }

  tried({ endpoint }: ProbeTarget, size: number, limit: Limit | undefined): void {
    if (this.#settings.quiet || this.#settings.json) return;
    const what = limit === undefined ? "comes back" : limitText(limit);
    this.#terminal.writeLines([this.#terminal.paint("faint", `${endpoint}: ${size} bytes: ${what}`)]);
  }

  unanswered(target: ProbeTarget): void {
    if (this.#settings.json) this.#writeJson(target, null, undefined);
    else this.#writeFault(target);
  }

  found(target: ProbeTarget, size: number, limit: Limit | undefined): void {
    if (this.#settings.json) return this.#writeJson(target, size, limit);
    const { peer, endpoint, ledger, transmission } = target;
    const bytes = this.#terminal.paint("strong", `${size} bytes`);
    const way = transmission.tellsFragments ? "there and back" : "there (this kernel does not tell of the way back)";
    const packets = `in packets of ${size + headerSize(peer)} bytes`;
    const larger = limit === undefined ? "no datagram is larger" : `larger: ${limitText(limit)}`;
    this.#terminal.writeLines([`${endpoint}: ${bytes} pass unfragmented ${way}, ${packets}; ${larger}`]);
    if (ledger.wrongSources.length > 0) this.#writeFault(target);
  }

  #writeFault(target: ProbeTarget): void {
    const word = this.#terminal.paint("bad", verdict(target.ledger));
    this.#terminal.writeLines([`${target.endpoint}: ${word}`, explanation(target, this.#settings)]);
  }

  #writeJson(target: ProbeTarget, size: number | null, limit: Limit | undefined): void {
    const { peer, endpoint, ledger, transmission } = target;
    // Failures of datagrams that are too large are no fault.
    const ok = size !== null && ledger.wrongSources.length === 0;
    writeJson(this.#terminal, {
      event: "mtu",
      target: endpoint,
      payload: size,
      packet: size === null ? null : size + headerSize(peer),
      way_back_proved: size !== null && transmission.tellsFragments,
      verdict: ok ? "ok" : jsonWord(verdict(ledger)),
      larger: limit?.outcome ?? null,
      ...failureFields(limit?.failure),
      explanation: ok ? null : explanation(target, this.#settings),
    });
  }
}

/** What limits the size of datagrams, in a few words. */
function limitText({ outcome, failure, fragmentSize }: Limit): string {
  if (outcome === "corrupted") return "comes back altered";
  if (outcome === "fragmented") return `comes back in fragments of up to ${fragmentSize} bytes`;
  if (failure === undefined) return "no answer";
  const mtu = failure.report?.mtu ? ` (MTU ${failure.report.mtu})` : "";
  return failure.errno === EMSGSIZE && failure.report?.icmp === undefined
    ? `this host's interface takes no more${mtu}`
    : failureName(failure) + mtu;
}
