/** Makes a failing run smaller: it leaves out events as long as the run still fails in the same way. */
import { spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("simulate.ts", import.meta.url));
/** More events than any plan has. */
const EVENTS_MAX = 1024;

/**
 * Finds a small part of a plan that still fails. Each attempt is a process of its own, for a run that fails leaves the
 * program in the middle of something.
 * @returns what to say: the command that runs it
 */
export function shrink(what: string, seed: number, without: string, failure: string): string {
  const runtime = process.versions.bun === undefined ? ["run", "-A"] : [];
  const args = (
    kept: readonly number[],
  ) => [`--what=${what}`, `--seed=${seed}`, `--without=${without}`, `--only=${kept}`];
  const fails = (kept: readonly number[]) => {
    const { status, stdout } = spawnSync(process.execPath, [...runtime, PROGRAM, ...args(kept)], { encoding: "utf8" });
    return status === 1 && stdout.includes(kindOf(failure));
  };
  let kept = Array.from({ length: EVENTS_MAX }, (_, i) => i);
  // Delta debugging: Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002.
  for (let size = EVENTS_MAX / 2; size >= 1; size /= 2) {
    for (let at = 0; at < kept.length;) {
      const fewer = kept.toSpliced(at, size);
      if (fails(fewer)) kept = fewer;
      else at += size;
    }
  }
  return `With ${kept.length} events it still fails: deno task simulate ${args(kept).join(" ")}`;
}

/** What two failures of the same kind have in common: all but numbers and names. */
function kindOf(failure: string): string {
  return failure.split(/[0-9{"[]/)[0]!.trim();
}
