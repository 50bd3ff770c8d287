/**
 * The echo command: it puts the parts of the server together, runs it, and stops it.
 * @module
 */

import { AF_INET6, IP_RECVTOS, IPPROTO_IP, IPPROTO_IPV6, IPV6_RECVTCLASS } from "../../ffi/constants.ts";
import { runtime } from "../../ffi/runtime.ts";
import { MetricsServer } from "../cli/metrics_server.ts";
import { Output } from "../cli/output.ts";
import { handleSignals } from "../cli/signals.ts";
import { BatchSocket } from "../socket/batch_socket.ts";
import { joinGroup } from "../socket/groups.ts";
import { Counters, summaryText } from "./counters.ts";
import { EchoServer } from "./echo_server.ts";
import { Guard } from "./guard.ts";
import { Log } from "./log.ts";
import { Operator } from "./operator.ts";
import { byteSizeText, type EchoSettings } from "./options.ts";
import { AdaptivePolling } from "./polling.ts";
import { ServiceManager } from "./service_manager.ts";
import { Supervisor } from "./supervisor.ts";
import { type Place, Worker } from "./worker.ts";

/** Longest time that the output waits for a slow reader at the end. */
const LAST_WORDS_MILLISECONDS = 50;

/**
 * Runs the echo server until a signal stops it.
 * @param place the place of this process among several workers; absent in the process that the user starts
 */
export async function runEcho(settings: EchoSettings, place?: Place): Promise<void> {
  const socket = openSocket(settings, place);
  // Of several workers, the first answers multicasts.
  if (place === undefined) { for (const group of settings.join) joinGroup(socket, group); }
  let stoppedBy = "an error";
  let stopping = false;
  handleSignals((signal) => {
    // The first worker stops the others.
    if (place !== undefined) return;
    const drain = signal === "SIGTERM" && !stopping ? settings.drainSeconds : 0;
    stopping = true;
    stoppedBy = signal;
    manager?.notify("STOPPING=1");
    if (drain === 0) return server.stop();
    operator.say(`stopping in ${drain} s`);
    setTimeout(() => server.stop(), drain * 1000);
  });
  const output = new Output(1);
  const operator = new Operator({ output, json: settings.logFormat === "json", timed: settings.logTime });
  const manager = place === undefined ? new ServiceManager() : undefined;
  const metricsServer = place === undefined && settings.metrics !== undefined ? new MetricsServer() : undefined;
  const supervisor = place === undefined && settings.workers > 1
    ? new Supervisor({ socket, workers: settings.workers, tell: (text) => operator.warn(text) })
    : undefined;
  const group = place === undefined ? supervisor : new Worker(place);
  const counters = group?.block.counters[group.index] ?? new Counters();
  const server = new EchoServer({
    socket,
    counters,
    group,
    guard: new Guard({
      ...settings,
      port: socket.port,
      refused: counters.refused,
      maxRateWord: group?.block.maxRateWord,
    }),
    log: new Log({
      output,
      format: settings.logFormat,
      timed: settings.logTime,
      limitPerSecond: settings.logLimitPerSecond,
      port: socket.port,
      linesLeft: group?.block.linesLeft,
    }),
    polling: new AdaptivePolling(settings.busyPollMicroseconds),
    output,
    operator,
    attention: metricsServer,
    everySecond: () => manager?.everySecond(),
    reflectTos: settings.reflectTos,
  });
  const sumUp = (occasion: string, final: boolean) => {
    const summary = server.summary();
    if (settings.summaryFormat === "json") operator.report("summary", { final, ...summary });
    else operator.say(`${occasion} ${summary.seconds.toFixed(1)} s\n${summaryText(summary)}`);
  };
  const sumUpSoFar = () => sumUp("running for", false);

  if (place === undefined) {
    const { name, onSignal } = runtime();
    onSignal("SIGUSR2", sumUpSoFar);
    if (settings.summaryEverySeconds !== undefined) setInterval(sumUpSoFar, settings.summaryEverySeconds * 1000);
    await metricsServer?.listen(settings.metrics!, {
      prefix: "echo",
      metrics: () => server.metrics([socket, ...supervisor?.sockets ?? []]),
      healthy: () => !stopping,
    });
    for (const notice of noticesOf(socket, settings)) operator.warn(notice);
    if (supervisor !== undefined) {
      // Its handler ends the sleep of this worker.
      onSignal("SIGCHLD", () => {});
      supervisor.block.linesLeft[0] = settings.logLimitPerSecond;
      supervisor.start();
    }
    const workers = supervisor === undefined ? "" : `, ${settings.workers} workers`;
    operator.say(`listening on ${socket.endpoint} (${socket.families}, ${name}${workers})`);
    manager?.notify("READY=1");
  }
  try {
    await server.run();
  } finally {
    if (place === undefined) {
      await supervisor?.stop();
      // Datagrams in an adopted socket are left for its next user.
      server.drain([...(socket.adopted ? [] : [socket]), ...supervisor?.sockets ?? []]);
    }
    // The summary counts the lines that are dropped now. In JSON it is the last line of the output.
    const last = settings.summaryFormat === "json";
    if (last) output.settle(LAST_WORDS_MILLISECONDS);
    else output.close(LAST_WORDS_MILLISECONDS);
    if (place === undefined) sumUp(`stopped by ${stoppedBy} after`, true);
    else server.publish();
    if (last) output.close(LAST_WORDS_MILLISECONDS);
    supervisor?.close();
    socket.close();
    operator.close(LAST_WORDS_MILLISECONDS);
  }
}

/** Binds or adopts the socket of this process. */
function openSocket(settings: EchoSettings, place?: Place): BatchSocket {
  const { port, address, family, fd, receiveBufferBytes: receiveBuffer } = settings;
  const inherited = place?.socketFd ?? fd;
  const socket = inherited === undefined
    ? BatchSocket.bind({ port, address, family, receiveBuffer })
    : BatchSocket.adopt(inherited, { receiveBuffer });
  if (settings.reflectTos) {
    // A socket for both families needs both.
    socket.setOption(IPPROTO_IP, IP_RECVTOS, 1);
    if (socket.domain === AF_INET6) socket.setOption(IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
  }
  return socket;
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
