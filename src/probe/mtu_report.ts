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
import { verdict } from "./verdict.ts";

/** Reports on the search for the largest datagram. */
export function mtuReport(settings: ProbeSettings, terminal: Terminal): MtuObserver {
  return {
    tried({ endpoint }, size, limit) {
      // A datagram that this host refuses to send is no try.
      const refusedHere = limit?.failure !== undefined && limit.failure.icmp === undefined;
      if (settings.quiet || settings.json || refusedHere) return;
      const what = limit === undefined ? "comes back" : limitText(limit);
      terminal.writeLines([terminal.paint("faint", `${endpoint}: ${size} bytes: ${what}`)]);
    },

    found(target, size, limit) {
      const { peer, endpoint, ledger, sockets: [socket] } = target;
      // Failures of datagrams that are too large are no fault.
      const faulty = size === undefined || ledger.wrongSources.length > 0;
      const word = faulty ? verdict(ledger) : "ok";
      const sentence = faulty ? explanation(target, { ...settings, size: SMALL_SIZE }) : null;
      const packet = size && size + headerSize(peer);
      if (settings.json) {
        writeJson(terminal, {
          event: "mtu",
          target: endpoint,
          payload: size,
          packet,
          way_back_proved: size !== undefined && socket!.tellsFragments,
          verdict: jsonWord(word),
          larger: limit?.outcome,
          ...failureFields(limit?.failure),
          explanation: sentence,
        });
      } else if (size !== undefined) {
        const bytes = terminal.paint("strong", `${size} bytes`);
        const way = socket!.tellsFragments ? "there and back" : "there (this kernel does not tell of the way back)";
        const larger = limit === undefined ? "no datagram is larger" : `larger: ${limitText(limit)}`;
        const facts = `pass unfragmented ${way}, in packets of ${packet} bytes; ${larger}`;
        terminal.writeLines([`${endpoint}: ${bytes} ${facts}`]);
      }
      if (sentence === null || settings.json) return;
      terminal.writeLines([`${endpoint}: ${terminal.paint("bad", word)}`, sentence]);
    },
  };
}

/** The limit on the size of datagrams, in a few words. */
function limitText({ outcome, failure, fragmentSize }: Limit): string {
  if (outcome === "corrupted") return "comes back altered";
  if (outcome === "fragmented") return `comes back in fragments of up to ${fragmentSize} bytes`;
  if (failure === undefined) return "no answer";
  const mtu = failure.mtu ? ` (MTU ${failure.mtu})` : "";
  return failure.errno === EMSGSIZE && failure.icmp === undefined
    ? `this host's interface takes no more${mtu}`
    : failureName(failure) + mtu;
}
