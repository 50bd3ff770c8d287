/** What the echo server tells its operator: each fault once, at most one message of a kind in a second. */
import type { EchoOracle } from "./echo_oracle.ts";
import { SECOND } from "./time.ts";
import { Violation } from "./violation.ts";
import type { World } from "./world.ts";

/** Longest time from a fault until the server tells of it: it looks once a second, and may be asleep then. */
export const TELL_MAX = 2.5 * SECOND;
/** Shortest time from one such message to the next: a second, but for the time that it took to write the first. */
const TELL_MIN = 0.9 * SECOND;

interface Message {
  readonly text: string;
  readonly at: number;
}

/** Requires that standard error, which nothing disturbed, has told of everything in time. */
export function checkMessages(
  { outputs, time }: World,
  { failures, refusals, refusedAt, refusedSources }: EchoOracle,
): void {
  const lines = outputs[1].lines();
  const ofKind = (start: string) => lines.filter(({ text }) => text.startsWith(`echo.ts: ${start}`));
  const due = time.now - TELL_MAX;
  checkCounts(ofKind("replies could not be sent: "), failures, due);
  checkCounts(ofKind("refused: "), refusedAt, due, (text, told) => {
    const example = text.slice(text.indexOf("; for example from ") + 19);
    if (example !== refusedSources[told]) throw new Violation(`not the first that was refused since: ${text}`);
  });
  checkPace(ofKind("receiving failed: "));
  const device = ofKind("a network device takes no trains").length;
  if (device > 1) throw new Violation("a device that takes no trains is told twice");
  const { deviceRefusedAt } = refusals;
  if (device === 1 ? deviceRefusedAt === Infinity : deviceRefusedAt < due) {
    throw new Violation("whether a device takes no trains is told wrongly");
  }
}

function checkPace(messages: readonly Message[]): void {
  messages.forEach(({ text, at }, i) => {
    if (i > 0 && at - messages[i - 1]!.at < TELL_MIN) throw new Violation(`told twice in a second: ${text}`);
  });
}

/**
 * Requires that messages tell how much has happened at `times`, and that all is told that is due.
 * @param check checks a message, before which so many were told
 */
function checkCounts(
  messages: readonly Message[],
  times: readonly number[],
  due: number,
  check: (text: string, told: number) => void = () => {},
): void {
  checkPace(messages);
  let told = 0;
  for (const { text, at } of messages) {
    check(text, told);
    for (const [, count] of text.matchAll(/: (\d+)/g)) told += Number(count);
    const happened = times.filter((time) => time <= at).length;
    if (told !== happened) throw new Violation(`${told} told of ${happened}: ${text}`);
  }
  const late = times.filter((time) => time < due).length;
  if (told < late) throw new Violation(`${told} told of ${late} that were due`);
}
