/** The summary of the echo server, as it is read again. */

/** What both forms of it say. */
export interface Summary {
  readonly received: number;
  readonly echoed: number;
  readonly refused: number;
  readonly failed: number;
  readonly dropped_by_kernel: number;
  readonly log_lines_dropped: number;
  readonly seconds: number;
  readonly refused_by_reason: Readonly<Record<string, number>>;
  readonly failed_by_errno: Readonly<Record<string, number>>;
}

/** The summaries in JSON among the lines of the log. */
export function jsonSummaries(lines: readonly string[]): Summary[] {
  return lines.filter((line) => line.startsWith('{"event":"summary"')).map((line) => JSON.parse(line));
}

/** The summaries for people: each a heading and a table of names, numbers, and details. */
export function textSummaries(text: string): Summary[] {
  const headings = [...text.matchAll(/^(running for|stopped by \w+ after) [\d.]+ s$/gm)];
  const tables = headings.map(({ index }, i) => text.slice(index, headings[i + 1]?.index));
  // An output that did not take all may end within one.
  return tables.filter((table) => /^ {2}log lines dropped +\d+\n/m.test(table)).map(readTable);
}

function readTable(text: string): Summary {
  const rows = new Map<string, { count: number; details: string }>();
  for (const [, name, count, details] of text.matchAll(/^ {2}([a-z ]+?) +(\d+)(?: {3}(.*))?$/gm)) {
    rows.set(name!, { count: Number(count), details: details ?? "" });
  }
  const count = (name: string) => rows.get(name)?.count ?? NaN;
  const details = (name: string) =>
    Object.fromEntries(
      [...(rows.get(name)?.details ?? "").matchAll(/([^:,]+): (\d+)/g)].map((
        [, key, value],
      ) => [key!.trim(), Number(value)]),
    );
  const reasons = Object.entries(details("refused")).map(([reason, value]) => [reason.replaceAll(" ", "_"), value]);
  return {
    received: count("received"),
    echoed: count("echoed"),
    refused: count("refused"),
    failed: count("failed"),
    dropped_by_kernel: count("dropped by kernel"),
    log_lines_dropped: count("log lines dropped"),
    seconds: Number(/ ([\d.]+) s$/m.exec(text)?.[1]),
    refused_by_reason: Object.fromEntries(reasons),
    failed_by_errno: details("failed"),
  };
}
