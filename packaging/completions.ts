/**
 * Completions for shells, from the tables that `--help` comes from.
 * @module
 */

import type { Command } from "../src/cli/help.ts";
import { ECHO } from "../src/echo/options.ts";
import { PROBE } from "../src/probe/options.ts";

function optionsOf({ options }: Command) {
  return Object.values(options);
}

/** A word in single quotes, as all three shells read it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'"'"'`)}'`;
}

/** Completes the options, and the command `probe`. complete in bash(1) */
export function bashCompletions(): string {
  const words = (command: Command) => optionsOf(command).map(({ name }) => `--${name}`).join(" ");
  return `_echo_ts() {
  local words="probe ${words(ECHO)}"
  if [ "$COMP_CWORD" -gt 1 ] && [ "\${COMP_WORDS[1]}" = probe ]; then
    words="${words(PROBE)}"
  fi
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _echo_ts echo.ts
`;
}

/** Completes the options, with their help. _arguments in zshcompsys(1) */
export function zshCompletions(): string {
  const specifications = (command: Command) =>
    optionsOf(command).flatMap(({ short, name, value, help }) => {
      const description = `[${help.replaceAll(/[\\[\]:]/g, "\\$&")}]${value === undefined ? "" : `:${value}:`}`;
      const names = short === undefined ? [`--${name}`] : [`-${short}`, `--${name}`];
      return names.map((name) => `    ${quoted(`*${name}${description}`)}`);
    }).join(" \\\n");
  return `#compdef echo.ts
if [[ $CURRENT -gt 2 && $words[2] == probe ]]; then
  _arguments '*:target:_hosts' \\
${specifications(PROBE)}
else
  _arguments '1:port:(probe)' \\
${specifications(ECHO)}
fi
`;
}

/** Completes the options, with their help. complete(1) of fish */
export function fishCompletions(): string {
  const lines = (command: Command, condition: string) =>
    optionsOf(command).map(({ short, name, value, help }) => {
      const names = short === undefined ? `-l ${name}` : `-s ${short} -l ${name}`;
      return `complete -c echo.ts -n ${quoted(condition)} ${names}${value === undefined ? "" : " -x"} -d ${
        quoted(help)
      }\n`;
    }).join("");
  const probe = "__fish_seen_subcommand_from probe";
  return `complete -c echo.ts -f
complete -c echo.ts -n __fish_use_subcommand -a probe -d ${quoted(PROBE.summary)}
${lines(ECHO, `not ${probe}`)}${lines(PROBE, probe)}`;
}
