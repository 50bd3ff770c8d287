/**
 * Writes to standard output by `Terminal`: what it finds out, or so many lines. To standard error it writes what became
 * of the lines, before and after it has waited for a reader.
 */
import { runtime } from "../../ffi/runtime.ts";
import { Terminal } from "../../src/cli/terminal.ts";

const terminal = new Terminal();
const [what, count] = runtime().args;
if (what === "properties") {
  const { interactive, unicode, columns, rows } = terminal;
  terminal.writeLines([JSON.stringify({ interactive, unicode, columns, rows: `${rows}` })]);
  terminal.writeLines([terminal.paint("good", "green"), "caf\u00e9 \u{1f995}"]);
  terminal.eraseAbove(0);
  terminal.eraseAbove(2);
} else {
  for (let i = 0; i < Number(count); i++) terminal.writeLines([`${i} ${"x".repeat(90)}`]);
  console.error(terminal.stalled ? "stalled" : terminal.closed ? "closed" : "written");
  await terminal.drain(() => what === "once");
  console.error(terminal.stalled ? "stalled" : terminal.closed ? "closed" : "written");
}
runtime().exit(0);
