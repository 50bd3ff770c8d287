/**
 * The program: runs a command and ends with its exit code.
 * @module
 */

import { LibraryError } from "../ffi/contract.ts";
import { SystemError } from "../ffi/errno.ts";
import { runtime } from "../ffi/runtime.ts";
import { UsageError } from "./cli/arguments.ts";
import { type Command, helpText } from "./cli/help.ts";
import { journalPriority } from "./cli/journal.ts";
import { VERSION } from "./cli/version.ts";
import { runEcho } from "./echo/command.ts";
import { ECHO, parseEcho } from "./echo/options.ts";
import { readPlace, runWorker } from "./echo/worker.ts";
import { runProbe } from "./probe/command.ts";
import { parseProbe, PROBE } from "./probe/options.ts";

/**
 * Runs the command that the arguments name.
 * @returns the exit code: 0 after a clean stop, 1 after a failure, 2 for wrong usage
 */
async function main(args: readonly string[]): Promise<number> {
  try {
    if (args[0] === "probe") {
      const settings = parseProbe(args.slice(1));
      return typeof settings === "string" ? await inform(settings, PROBE) : await runProbe(settings);
    }
    const place = readPlace(args);
    const settings = parseEcho(place === undefined ? args : args.slice(0, -1));
    if (typeof settings === "string") return await inform(settings, ECHO);
    await (place === undefined ? runEcho(settings) : runWorker(settings, place));
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof SystemError || error instanceof LibraryError)) throw error;
    const priority = error instanceof SystemError ? journalPriority(3) : "";
    print(console.error, `${priority}echo.ts: ${error.message}`);
    return error instanceof UsageError ? 2 : 1;
  }
}

/** Prints the help or the version; returns the exit code. */
async function inform(subject: "help" | "version", command: Command): Promise<number> {
  if (subject === "version") return print(console.log, `echo.ts ${VERSION}`);
  // Deno takes milliseconds to load this: the server does without it.
  const { default: { stdout } } = await import("node:process");
  return print(console.log, helpText(command, stdout.columns || undefined));
}

/** Prints a text; returns the exit code, 1 if the text cannot be written, to a full disk for example. */
function print(write: (text: string) => void, text: string): number {
  try {
    write(text);
    return 0;
  } catch {
    return 1;
  }
}

runtime().exit(await main(runtime().args));
