/** What the echo server tells its operator: each fault once, at most one message of a kind in a second. */
import type { EchoOracle, Incident } from "./echo_oracle.ts";
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

/** Requires that an output, which nothing disturbed, has told of everything in time: standard error, or the log in JSON. */
export function checkMessages(
  { outputs, time }: World,
  { failures, refusals, trains }: EchoOracle,
  json: boolean,
): void {
  const ofKind = (start: string) => outputs[1].lines().filter(({ text }) => text.startsWith(`echo.ts: ${start}`));
  const events = (event: string) => outputs[0].lines().filter(({ text }) => text.startsWith(`{"event":"${event}"`));
  const due = time.now - TELL_MAX;
  checkCounts(json ? events("failed") : ofKind("replies could not be sent: "), failures, due);
  checkCounts(json ? events("refused") : ofKind("refused: "), refusals, due);
  checkPace(ofKind("receiving failed: "));
  const device = ofKind("a network device takes no trains").length;
  if (device > 1) throw new Violation("a device that takes no trains is told twice");
  const { deviceRefusedAt } = trains;
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
 * Requires that messages tell how many of `incidents` there were, with the peer of the first since the last message, and
 * that all is told that is due.
 */
function checkCounts(messages: readonly Message[], incidents: readonly Incident[], due: number): void {
  checkPace(messages);
  let told = 0;
  for (const { text, at } of messages) {
    const peer = text.startsWith("{") ? JSON.parse(text).peer : / for example (?:from|to) (.*)$/.exec(text)?.[1];
    if (peer !== incidents[told]?.peer) throw new Violation(`not ${incidents[told]?.peer}: ${text}`);
    for (const count of countsOf(text)) told += count;
    const happened = incidents.filter((incident) => incident.at <= at).length;
    if (told !== happened) throw new Violation(`${told} told of ${happened}: ${text}`);
  }
  const late = incidents.filter((incident) => incident.at < due).length;
  if (told < late) throw new Violation(`${told} told of ${late} that were due`);
}

/** The counts in a message: `EPERM (operation not permitted): 3`, or those of an event in JSON. */
function countsOf(text: string): number[] {
  if (text.startsWith("{")) return Object.values<number>(JSON.parse(text).counts);
  return [...text.matchAll(/: (\d+)/g)].map(([, count]) => Number(count));
}
