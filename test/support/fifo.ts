/** Named pipes whose both ends belong to a test. */
import { closeSync, constants, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { runSync, temporaryFolder } from "./process.ts";

/** A named pipe. Reading it never blocks. */
export class Fifo {
  readonly path: string = join(temporaryFolder(), "fifo");
  /** The descriptor to write to. */
  readonly writer: number;
  #reader: number | undefined;

  constructor() {
    runSync(["mkfifo", this.path]);
    this.openReader();
    this.writer = openSync(this.path, constants.O_WRONLY);
  }

  openReader(): void {
    this.#reader = openSync(this.path, constants.O_RDONLY | constants.O_NONBLOCK);
  }

  closeReader(): void {
    if (this.#reader !== undefined) closeSync(this.#reader);
    this.#reader = undefined;
  }

  /** Reads what the pipe holds, at most `size` bytes. */
  read(size: number = 1 << 20): string {
    const buffer = new Uint8Array(size);
    try {
      return new TextDecoder().decode(buffer.subarray(0, readSync(this.#reader!, buffer)));
    } catch {
      // It is empty.
      return "";
    }
  }

  close(): void {
    this.closeReader();
    closeSync(this.writer);
  }
}
