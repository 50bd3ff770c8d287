/** `echo.ts probe`, run as a process, and servers that it is run against. */
import assert from "node:assert/strict";
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import type { Result } from "./process.ts";
import { runProgram, type ServerOptions } from "./server.ts";

/** A line of `--json` about one datagram that came. */
export interface ReplyEvent {
  event: "reply";
  time: string;
  target: string;
  sequence: number | null;
  kind: "received" | "late" | "wrong_source" | "corrupted" | "duplicate" | "stray";
  from: string;
  to: string;
  bytes: number;
  rtt_ns: number | null;
  reordered: boolean;
  hop_limit: number | null;
  dscp: number | null;
  ecn: number | null;
}

/** A line of `--json` about an error of a request. */
export interface FailureEvent {
  event: "failure";
  target: string;
  sequence: number | null;
  errno: string;
  icmp: string | null;
  from: string | null;
  mtu: number | null;
}

/** What the summary of `--json` says of a target. */
export interface TargetSummary {
  target: string;
  name: string | null;
  verdict: "ok" | "wrong_source" | "refused" | "no_answer" | "unreachable" | "corrupted" | "partial";
  explanation: string | null;
  sent: number;
  received: number;
  lost: number;
  late: number;
  wrong_source: number;
  corrupted: number;
  failed: number;
  waiting: number;
  duplicates: number;
  reordered: number;
  stray: number;
  loss_percent: number | null;
  hop_limit: number | null;
  dscp: number | null;
  ecn: number | null;
  source_ports: { port: number; settled: number; received: number; loss_percent: number | null }[];
  failed_by_errno: Record<string, number>;
  wrong_sources: string[];
  rtt_ns:
    | Record<"minimum" | "mean" | "median" | "p90" | "p99" | "p99_9" | "maximum", number> & {
      deviation: number | null;
      jitter: number | null;
    }
    | null;
  histogram: { from_ns: number; to_ns: number; count: number }[];
}

/** What a probe with `--json` wrote. */
export interface ProbeResult extends Result {
  replies: ReplyEvent[];
  failures: FailureEvent[];
  /** Requests that were given up, by number. */
  lost: number[];
  seconds: number;
  targets: TargetSummary[];
}

export type ProbeOptions = Partial<Omit<ServerOptions, "args" | "port">>;

/** Reads what a probe with `--json` wrote, and asserts that it makes sense. */
export function readProbe(result: Result): ProbeResult {
  assert.equal(result.stderr, "");
  const lines = result.stdout.split("\n");
  assert.equal(lines.pop(), "");
  const events = lines.map((line) => JSON.parse(line));
  const summary = events.at(-1);
  assert.equal(summary?.event, "summary", result.stdout);
  const targets = summary.targets as TargetSummary[];
  for (const target of targets) {
    const { received, lost, late, wrong_source, corrupted, failed, waiting } = target;
    assert.equal(
      target.sent,
      received + lost + late + wrong_source + corrupted + failed + waiting,
      "all is accounted for",
    );
    const total = (counts: number[]) => counts.reduce((sum, count) => sum + count, 0);
    assert.equal(failed, total(Object.values(target.failed_by_errno)));
    assert.equal(received + wrong_source, total(target.histogram.map(({ count }) => count)));
    assert.equal(target.rtt_ns === null, received + wrong_source === 0);
    const loss = Math.round(10_000 * (lost + late + failed) / (target.sent - waiting)) / 100;
    assert.equal(target.loss_percent, Number.isNaN(loss) ? null : loss);
    const strange = target.duplicates > 0 || /^answers from \S+ have dscp/.test(target.explanation ?? "");
    assert.equal(target.explanation === null, target.verdict === "ok" && !strange);
  }
  assert.equal(result.code, targets.every(({ verdict }) => verdict === "ok") ? 0 : 1, "exit code");
  const of = (name: string) => events.filter(({ event }) => event === name);
  return {
    ...result,
    replies: of("reply"),
    failures: of("failure"),
    lost: of("lost").map(({ sequence }) => sequence),
    seconds: summary.seconds,
    targets,
  };
}

/** Runs `probe` with these arguments and `--json` to its end. */
export async function probe(args: string[], options: ProbeOptions = {}): Promise<ProbeResult> {
  const { program = "src/main.ts", ...rest } = options;
  return readProbe(await runProgram(["probe", ...args, "--json"], { program, ...rest }));
}

/** Runs `probe` with these arguments and `--json` against one target, and returns what is said of it. */
export async function probeOne(args: string[], options: ProbeOptions = {}): Promise<TargetSummary> {
  const { targets } = await probe(args, options);
  assert.equal(targets.length, 1);
  return targets[0]!;
}

/** Sends datagrams back to who asked. */
export type Answer = (payload: Uint8Array, delay?: number) => void;

/**
 * A server in this process that does what `behave` says with each request: told its payload and its number, counted
 * from 1, it answers as it likes.
 */
export async function misbehave(
  behave: (payload: Uint8Array, number: number, answer: Answer) => void,
  address = "127.0.0.1",
): Promise<{ target: string; socket: Socket; close(): void }> {
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  let requests = 0;
  socket.on("message", (payload: Uint8Array, { address, port }: RemoteInfo) => {
    const copy = Uint8Array.from(payload);
    behave(copy, ++requests, (answer, delay = 0) => {
      // A buffer of its own: what is sent later must not change meanwhile.
      const bytes = Uint8Array.from(answer);
      if (delay === 0) socket.send(bytes, port, address);
      else setTimeout(() => socket.send(bytes, port, address), delay);
    });
  });
  socket.bind(0, address);
  await once(socket, "listening");
  // On Bun it may get the refusal of an answer to a probe that has ended meanwhile.
  socket.on("error", (error) => {
    if (!error.message.includes("ECONNREFUSED")) throw error;
  });
  const { port } = socket.address();
  return {
    target: address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`,
    socket,
    close: () => socket.close(),
  };
}
