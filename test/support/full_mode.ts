/**
 * Full mode: with `ECHO_FULL_TESTS=1`, as in continuous integration, the suite repeats on each runtime what one
 * runtime proves well enough while one works on a change, and sends more datagrams.
 */
import process from "node:process";
import { fileURLToPath } from "node:url";
import { ROOT, RUNTIME } from "./server.ts";

/** Whether the suite runs in full mode. */
export const FULL: boolean = process.env.ECHO_FULL_TESTS === "1";

/**
 * The test files whose subject is the kernel, and the runtime that runs them without full mode. Routing, faults,
 * firewalls and forged datagrams happen below the FFI, in code that is the same for all runtimes. Each runtime has
 * some of them, so that each still meets such a network on every run.
 */
const KERNEL_TESTS: Record<string, typeof RUNTIME> = {
  "test/documents/probe_sessions_test.ts": "Deno",
  "test/echo/guard_test.ts": "Node",
  "test/echo/ipv6_off_test.ts": "Deno",
  "test/echo/loops_test.ts": "Deno",
  "test/echo/multihomed_test.ts": "Node",
  "test/echo/overload_test.ts": "Bun",
  "test/echo/rates_test.ts": "Bun",
  "test/echo/routes_test.ts": "Node",
  "test/probe/hosts_test.ts": "Bun",
  "test/probe/mtu_test.ts": "Bun",
  "test/probe/sources_test.ts": "Bun",
  "test/probe/unreachable_test.ts": "Bun",
};

/** The runtime that runs a test file of the kernel without full mode; `undefined` for other test files. */
export function runtimeOfKernelTest(file: string): typeof RUNTIME | undefined {
  return KERNEL_TESTS[file];
}

/** Reason to skip a test file of the table on this runtime, or false. Takes the file's `import.meta.url`. */
export function otherRuntime(url: string): string | false {
  const file = fileURLToPath(url).slice(ROOT.length);
  const runtime = runtimeOfKernelTest(file);
  if (runtime === undefined) throw new Error(`${file} is not among the tests of the kernel`);
  return !FULL && runtime !== RUNTIME && `runs on ${runtime}; with ECHO_FULL_TESTS=1 on all`;
}
