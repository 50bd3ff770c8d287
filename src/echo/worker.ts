/**
 * A worker: a process that serves one of the sockets on the port.
 * @module
 */

import { dieWithParent } from "../../ffi/spawn.ts";
import { UsageError } from "../cli/arguments.ts";
import { handleSignals } from "../cli/signals.ts";
import { VERSION } from "../cli/version.ts";
import { EchoServer } from "./echo_server.ts";
import { Block, type Group, TEND_MILLISECONDS } from "./group.ts";
import { openSocket } from "./open_socket.ts";
import { LAST_WORDS_MILLISECONDS, Operator } from "./operator.ts";
import type { EchoSettings } from "./options.ts";

/** What a worker gets from the process that starts it. */
export interface Place {
  /** Number of the worker, from 1. */
  readonly index: number;
  /** Number of workers, with the process that starts them. */
  readonly count: number;
  /** Descriptor of its socket. */
  readonly socketFd: number;
  /** Descriptor of the {@link Block}. */
  readonly memoryFd: number;
  /** Number of the process that starts it. */
  readonly parent: number;
}

/** The last argument of a worker. Users do not give it. */
export function placeArgument({ index, count, socketFd, memoryFd, parent }: Place): string {
  return `--worker=${[VERSION, index, count, socketFd, memoryFd, parent]}`;
}

/**
 * The place of a worker with these arguments; `undefined` for any other process.
 * @throws {UsageError} if the process that has started it is of another version, which shares other memory
 */
export function readPlace(args: readonly string[]): Place | undefined {
  const match = /^--worker=([^,]+),(\d+),(\d+),(\d+),(\d+),(\d+)$/.exec(args.at(-1) ?? "");
  if (match === null) return undefined;
  if (match[1] !== VERSION) throw new UsageError("the program was replaced by another version: restart the server");
  const [index, count, socketFd, memoryFd, parent] = match.slice(2).map(Number);
  return { index: index!, count: count!, socketFd: socketFd!, memoryFd: memoryFd!, parent: parent! };
}

/** The group, as a worker other than the first one sees it. */
function groupOf({ index, count, memoryFd }: Place): Group {
  const block = new Block(count, memoryFd);
  return {
    index,
    block,
    counters: () => [block.counters[index]!],
    drops: () => 0,
    tend: () => Atomics.load(block.stop, 0) === 0 ? TEND_MILLISECONDS : 0,
  };
}

/** Runs a worker until the process that has started it stops it, or ends. */
export async function runWorker(settings: EchoSettings, place: Place): Promise<void> {
  // A signal ends a sleep, and has no other effect.
  handleSignals(() => {});
  if (!dieWithParent(`echo worker ${place.index}`, place.parent)) return;
  const socket = openSocket(settings, place.socketFd);
  const operator = new Operator(settings);
  const server = new EchoServer(settings, { socket, operator, group: groupOf(place) });
  try {
    await server.run();
  } finally {
    operator.output.close(LAST_WORDS_MILLISECONDS);
    server.publish();
    operator.close();
  }
}
