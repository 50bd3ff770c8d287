/**
 * The program: puts its parts together, and ends as it should.
 * @module
 */

import { SIGHUP } from "../ffi/constants.ts";
import { SystemError } from "../ffi/errno.ts";
import { LibraryError, type Signal } from "../ffi/foreign.ts";
import { signalIgnored } from "../ffi/libc.ts";
import { runtime } from "../ffi/runtime.ts";
import { onSignal } from "../ffi/signals.ts";
import { UsageError } from "./arguments.ts";
import { byteSizeText, parseCommand, type ServeSettings } from "./cli.ts";
import { summaryText } from "./counters.ts";
import { EchoServer } from "./echo_server.ts";
import { Guard } from "./guard.ts";
import { Log } from "./log.ts";
import { Output } from "./output.ts";
import { AdaptivePolling } from "./polling.ts";
import { probe } from "./probe.ts";
import { UdpSocket } from "./udp_socket.ts";
import { VERSION } from "./version.ts";

/** Longest time for which the summary waits at the end for a reader of standard output, in milliseconds. */
const LAST_WORDS_MILLISECONDS = 50;

/**
 * Runs the program.
 * @returns the exit code: 0 after a clean stop, 1 after a failure, 2 for wrong usage
 */
async function main(args: readonly string[]): Promise<number> {
  try {
    const command = parseCommand(args);
    if (command.kind === "help") return print(console.log, command.text) ? 0 : 1;
    if (command.kind === "version") return print(console.log, `echo.ts ${VERSION}`) ? 0 : 1;
    if (command.kind === "probe") return await probe(command);
    await serve(command);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof SystemError || error instanceof LibraryError)) throw error;
    print(console.error, `echo.ts: ${error.message}`);
    return error instanceof UsageError ? 2 : 1;
  }
}

/** Prints a text; returns false where that can't be done, on a full disk for one. */
function print(write: (text: string) => void, text: string): boolean {
  try {
    write(text);
    return true;
  } catch {
    return false;
  }
}

/** Runs the echo server until a signal stops it. */
async function serve(settings: ServeSettings): Promise<void> {
  const receiveBuffer = settings.buffer;
  const socket = settings.fd === undefined
    ? UdpSocket.bind({ port: settings.port, address: settings.address, family: settings.family, receiveBuffer })
    : UdpSocket.adopt(settings.fd, { receiveBuffer });
  const output = new Output(1);
  const errors = new Output(2);
  const say = (text: string) => {
    errors.writeLine(text);
    errors.flush();
  };
  const tell = (text: string) => say(`echo.ts: ${text}`);
  const server = new EchoServer({
    socket,
    guard: new Guard({ ...settings, port: socket.port }),
    log: new Log(output, settings.log, settings.logLimit, socket.port),
    polling: new AdaptivePolling(settings.busyPoll),
    output,
    tell,
  });
  const sumUp = (occasion: string) => {
    const summary = server.summary();
    if (settings.log === "json") output.writeLine(JSON.stringify(summary));
    else say(`${occasion} ${summary.seconds.toFixed(1)} s\n${summaryText(summary)}`);
    output.flush();
  };

  // Asked before any handler is set, for Deno's first one ends the ignoring of SIGHUP too.
  const hangupIgnored = signalIgnored(SIGHUP);
  let stoppedBy = "";
  const { name } = runtime();
  const stopOn = (signal: Signal) =>
    onSignal(signal, () => {
      stoppedBy = signal;
      server.stop();
    });
  stopOn("SIGINT");
  stopOn("SIGTERM");
  // What nohup asked for holds.
  if (hangupIgnored) onSignal("SIGHUP", () => {});
  else stopOn("SIGHUP");
  onSignal("SIGUSR1", () => sumUp("running for"));
  // A reader of the log that goes away is an error of the write.
  onSignal("SIGPIPE", () => {});

  for (const notice of socket.notices) tell(notice);
  if (socket.receiveBuffer < settings.buffer) {
    tell(
      `receive buffer: ${byteSizeText(settings.buffer)} asked for, ${byteSizeText(socket.receiveBuffer)} granted; ` +
        `for more: sysctl -w net.core.rmem_max=${settings.buffer}`,
    );
  }
  say(`listening on ${socket.endpoint} (${socket.families}, ${name})`);
  await server.run();
  // Lines that nobody takes are to be in the summary.
  output.settle(LAST_WORDS_MILLISECONDS);
  sumUp(`stopped by ${stoppedBy} after`);
  socket.close();
  output.close(LAST_WORDS_MILLISECONDS);
  errors.close(LAST_WORDS_MILLISECONDS);
}

runtime().exit(await main(runtime().args));
