/** The lines that the echo server writes for datagrams, compared with the datagrams. */
import { endpointOf, isIPv4, isMulticast } from "./address.ts";
import { type Admitted, zoneOf } from "./echo_oracle.ts";
import type { EchoSettings } from "./echo_plan.ts";
import { MILLISECOND, SECOND } from "./time.ts";
import { Violation } from "./violation.ts";

/** Shortest second of the limit: it begins when the server comes to it. */
const LIMIT_TIME = 0.9 * SECOND;
/** Bytes of a payload that a line shows. */
const SHOWN = 64;

/** What the lines of a log are. */
export interface LogLines {
  /** Those of datagrams. */
  readonly records: readonly string[];
  /** How many datagrams the others say were left out. */
  readonly leftOut: number;
}

/** The lines that say what was left out, in text and in JSON. */
const LEFT_OUT =
  /^LEFT OUT: (\d+) datagrams in [\d.]+ s \(--log-limit \d+\)$|^\{"event":"left_out",.*"datagrams":(\d+)\}$/;

/** Whether a line is that of a datagram. */
export function isRecord(line: string): boolean {
  return /^(RECV: |\{"event":"echo",)/.test(line);
}

/** Tells the lines apart. */
export function readLog(lines: readonly string[]): LogLines {
  const leftOut = lines.map((line) => LEFT_OUT.exec(line) ?? []);
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

/**
 * Requires of an output that nothing disturbs that no line is missing but for the limit, and that the limit holds in
 * each second, whenever that begins.
 */
export function checkLimit(limit: number, lines: readonly { readonly at: number }[], missing: number): void {
  if (missing > 0 && (limit === 0 || lines.length < limit)) throw new Violation(`${missing} lines are missing`);
  const most = 2 * limit;
  for (let i = most; limit > 0 && i < lines.length; i++) {
    if (lines[i]!.at - lines[i - most]!.at < LIMIT_TIME) throw new Violation(`more than ${most} lines within a second`);
  }
}

function isRecordOf({ port, log }: EchoSettings, { message, payload, realtimes }: Admitted, record: string): boolean {
  const { source, sourcePort, destination, specific, interface: by } = message;
  const local = isMulticast(destination) && !isIPv4(destination) ? "::" : specific ?? destination;
  const peer = endpointOf(source, zoneOf(source, by), sourcePort);
  const own = endpointOf(local, zoneOf(local, by), port);
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
