/**
 * The echo command: it starts the server, and stops it.
 * @module
 */

import type { Signal } from "../../ffi/contract.ts";
import { runtime } from "../../ffi/runtime.ts";
import { MetricsServer } from "../cli/metrics_server.ts";
import { handleSignals } from "../cli/signals.ts";
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
  let stoppedBy: Signal | undefined;
  handleSignals((signal) => {
    const drain = signal === "SIGTERM" && stoppedBy === undefined ? settings.drainSeconds : 0;
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
    healthy: () => stoppedBy === undefined,
  });
  const { notices, receiveBuffer: granted } = socket;
  const { receiveBufferBytes: asked } = settings;
  const shortage = `receive buffer: ${byteSizeText(asked)} asked for, ${byteSizeText(granted)} granted`;
  for (const notice of notices) operator.warn(notice);
  if (granted < asked) operator.warn(`${shortage}; for more: sysctl -w net.core.rmem_max=${asked}`);
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
    operator.output.settle(LAST_WORDS_MILLISECONDS, settings.summaryFormat === "text");
    sumUp(`stopped by ${stoppedBy ?? "an error"} after`, true);
    group.close();
    operator.close();
  }
}
