/**
 * The tests that a mutant of a file must survive: the test of the same name, simulated runs, and those tests of its
 * room that take seconds.
 */
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { runtimeOfKernelTest } from "../support/full_mode.ts";

/** A command with its arguments. */
export type Command = readonly string[];

type What = "echo" | "probe" | "mtu" | "serve" | "socket";

/** Seeds of each simulation: as many as run in about half a second. */
const SEEDS: Readonly<Record<What, number>> = { echo: 80, probe: 120, mtu: 150, serve: 100, socket: 300 };

/** Simulations and further tests of a room. */
interface Room {
  readonly simulations: readonly What[];
  readonly tests: readonly string[];
}

const ROOMS: Readonly<Record<string, Room>> = {
  ffi: {
    simulations: ["socket", "echo", "serve", "probe"],
    tests: ["socket/source", "socket/message_batch", "mod"],
  },
  net: { simulations: ["socket", "serve"], tests: ["net/address", "socket/source", "mod"] },
  socket: {
    simulations: ["socket", "serve", "echo", "probe"],
    tests: [
      "socket/batch_sender",
      "socket/message_batch",
      "socket/batch_socket",
      "socket/udp_socket",
      "socket/hostile",
      "socket/source",
      "socket/serve",
      "mod",
    ],
  },
  cli: { simulations: ["echo", "probe"], tests: ["echo/options", "echo/usage", "probe/usage"] },
  echo: { simulations: ["echo"], tests: ["documents/reference", "echo/options", "echo/log"] },
  probe: {
    simulations: ["probe", "mtu"],
    tests: ["probe/reports", "probe/metrics", "documents/reference", "probe/usage", "probe/faults"],
  },
  src: { simulations: [], tests: ["mod", "echo/usage", "probe/usage"] },
};

/** Tests of files that have none of the same name. */
const OWN: Readonly<Record<string, readonly string[]>> = {
  "ffi/constants.ts": ["ffi/layouts"],
  "ffi/contract.ts": ["ffi/library"],
  "ffi/deno.ts": ["ffi/adapters", "ffi/library", "echo/echo", "echo/usage"],
  "ffi/error_line.ts": ["socket/serve", "socket/hostile"],
  "ffi/resolver.ts": ["net/endpoint"],
  "ffi/resolver_thread.ts": ["net/endpoint"],
  "ffi/terminal.ts": ["cli/output"],
  "ffi/blocking.ts": ["ffi/library", "socket/udp_socket"],

  "src/socket/batch_sender.ts": ["socket/full_send_buffer"],
  "src/socket/groups.ts": ["socket/multicast"],
  "src/socket/message_batch.ts": ["socket/batch_fields"],
  "src/socket/message_layout.ts": ["socket/path"],
  "src/socket/own_source_filter.ts": ["echo/loops"],
  "src/socket/route.ts": ["socket/send_error"],
  "src/socket/socket_options.ts": ["socket/adopt", "socket/options"],

  "src/cli/locale.ts": ["echo/log"],
  "src/cli/metrics_server.ts": ["cli/metrics"],
  "src/echo/echo_server.ts": ["echo/polling", "echo/shared_socket"],
  "src/echo/total_rate.ts": ["echo/rate_limit"],
  "src/echo/options.ts": ["echo/usage"],
  "src/probe/histogram.ts": ["probe/statistics"],
  "src/probe/ledger.ts": ["probe/matching"],
};

/** Slower tests of a file, after the others. */
const SLOWER: Readonly<Record<string, readonly string[]>> = {
  "src/cli/journal.ts": ["echo/service_manager"],
  "src/cli/metrics_server.ts": ["echo/metrics"],
  "src/cli/nonblocking_writer.ts": ["cli/output"],
  "src/cli/signals.ts": ["echo/lifecycle", "probe/signals"],
  "src/cli/terminal.ts": ["probe/probe"],
  "src/echo/command.ts": ["echo/lifecycle", "echo/summary", "echo/shared_socket", "echo/metrics"],
  "src/echo/group.ts": ["echo/workers"],
  "src/echo/open_socket.ts": ["echo/shared_socket", "probe/probe"],
  "src/echo/steering.ts": ["echo/workers"],
  "src/echo/supervisor.ts": ["echo/workers"],
  "src/echo/worker.ts": ["echo/workers"],
  "src/main.ts": ["echo/service_manager"],
  "src/probe/command.ts": ["probe/watch", "probe/signals"],
  "src/probe/mtu_search.ts": ["probe/mtu"],
  "src/probe/peer.ts": ["probe/hosts"],
  "src/probe/probe_socket.ts": ["probe/probe", "probe/hosts", "probe/unreachable", "probe/watch"],
  "src/probe/target.ts": ["probe/probe"],
  "src/probe/target_file.ts": ["probe/watch"],
  "src/probe/target_set.ts": ["probe/watch"],
};

/** Files that only another runtime than Deno runs. */
const ADAPTERS: Readonly<Record<string, readonly Command[]>> = {
  "ffi/bun.ts": [denoTest("ffi/adapters"), bunTest("ffi/library", "echo/echo"), bunTest("mod")],
  "ffi/process_runtime.ts": [denoTest("ffi/adapters"), bunTest("ffi/library", "echo/echo"), bunTest("mod")],
  "ffi/node.ts": [denoTest("ffi/adapters"), nodeTest("ffi/library", "echo/echo"), nodeTest("mod")],
  "ffi/helper_thread.ts": [nodeTest("ffi/library", "socket/udp_socket"), nodeTest("mod")],
  "ffi/runtime.ts": [denoTest("ffi/library"), bunTest("ffi/library"), nodeTest("ffi/library")],
};

/**
 * The commands whose failure shows a mistake in a file; the fastest come first.
 * @param tree the folder that they run in
 */
export function testsOf(tree: string, file: string): readonly Command[] {
  if (ADAPTERS[file] !== undefined) return ADAPTERS[file];
  const name = file.replace(/^src\/|\.ts$/g, "");
  const { simulations, tests } = ROOMS[basename(dirname(file))] ?? ROOMS["src"]!;
  const own = [...OWN[file] ?? [], ...existsSync(join(tree, testFile(name))) ? [name] : []];
  const others = [...tests, ...SLOWER[file] ?? []].filter((test) => !own.includes(test));
  return [
    ...own.map(anyTest),
    ...simulations.map(simulate),
    ...others.map(anyTest),
  ];
}

function testFile(name: string): string {
  return `test/${name}_test.ts`;
}

/** A test, on the runtime that runs it: Deno, which starts fastest, unless it is one of the kernel. */
function anyTest(name: string): Command {
  const tests = { Bun: bunTest, Deno: denoTest, Node: nodeTest };
  return tests[runtimeOfKernelTest(testFile(name)) ?? "Deno"](name);
}

function bunTest(...names: string[]): Command {
  return ["bun", "test", "--timeout=20000", "--bail", ...names.map(testFile)];
}

function nodeTest(...names: string[]): Command {
  return ["node", "--test", "--test-timeout=20000", ...names.map(testFile)];
}

function denoTest(name: string): Command {
  return ["deno", "test", "-A", "--no-check", "--quiet", "--fail-fast", testFile(name)];
}

function simulate(what: What): Command {
  const program = ["deno", "run", "-A", "test/simulation/simulate.ts", "--no-shrink"];
  return [...program, `--what=${what}`, `--seeds=${SEEDS[what]}`];
}
