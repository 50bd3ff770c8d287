/**
 * The metrics of the server.
 * @module
 */

import { ERRNO_COUNT, errnoName } from "../../ffi/errno.ts";
import type { Metric, Sample } from "../cli/metrics.ts";
import {
  type Counters,
  ECHOED,
  ECHOED_BYTES,
  LINES_DROPPED,
  LINES_LEFT_OUT,
  RECEIVED,
  RECEIVED_BYTES,
} from "./counters.ts";
import { ACCEPTED, REASONS } from "./guard.ts";

/** What the counters do not have. */
export interface ServerState {
  /** Datagrams that the kernel dropped. */
  readonly droppedByKernel: number;
  /** Bytes in the receive buffers of all sockets. */
  readonly receiveQueueBytes: number;
  /** Size of these buffers. */
  readonly receiveBufferBytes: number;
  /** Sources that the rate limit remembers. */
  readonly rateTableSources: number;
}

/** The metrics of a server, from the counters of its workers. */
export function echoMetrics(workers: readonly Counters[], state: ServerState): Metric[] {
  const counter = (name: string, help: string, samples: readonly Sample[]): Metric => {
    return { name: `echo_${name}`, type: "counter", help, samples };
  };
  const gauge = (name: string, help: string, value: number): Metric => {
    return { name: `echo_${name}`, type: "gauge", help, samples: [{ value }] };
  };
  /** A sample for each worker, with its number if it has others beside it. */
  const samples = (value: (worker: Counters) => number, labels = {}): Sample[] =>
    workers.map((counters, worker) => ({
      labels: workers.length > 1 ? { worker, ...labels } : labels,
      value: value(counters),
    }));
  const count = (index: number) => samples(({ counts }) => counts[index]!);
  const reasons = REASONS.flatMap((reason, i) =>
    i === ACCEPTED ? [] : samples(({ refused }) => refused[i]!, { reason })
  );
  const errors = Array.from(
    { length: ERRNO_COUNT },
    (_, i) => samples(({ failed }) => failed[i]!, { errno: errnoName(i) }),
  );
  return [
    counter("received_datagrams", "Datagrams received: echoed, refused and failed ones.", count(RECEIVED)),
    counter("received_bytes", "Bytes of payload received.", count(RECEIVED_BYTES)),
    counter("echoed_datagrams", "Datagrams sent back.", count(ECHOED)),
    counter("echoed_bytes", "Bytes of payload sent back.", count(ECHOED_BYTES)),
    counter("refused_datagrams", "Datagrams refused by the guard, by reason.", reasons),
    counter(
      "failed_datagrams",
      "Datagrams whose reply the kernel did not accept, by error.",
      errors.flat().filter(({ value }) => value > 0),
    ),
    counter("kernel_dropped_datagrams", "Datagrams dropped by the kernel: the receive buffer was full.", [
      { value: state.droppedByKernel },
    ]),
    counter(
      "dropped_log_lines",
      "Echoed datagrams without a line in the log.",
      samples(({ counts }) => counts[LINES_LEFT_OUT]! + counts[LINES_DROPPED]!),
    ),
    gauge("receive_queue_bytes", "Memory of the datagrams in the receive buffers.", state.receiveQueueBytes),
    gauge("receive_buffer_bytes", "Size of the receive buffers.", state.receiveBufferBytes),
    gauge("rate_table_sources", "Sources that have used up a part of their burst.", state.rateTableSources),
  ];
}
