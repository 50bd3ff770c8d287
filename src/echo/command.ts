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

/** Longest time that the output waits for a slow reader at the end. */
const LAST_WORDS_MILLISECONDS = 50;

/** Runs the echo server until a signal stops it. */
export async function runEcho(settings: EchoSettings): Promise<void> {
  const receiveBuffer = settings.receiveBufferBytes;
  const socket = settings.fd === undefined
    ? BatchSocket.bind({ port: settings.port, address: settings.address, family: settings.family, receiveBuffer })
    : BatchSocket.adopt(settings.fd, { receiveBuffer });
  const output = new Output(1);
  const errors = new Output(2);
  const say = (text: string) => errors.writeText(text);
  const tell = (text: string) => say(`echo.ts: ${text}`);
  const counters = new Counters();
  const server = new EchoServer({
    socket,
    counters,
    guard: new Guard({ ...settings, port: socket.port, refused: counters.refused }),
    log: new Log({
      output,
      format: settings.logFormat,
      limitPerSecond: settings.logLimitPerSecond,
      port: socket.port,
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

  let stoppedBy = "an error";
  handleSignals((signal) => {
    stoppedBy = signal;
    server.stop();
  });
  const { name, onSignal } = runtime();
  onSignal("SIGUSR2", () => sumUp("running for"));

  for (const notice of socket.notices) tell(notice);
  const asked = settings.receiveBufferBytes;
  if (socket.receiveBuffer < asked) {
    tell(
      `receive buffer: ${byteSizeText(asked)} asked for, ${byteSizeText(socket.receiveBuffer)} granted; ` +
        `for more: sysctl -w net.core.rmem_max=${asked}`,
    );
  }
  say(`listening on ${socket.endpoint} (${socket.families}, ${name})`);
  try {
    await server.run();
  } finally {
    server.drain([socket]);
    // The summary counts the lines that are dropped now.
    output.settle(LAST_WORDS_MILLISECONDS);
    sumUp(`stopped by ${stoppedBy} after`);
    socket.close();
    output.close(LAST_WORDS_MILLISECONDS);
    errors.close(LAST_WORDS_MILLISECONDS);
  }
}
