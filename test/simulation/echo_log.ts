/** The lines that the echo server writes for datagrams, compared with the datagrams. */
import { endpointOf, isIPv4, isLinkLocal, isMulticast } from "./address.ts";
import type { Admitted } from "./echo_oracle.ts";
import type { EchoSettings } from "./echo_plan.ts";
import { MILLISECOND, SECOND } from "./time.ts";
import { Violation } from "./violation.ts";

/** Bytes of a payload that a line shows. */
const SHOWN = 64;

/** What the lines of a log are. */
export interface LogLines {
  /** Those of datagrams. */
  readonly records: readonly string[];
  /** How many datagrams the others say were left out. */
  readonly leftOut: number;
}

/** Tells the lines apart. */
export function readLog(lines: readonly string[]): LogLines {
  const leftOut = lines.map((line) => /^LEFT OUT: (\d+)|"event":"left_out".*"datagrams":(\d+)/.exec(line) ?? []);
  return {
    records: lines.filter((line) => /^(RECV: |\{"event":"echo")/.test(line)),
    leftOut: leftOut.reduce((sum, [, text, json]) => sum + Number(text ?? json ?? 0), 0),
  };
}

/** Requires that lines are those of datagrams that were answered, in their order, each at most once. */
export function checkRecords(settings: EchoSettings, admitted: readonly Admitted[], records: readonly string[]): void {
  let next = 0;
  for (const record of records) {
    while (next < admitted.length && !isRecordOf(settings, admitted[next]!, record)) next++;
    if (next++ === admitted.length) throw new Violation(`a line that no datagram gives: ${record}`);
  }
}

function isRecordOf({ port, log }: EchoSettings, { message, payload, realtimes }: Admitted, record: string): boolean {
  const { source, sourcePort, destination, specific, interface: by } = message;
  const zone = (address: string) => isLinkLocal(address) ? by.name.replaceAll('"', "?") : "";
  const local = isMulticast(destination) && !isIPv4(destination) ? "::" : specific ?? destination;
  const peer = endpointOf(source, zone(source), sourcePort);
  const own = endpointOf(local, zone(local), port);
  const cut = payload.length > SHOWN;
  const text = String.fromCharCode(...payload.subarray(0, SHOWN)) + (cut ? "…" : "");
  // How other payloads are shown, tests of their own say.
  const simple = /^[a-z]*…?$/.test(text);
  if (log === "json") {
    const line = JSON.parse(record);
    const timely = realtimes.some((time) => Math.abs(Date.parse(line.time) * MILLISECOND - time) < SECOND / 10);
    return line.peer === peer && line.local === own && line.bytes === payload.length &&
      (!simple || line.payload === text) && timely;
  }
  const start = `RECV: ${peer} -> ${own} - [`;
  const end = `]${cut ? ` (${payload.length} bytes)` : ""}`;
  return record.startsWith(start) && record.endsWith(end) && (!simple || record === `${start}${text}${end}`);
}
