/**
 * The metrics of the server.
 * @module
 */

import { SK_MEMINFO_RCVBUF, SK_MEMINFO_RMEM_ALLOC } from "../../ffi/constants.ts";
import { ERRNO_COUNT, errnoName } from "../../ffi/errno.ts";
import { SocketMemory } from "../../ffi/socket_memory.ts";
import { type Labels, type Metric, metric, type Sample } from "../cli/metrics.ts";
import { type Counters, ECHOED, ECHOED_BYTES, RECEIVED, RECEIVED_BYTES, unlogged } from "./counters.ts";
import { REASONS } from "./guard.ts";
import type { Supervisor } from "./supervisor.ts";

/**
 * The metrics of the servers on a port.
 * @param limitedSources sources that have used up a part of their burst
 */
export function echoMetrics(
  group: Pick<Supervisor, "counters" | "drops" | "sockets">,
  limitedSources: number,
): Metric[] {
  const workers = group.counters();
  const memories = group.sockets.map(({ fd }) => new SocketMemory(fd));
  const queueBytes = memories.reduce((sum, memory) => sum + memory.read(SK_MEMINFO_RMEM_ALLOC), 0);
  const bufferBytes = memories.reduce((sum, memory) => sum + memory.read(SK_MEMINFO_RCVBUF), 0);
  /** A sample for each worker, with its number if there are several. */
  const samples = (value: (worker: Counters) => number, labels: Labels = {}): Sample[] =>
    workers.map((counters, worker) => ({
      labels: workers.length > 1 ? { worker, ...labels } : labels,
      value: value(counters),
    }));
  const counts = (index: number) => samples((worker) => worker.counts[index]!);
  const counter = (name: string, help: string, values: number | Sample[]) =>
    metric(`echo_${name}`, "counter", help, values);
  const gauge = (name: string, help: string, value: number) => metric(`echo_${name}`, "gauge", help, value);
  const refused = REASONS.slice(1).flatMap((reason, i) => samples((worker) => worker.refused[i + 1]!, { reason }));
  const errnos = [...Array(ERRNO_COUNT).keys()];
  const failed = errnos.flatMap((i) => samples((worker) => worker.failed[i]!, { errno: errnoName(i) }));
  const errors = failed.filter(({ value }) => value > 0);
  return [
    counter("received_datagrams", "Datagrams received: echoed, refused and failed ones.", counts(RECEIVED)),
    counter("received_bytes", "Bytes of payload received.", counts(RECEIVED_BYTES)),
    counter("echoed_datagrams", "Datagrams sent back.", counts(ECHOED)),
    counter("echoed_bytes", "Bytes of payload sent back.", counts(ECHOED_BYTES)),
    counter("refused_datagrams", "Datagrams refused by the guard, by reason.", refused),
    counter("failed_datagrams", "Datagrams whose reply the kernel did not accept, by error.", errors),
    counter("kernel_dropped_datagrams", "Datagrams that the full receive buffer did not take.", group.drops()),
    counter("dropped_log_lines", "Echoed datagrams without a line in the log.", samples(unlogged)),
    gauge("receive_queue_bytes", "Memory of the datagrams in the receive buffers.", queueBytes),
    gauge("receive_buffer_bytes", "Size of the receive buffers.", bufferBytes),
    gauge("rate_table_sources", "Sources that have used up a part of their burst.", limitedSources),
  ];
}
