/**
 * The echo command: it puts the parts of the server together, runs it, and stops it.
 * @module
 */

import { runtime } from "../../ffi/runtime.ts";
import { Output } from "../cli/output.ts";
import { handleSignals } from "../cli/signals.ts";
import { BatchSocket } from "../socket/batch_socket.ts";
import { Counters, summaryText } from "./counters.ts";
import { EchoServer } from "./echo_server.ts";
import { Guard } from "./guard.ts";
import { Log } from "./log.ts";
import { byteSizeText, type EchoSettings } from "./options.ts";
import { AdaptivePolling } from "./polling.ts";
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
  let stoppedBy = "an error";
  handleSignals((signal) => {
    // The first worker stops the others.
    if (place !== undefined) return;
    stoppedBy = signal;
    server.stop();
  });
  const output = new Output(1);
  const errors = new Output(2);
  const say = (text: string) => errors.writeText(text);
  const tell = (text: string) => say(`echo.ts: ${text}`);
  const supervisor = place === undefined && settings.workers > 1
    ? new Supervisor({ socket, workers: settings.workers, tell })
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
      limitPerSecond: settings.logLimitPerSecond,
      port: socket.port,
      linesLeft: group?.block.linesLeft,
    }),
    polling: new AdaptivePolling(settings.busyPollMicroseconds),
    output,
    tell,
  });
  const sumUp = (occasion: string) => {
    const summary = server.summary();
    if (settings.logFormat === "json") output.writeText(JSON.stringify(summary));
    else say(`${occasion} ${summary.seconds.toFixed(1)} s\n${summaryText(summary)}`);
  };

  if (place === undefined) {
    const { name, onSignal } = runtime();
    onSignal("SIGUSR2", () => sumUp("running for"));
    for (const notice of noticesOf(socket, settings)) tell(notice);
    if (supervisor !== undefined) {
      // Its handler ends the sleep of this worker.
      onSignal("SIGCHLD", () => {});
      supervisor.block.linesLeft[0] = settings.logLimitPerSecond;
      supervisor.start();
    }
    const workers = supervisor === undefined ? "" : `, ${settings.workers} workers`;
    say(`listening on ${socket.endpoint} (${socket.families}, ${name}${workers})`);
  }
  try {
    await server.run();
  } finally {
    if (place === undefined) {
      await supervisor?.stop();
      // Datagrams in an adopted socket are left for its next user.
      server.drain([...(socket.adopted ? [] : [socket]), ...supervisor?.sockets ?? []]);
    }
    // The summary counts the lines that are dropped now.
    output.settle(LAST_WORDS_MILLISECONDS);
    if (place === undefined) sumUp(`stopped by ${stoppedBy} after`);
    else server.publish();
    supervisor?.close();
    socket.close();
    output.close(LAST_WORDS_MILLISECONDS);
    errors.close(LAST_WORDS_MILLISECONDS);
  }
}

/** Binds or adopts the socket of this process. */
function openSocket({ port, address, family, fd, receiveBufferBytes }: EchoSettings, place?: Place): BatchSocket {
  const receiveBuffer = receiveBufferBytes;
  const inherited = place?.socketFd ?? fd;
  return inherited === undefined
    ? BatchSocket.bind({ port, address, family, receiveBuffer })
    : BatchSocket.adopt(inherited, { receiveBuffer });
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
