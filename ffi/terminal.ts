/**
 * Terminals and the environment.
 * @module
 */

import { TIOCGDEV, TIOCGWINSZ } from "./constants.ts";
import { winsize } from "./layouts.ts";
import { libc } from "./library.ts";
import { copyOf, cString, Memory } from "./memory.ts";

/** The size of a terminal in characters; `undefined` if the descriptor is no terminal. ioctl_tty(2) */
export function terminalSize(fd: number): { columns: number; rows: number } | undefined {
  const memory = new Memory(winsize.size);
  if (libc().call.ioctl(fd, TIOCGWINSZ, memory.pointer(0)) < 0) return undefined;
  return { columns: memory.u16[winsize.ws_col >> 1]!, rows: memory.u16[winsize.ws_row >> 1]! };
}

/** The device number of a terminal; `undefined` if the descriptor is no terminal. ioctl_tty(2) */
export function terminalDevice(fd: number): number | undefined {
  const memory = new Memory(4);
  return libc().call.ioctl(fd, TIOCGDEV, memory.pointer(0)) < 0 ? undefined : memory.i32[0];
}

/** The value of an environment variable, "" if it is not set. Deno's own function needs a permission. getenv(3) */
export function environmentVariable(name: string): string {
  const { getenv, strlen } = libc().call;
  const value = getenv(cString(name).pointer(0));
  return value ? new TextDecoder().decode(copyOf(value, strlen(value))) : "";
}
