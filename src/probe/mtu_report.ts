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
export function mtuReport(settings: ProbeSettings, terminal: Terminal): MtuObserver {
  const explain = (target: ProbeTarget) => explanation(target, { ...settings, size: SMALL_SIZE });
  const writeFault = (target: ProbeTarget) => {
    const word = terminal.paint("bad", verdict(target.ledger));
    terminal.writeLines([`${target.endpoint}: ${word}`, explain(target)]);
  };
  const writeFound = (target: ProbeTarget, size: number | null, limit: Limit | undefined) => {
    const { peer, endpoint, ledger, sockets: [socket] } = target;
    // Failures of datagrams that are too large are no fault.
    const ok = size !== null && ledger.wrongSources.length === 0;
    writeJson(terminal, {
      event: "mtu",
      target: endpoint,
      payload: size,
      packet: size === null ? null : size + headerSize(peer),
      way_back_proved: size !== null && socket!.tellsFragments,
      verdict: ok ? "ok" : jsonWord(verdict(ledger)),
      larger: limit?.outcome ?? null,
      ...failureFields(limit?.failure),
      explanation: ok ? null : explain(target),
    });
  };
  return {
    tried({ endpoint }, size, limit) {
      // A datagram that this host refuses to send is no try.
      const refusedHere = limit?.failure !== undefined && limit.failure.report?.icmp === undefined;
      if (settings.quiet || settings.json || refusedHere) return;
      const what = limit === undefined ? "comes back" : limitText(limit);
      terminal.writeLines([terminal.paint("faint", `${endpoint}: ${size} bytes: ${what}`)]);
    },

    unanswered(target) {
      if (settings.json) writeFound(target, null, undefined);
      else writeFault(target);
    },

    found(target, size, limit) {
      if (settings.json) return writeFound(target, size, limit);
      const { peer, endpoint, ledger, sockets: [socket] } = target;
      const bytes = terminal.paint("strong", `${size} bytes`);
      const way = socket!.tellsFragments ? "there and back" : "there (this kernel does not tell of the way back)";
      const packets = `in packets of ${size + headerSize(peer)} bytes`;
      const larger = limit === undefined ? "no datagram is larger" : `larger: ${limitText(limit)}`;
      terminal.writeLines([`${endpoint}: ${bytes} pass unfragmented ${way}, ${packets}; ${larger}`]);
      if (ledger.wrongSources.length > 0) writeFault(target);
    },
  };
}

/** The limit on the size of datagrams, in a few words. */
function limitText({ outcome, failure, fragmentSize }: Limit): string {
  if (outcome === "corrupted") return "comes back altered";
  if (outcome === "fragmented") return `comes back in fragments of up to ${fragmentSize} bytes`;
  if (failure === undefined) return "no answer";
  const mtu = failure.report?.mtu ? ` (MTU ${failure.report.mtu})` : "";
  return failure.errno === EMSGSIZE && failure.report?.icmp === undefined
    ? `this host's interface takes no more${mtu}`
    : failureName(failure) + mtu;
}
