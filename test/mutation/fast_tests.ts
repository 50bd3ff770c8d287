/** The tests that a mutant of a file must survive: those of its room that take seconds, and some simulated runs. */

/** A command with its arguments. */
export type Command = readonly string[];

type What = "echo" | "probe" | "mtu" | "serve" | "socket";

/** Seeds of each simulation: as many as run in about a second. */
const SEEDS: Readonly<Record<What, number>> = { echo: 150, probe: 200, mtu: 200, serve: 200, socket: 300 };

const deno = (...files: string[]): Command => [
  ...["deno", "test", "-A", "--no-check", "--quiet", "--fail-fast"],
  ...files.map((file) => `test/${file}_test.ts`),
];
const bun = (...files: string[]): Command => [
  ...["bun", "test", "--timeout=20000", "--bail"],
  ...files.map((file) => `test/${file}_test.ts`),
];
const simulate = (...kinds: What[]): Command[] =>
  kinds.map((what) => [
    ...["deno", "run", "-A", "test/simulation/simulate.ts", "--no-shrink"],
    ...[`--what=${what}`, `--seeds=${SEEDS[what]}`],
  ]);

/** By the beginning of the path; the first that fits counts. The fastest tests come first. */
const TESTS: readonly (readonly [string, readonly Command[]])[] = [
  ["ffi/deno.ts", [deno("ffi/library", "echo/echo"), deno("mod")]],
  ["ffi/bun.ts", [bun("ffi/library", "echo/echo"), bun("mod")]],
  ["ffi/", [
    deno("ffi/layouts", "ffi/library", "socket/source", "socket/batch_sender", "socket/message_batch"),
    ...simulate("socket", "echo", "serve", "probe", "mtu"),
    deno("mod"),
    deno("cli/output"),
  ]],
  ["src/net/", [deno("net/address", "socket/source"), ...simulate("socket", "serve"), deno("mod"), deno("echo/usage")]],
  ["src/mod.ts", [deno("mod")]],
  ["src/socket/", [
    deno("socket/segmentation_refusals", "socket/source", "socket/batch_sender", "socket/message_batch"),
    ...simulate("socket", "serve", "echo", "probe"),
    deno("socket/control_message", "socket/send_error", "socket/serve"),
    deno("mod"),
  ]],
  ["src/cli/", [...simulate("echo", "probe"), deno("echo/usage", "probe/usage"), deno("cli/output")]],
  ["src/echo/", [
    deno("echo/rate_limit", "echo/polling", "echo/payload_text", "documents/reference"),
    ...simulate("echo"),
    deno("echo/usage"),
  ]],
  ["src/probe/", [
    deno("probe/payload", "probe/statistics", "documents/reference"),
    ...simulate("probe", "mtu"),
    deno("probe/usage"),
  ]],
  ["src/", [deno("echo/usage", "probe/usage")]],
];

/** The commands whose failure shows a mistake in a file. */
export function testsOf(file: string): readonly Command[] {
  return TESTS.find(([start]) => file.startsWith(start))?.[1] ?? [];
}
