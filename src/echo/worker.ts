/**
 * A worker: a process that serves one of the sockets on the port.
 * @module
 */

import { dieWithParent } from "../../ffi/spawn.ts";
import type { Counters } from "./counters.ts";
import type { Group } from "./echo_server.ts";
import { SharedBlock } from "./shared_block.ts";

/** Longest time between two looks at {@link SharedBlock.stop}: a signal ends the sleep. */
const TEND_MILLISECONDS = 1000;

/** What a worker gets from the process that starts it. */
export interface Place {
  /** Number of the worker, from 1. */
  readonly index: number;
  /** Number of workers, with the process that starts them. */
  readonly count: number;
  /** Descriptor of its socket. */
  readonly socketFd: number;
  /** Descriptor of the {@link SharedBlock}. */
  readonly memoryFd: number;
  /** Number of the process that starts it. */
  readonly parent: number;
}

/** The last argument of a worker. Users do not give it. */
export function placeArgument({ index, count, socketFd, memoryFd, parent }: Place): string {
  return `--worker=${[index, count, socketFd, memoryFd, parent]}`;
}

/** The place of a worker with these arguments; `undefined` for any other process. */
export function readPlace(args: readonly string[]): Place | undefined {
  const match = /^--worker=(\d+),(\d+),(\d+),(\d+),(\d+)$/.exec(args.at(-1) ?? "");
  if (match === null) return undefined;
  const [, index, count, socketFd, memoryFd, parent] = match.map(Number);
  return { index: index!, count: count!, socketFd: socketFd!, memoryFd: memoryFd!, parent: parent! };
}

/** The group, as a worker other than the first one sees it. */
export class Worker implements Group {
  readonly index: number;
  readonly block: SharedBlock;

  /** Ties this process to its parent, and maps what they share. */
  constructor({ index, count, memoryFd, parent }: Place) {
    this.index = index;
    this.block = new SharedBlock(count, memoryFd);
    if (!dieWithParent(`echo worker ${index}`, parent)) this.block.stop[0] = 1;
  }

  counters(): readonly Counters[] {
    return [this.block.counters[this.index]!];
  }

  drops(): number {
    return 0;
  }

  tend(): number {
    return Atomics.load(this.block.stop, 0) === 0 ? TEND_MILLISECONDS : 0;
  }
}
