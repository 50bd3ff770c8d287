/**
 * The program: decides which command runs, and ends with its exit code.
 * @module
 */

import { LibraryError } from "../ffi/contract.ts";
import { SystemError } from "../ffi/errno.ts";
import { runtime } from "../ffi/runtime.ts";
import { UsageError } from "./cli/arguments.ts";
import { fitHelp } from "./cli/help.ts";
import { VERSION } from "./cli/version.ts";
import { runEcho } from "./echo/command.ts";
import { ECHO_HELP, parseEcho } from "./echo/options.ts";
import { runProbe } from "./probe/command.ts";
import { parseProbe, PROBE_HELP } from "./probe/options.ts";

/**
 * Runs the command that the arguments ask for.
 * @returns the exit code: 0 after a clean stop, 1 after a failure, 2 for wrong usage
 */
async function main(args: readonly string[]): Promise<number> {
  try {
    if (args[0] === "probe") {
      const settings = parseProbe(args.slice(1));
      if (settings === "help") return print(console.log, await fitHelp(PROBE_HELP)) ? 0 : 1;
      if (settings === "version") return print(console.log, `echo.ts ${VERSION}`) ? 0 : 1;
      return await runProbe(settings);
    }
    const settings = parseEcho(args);
    if (settings === "help") return print(console.log, await fitHelp(ECHO_HELP)) ? 0 : 1;
    if (settings === "version") return print(console.log, `echo.ts ${VERSION}`) ? 0 : 1;
    await runEcho(settings);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof SystemError || error instanceof LibraryError)) throw error;
    print(console.error, `echo.ts: ${error.message}`);
    return error instanceof UsageError ? 2 : 1;
  }
}

/** Prints a text; returns false if that fails, on a full disk for example. */
function print(write: (text: string) => void, text: string): boolean {
  try {
    write(text);
    return true;
  } catch {
    return false;
  }
}

runtime().exit(await main(runtime().args));
