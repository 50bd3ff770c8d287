/** The process that the fuzzer watches: rounds from a seed on, for some seconds. `fuzz.ts` starts it. */
import assert from "node:assert/strict";
import { ftruncateSync, openSync, readdirSync, writeSync } from "node:fs";
import process from "node:process";
import { UdpSocket } from "../../src/mod.ts";
import { runRound } from "./round.ts";
import { totals } from "./world.ts";

/** Descriptors that the runtime may open meanwhile. */
const DESCRIPTORS_SPARE = 8;

const [seedText = "1", secondsText = "1", traceFile = "/dev/null"] = process.argv.slice(2);
const trace = openSync(traceFile, "a");
const report = (line: Record<string, unknown>) => writeSync(1, `${JSON.stringify(line)}\n`);
const deadline = performance.now() + Number(secondsText) * 1000;
let seed = Number(seedText);

function fail(error: unknown): never {
  report({ seed, ...totals, finding: error instanceof Error ? error.stack : String(error) });
  process.exit(3);
}

process.on("unhandledRejection", (error) => {
  fail(error instanceof Error ? `unhandled rejection: ${error.stack}` : "unhandled rejection");
});
process.on("uncaughtException", fail);

/** Whatever was called, the next socket works. */
async function requireFreshSocketWorks(): Promise<void> {
  using socket = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
  const batch = socket.batch(1);
  socket.sendTo(new TextEncoder().encode("fresh"), { to: { address: "127.0.0.1", port: socket.port } });
  assert.equal(await socket.readable(), true);
  assert.equal(socket.receive(batch, false), 1);
  assert.equal(new TextDecoder().decode(batch.payload(0)), "fresh");
}

const descriptors = () => readdirSync("/proc/self/fd").length;
let most: number | undefined;
for (; performance.now() < deadline; seed++) {
  report({ seed, ...totals });
  if (traceFile !== "/dev/null") ftruncateSync(trace, 0);
  try {
    await runRound(seed, (line) => void writeSync(trace, `${line}\n`));
    await requireFreshSocketWorks();
    most ??= descriptors() + DESCRIPTORS_SPARE;
    assert.ok(descriptors() <= most, `${descriptors()} descriptors are open, after at most ${most}`);
  } catch (error) {
    fail(error);
  }
}
report({ seed, ...totals });
process.exit(0);
