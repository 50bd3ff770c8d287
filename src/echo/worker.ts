/**
 * A worker: a process that serves one of the sockets on the port.
 * @module
 */

import { dieWithParent, trimMemory } from "../../ffi/spawn.ts";
import { UsageError } from "../cli/arguments.ts";
import { handleSignals } from "../cli/signals.ts";
import { VERSION } from "../cli/version.ts";
import { EchoServer } from "./echo_server.ts";
import { Block, TEND_MILLISECONDS } from "./group.ts";
import { openSocket } from "./open_socket.ts";
import { Operator } from "./operator.ts";
import type { EchoSettings } from "./options.ts";

/** What a worker gets from the process that starts it. */
export interface Place {
  /** Number of the worker, from 1. */
  readonly index: number;
  /** Descriptor of its socket. */
  readonly socketFd: number;
  /** Descriptor of the {@link Block}. */
  readonly memoryFd: number;
  /** Number of the process that starts it. */
  readonly parent: number;
}

/** The last argument of a worker. Users do not give it. */
export function placeArgument({ index, socketFd, memoryFd, parent }: Place): string {
  return `--worker=${[VERSION, index, socketFd, memoryFd, parent]}`;
}

/**
 * The place of a worker with these arguments; `undefined` for any other process.
 * @throws {UsageError} if the process that has started it is of another version, which shares other memory
 */
export function readPlace(args: readonly string[]): Place | undefined {
  const [, version, numbers = ""] = /^--worker=([^,]+),([0-9,]+)$/.exec(args.at(-1) ?? "") ?? [];
  if (version === undefined) return undefined;
  if (version !== VERSION) throw new UsageError("the program was replaced by another version: restart the server");
  const [index, socketFd, memoryFd, parent] = numbers.split(",").map(Number);
  return { index: index!, socketFd: socketFd!, memoryFd: memoryFd!, parent: parent! };
}

/** Runs a worker until the process that has started it stops it, or ends. */
export async function runWorker(
  settings: EchoSettings,
  { index, socketFd, memoryFd, parent }: Place,
): Promise<void> {
  // A signal ends a sleep, and has no other effect.
  handleSignals(() => {});
  if (!dieWithParent(`echo worker ${index}`, parent)) return;
  const socket = openSocket(settings, socketFd);
  const operator = new Operator(settings);
  const block = new Block(index + 1, memoryFd);
  const tend = () => Atomics.load(block.stop, 0) === 0 ? TEND_MILLISECONDS : 0;
  const group = { index, block, tend };
  const server = new EchoServer(settings, { socket, operator, group, everySecond: trimMemory });
  try {
    await server.run();
  } finally {
    operator.close();
  }
}
