/**
 * The echo command: it puts the parts of the server together, runs it, and stops it.
 * @module
 */

import { runtime } from "../../ffi/runtime.ts";
import { MetricsServer } from "../cli/metrics_server.ts";
import { Output } from "../cli/output.ts";
import { handleSignals } from "../cli/signals.ts";
import { UdpSocket } from "../socket/udp_socket.ts";
import { Counters, summaryText } from "./counters.ts";
import { EchoServer } from "./echo_server.ts";
import { Guard } from "./guard.ts";
import { Log } from "./log.ts";
import { Operator } from "./operator.ts";
import { byteSizeText, type EchoSettings } from "./options.ts";
import { AdaptivePolling } from "./polling.ts";
import { ServiceManager } from "./service_manager.ts";

/** Longest time that the output waits for a slow reader at the end. */
const LAST_WORDS_MILLISECONDS = 50;

/** Runs the echo server until a signal stops it. */
export async function runEcho(settings: EchoSettings): Promise<void> {
  const receiveBuffer = settings.receiveBufferBytes;
  const socket = settings.fd === undefined
    ? UdpSocket.bind({ port: settings.port, address: settings.address, family: settings.family, receiveBuffer })
    : UdpSocket.adopt(settings.fd, { receiveBuffer });
  const output = new Output(1);
  const operator = new Operator({ output, json: settings.logFormat === "json", timed: settings.logTime });
  const manager = new ServiceManager();
  const metricsServer = settings.metrics === undefined ? undefined : new MetricsServer();
  const counters = new Counters();
  const server = new EchoServer({
    socket,
    counters,
    guard: new Guard({ ...settings, port: socket.port, refused: counters.refused }),
    log: new Log({
      output,
      format: settings.logFormat,
      timed: settings.logTime,
      limitPerSecond: settings.logLimitPerSecond,
      port: socket.port,
    }),
    polling: new AdaptivePolling(settings.busyPollMicroseconds),
    output,
    operator,
    attention: metricsServer,
    everySecond: () => manager.everySecond(),
  });
  const sumUp = (occasion: string, final: boolean) => {
    const summary = server.summary();
    if (settings.summaryFormat === "json") operator.report("summary", { final, ...summary });
    else operator.say(`${occasion} ${summary.seconds.toFixed(1)} s\n${summaryText(summary)}`);
  };
  const sumUpSoFar = () => sumUp("running for", false);

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
  const { name, onSignal } = runtime();
  onSignal("SIGUSR2", sumUpSoFar);
  if (settings.summaryEverySeconds !== undefined) setInterval(sumUpSoFar, settings.summaryEverySeconds * 1000);
  await metricsServer?.listen(settings.metrics!, {
    prefix: "echo",
    metrics: () => server.metrics(),
    healthy: () => !stopping,
  });

  for (const notice of socket.notices) operator.warn(notice);
  const asked = settings.receiveBufferBytes;
  if (socket.receiveBuffer < asked) {
    operator.warn(
      `receive buffer: ${byteSizeText(asked)} asked for, ${byteSizeText(socket.receiveBuffer)} granted; ` +
        `for more: sysctl -w net.core.rmem_max=${asked}`,
    );
  }
  operator.say(`listening on ${socket.endpoint} (${socket.families}, ${name})`);
  manager.notify("READY=1");
  try {
    await server.run();
  } finally {
    server.drain([socket]);
    // The summary counts the lines that are dropped now. In JSON it is the last line of the output.
    const last = settings.summaryFormat === "json";
    if (last) output.settle(LAST_WORDS_MILLISECONDS);
    else output.close(LAST_WORDS_MILLISECONDS);
    sumUp(`stopped by ${stoppedBy} after`, true);
    if (last) output.close(LAST_WORDS_MILLISECONDS);
    socket.close();
    operator.close(LAST_WORDS_MILLISECONDS);
  }
}
