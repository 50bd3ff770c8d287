/** A terminal to run a program in, and what its screen shows. */
import assert from "node:assert/strict";
import process from "node:process";
import { run } from "./process.ts";

/** What a terminal is like, and what is done at it. */
export interface TerminalOptions {
  columns?: number;
  rows?: number;
  env?: Record<string, string>;
  /** Ctrl-C is pressed when text that matches this regular expression has been written; a dot matches a line end too. */
  pressCtrlCAfter?: string;
}

// Deno has its own say on a terminal at standard error.
const SCRIPT = `
import fcntl, os, pty, re, struct, sys, termios
columns, rows, mark, *command = sys.argv[1:]
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", int(rows), int(columns), 0, 0))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    os.execvp(command[0], command)
sent = b""
while True:
    try:
        data = os.read(fd, 65536)
    except OSError:
        break
    if not data:
        break
    sent += data
    if mark and re.search(mark.encode(), sent, re.DOTALL):
        mark = ""
        os.write(fd, b"\\x03")
sys.stdout.buffer.write(sent)
`;

/** Runs a command in a terminal, and returns what the terminal was sent; \u241b stands for the escape character. */
export async function onTerminal(command: string[], options: TerminalOptions = {}): Promise<string> {
  const { columns = 80, rows = 24, pressCtrlCAfter = "" } = options;
  const env = { PATH: process.env.PATH!, TERM: "xterm-256color", LANG: "C.UTF-8", ...options.env };
  const python = ["python3", "-c", SCRIPT, String(columns), String(rows), pressCtrlCAfter];
  const { stdout, stderr } = await run([...python, ...command], { env });
  assert.equal(stderr, "");
  return stdout.replaceAll("\x1b", "\u241b");
}

/** What is on the screen after a terminal was sent this, and what has scrolled off it: lines without colours. */
export function screen(sent: string, rows = 24): string[] {
  const lines: string[] = [""];
  let [row, column] = [0, 0];
  const top = () => Math.max(0, lines.length - rows);
  for (const [, up, erase, colour, character] of sent.matchAll(/\u241b\[(?:(\d+)A|(J)|(\d+m))|([^])/g)) {
    if (colour !== undefined) continue;
    if (up !== undefined) row = Math.max(top(), row - Number(up));
    else if (erase !== undefined) lines.splice(row, Infinity, lines[row]!.slice(0, column));
    else if (character === "\r") column = 0;
    else if (character === "\n") {
      row++;
      if (row === lines.length) lines.push("");
    } else {
      const line = lines[row]!.padEnd(column);
      lines[row] = line.slice(0, column) + character + line.slice(column + 1);
      column++;
    }
  }
  assert.equal(lines.pop(), "");
  return lines;
}
