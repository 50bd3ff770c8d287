/**
 * The echo command: it starts the server, and stops it.
 * @module
 */

import { runtime } from "../../ffi/runtime.ts";
import { MetricsServer } from "../cli/metrics_server.ts";
import { handleSignals } from "../cli/signals.ts";
import type { BatchSocket } from "../socket/batch_socket.ts";
import { joinGroup } from "../socket/groups.ts";
import { summarize, summaryText } from "./counters.ts";
import { EchoServer } from "./echo_server.ts";
import { echoMetrics } from "./metrics.ts";
import { openSocket } from "./open_socket.ts";
import { LAST_WORDS_MILLISECONDS, Operator } from "./operator.ts";
import { byteSizeText, type EchoSettings } from "./options.ts";
import { ServiceManager } from "./service_manager.ts";
import { Supervisor } from "./supervisor.ts";

/** Runs the echo server until a signal stops it. */
export async function runEcho(settings: EchoSettings): Promise<void> {
  const socket = openSocket(settings, settings.fd);
  // Of several workers, the first answers multicasts.
  for (const group of settings.join) joinGroup(socket, group);
  let stoppedBy = "an error";
  let stopping = false;
  handleSignals((signal) => {
    const drain = signal === "SIGTERM" && !stopping ? settings.drainSeconds : 0;
    stopping = true;
    stoppedBy = signal;
    manager.notify("STOPPING=1");
    if (drain === 0) return server.stop();
    operator.say(`stopping in ${drain} s`);
    setTimeout(() => server.stop(), drain * 1000);
  });
  const operator = new Operator(settings);
  const manager = new ServiceManager();
  const metricsServer = settings.metrics === undefined ? undefined : new MetricsServer();
  const group = new Supervisor({ socket, settings, operator });
  const server = new EchoServer(settings, {
    socket,
    operator,
    group,
    attention: metricsServer,
    everySecond: () => {
      manager.everySecond();
      group.drops();
    },
  });
  const start = performance.now();
  const sumUp = (occasion: string, final: boolean) => {
    const summary = summarize(group.counters(), group.drops(), (performance.now() - start) / 1000);
    if (settings.summaryFormat === "json") operator.report("summary", { final, ...summary });
    else operator.say(`${occasion} ${summary.seconds.toFixed(1)} s\n${summaryText(summary)}`);
  };
  const sumUpSoFar = () => sumUp("running for", false);

  const { name, onSignal } = runtime();
  onSignal("SIGUSR2", sumUpSoFar);
  if (settings.summaryEverySeconds !== undefined) setInterval(sumUpSoFar, settings.summaryEverySeconds * 1000);
  await metricsServer?.listen(settings.metrics!, {
    prefix: "echo",
    metrics: () => echoMetrics(group, server.guard.limitedSources()),
    healthy: () => !stopping,
  });
  for (const notice of noticesOf(socket, settings)) operator.warn(notice);
  group.start();
  const workers = settings.workers === 1 ? "" : `, ${settings.workers} workers`;
  operator.say(`listening on ${socket.endpoint} (${socket.families}, ${name}${workers})`);
  manager.notify("READY=1");
  try {
    await server.run();
  } finally {
    await group.stop();
    // Datagrams in an adopted socket are left for its next user.
    server.drain(group.sockets.filter((each) => each !== socket || !socket.adopted));
    // The summary counts the lines that are dropped now. In JSON it is the last line of the output.
    const { output } = operator;
    const last = settings.summaryFormat === "json";
    if (last) output.settle(LAST_WORDS_MILLISECONDS);
    else output.close(LAST_WORDS_MILLISECONDS);
    sumUp(`stopped by ${stoppedBy} after`, true);
    if (last) output.close(LAST_WORDS_MILLISECONDS);
    group.close();
    operator.close();
  }
}

/** Shortcomings of the host, a sentence each. */
function noticesOf(
  { notices, receiveBuffer }: BatchSocket,
  { receiveBufferBytes: asked }: EchoSettings,
): readonly string[] {
  if (receiveBuffer >= asked) return notices;
  return [
    ...notices,
    `receive buffer: ${byteSizeText(asked)} asked for, ${byteSizeText(receiveBuffer)} granted; ` +
    `for more: sysctl -w net.core.rmem_max=${asked}`,
  ];
}
