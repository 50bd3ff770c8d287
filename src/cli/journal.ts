/**
 * Priorities in the journal of systemd.
 * @module
 */

import { SO_TYPE, SOL_SOCKET } from "../../ffi/constants.ts";
import { getsockopt } from "../../ffi/libc.ts";
import { environmentVariable } from "../../ffi/terminal.ts";

/**
 * What a line on standard error begins with to have a priority, where the journal reads it; else "". sd-daemon(3)
 * @param level of syslog(3): 3 for an error, 4 for a warning
 */
export function journalPriority(level: number): string {
  // A shell may have redirected standard error elsewhere: the journal's is a socket.
  const isJournal = environmentVariable("JOURNAL_STREAM") !== "" && getsockopt(2, SOL_SOCKET, SO_TYPE) > 0;
  return isJournal ? `<${level}>` : "";
}
