/**
 * Messages to the service manager that started the program.
 * @see https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
 * @module
 */

import { AF_UNIX, SOCK_CLOEXEC, SOCK_DGRAM } from "../../ffi/constants.ts";
import { connect, socket } from "../../ffi/libc.ts";
import { Memory } from "../../ffi/memory.ts";
import { environmentVariable } from "../../ffi/terminal.ts";
import { NonblockingWriter } from "../cli/nonblocking_writer.ts";

/** Bytes of `struct sockaddr_un`, whose path begins behind the family. unix(7) */
const ADDRESS_SIZE = 110;
const PATH = 2;

/** The service manager, if one waits for messages: systemd does with `Type=notify`. */
export class ServiceManager {
  readonly #writer: NonblockingWriter | undefined;
  readonly #watchdog = environmentVariable("WATCHDOG_USEC") !== "";

  /** Connects to the socket that the environment names. */
  constructor() {
    const name = environmentVariable("NOTIFY_SOCKET");
    const length = new TextEncoder().encode(name).length;
    if (length === 0 || length >= ADDRESS_SIZE - PATH) return;
    const address = new Memory(ADDRESS_SIZE);
    address.u16[0] = AF_UNIX;
    // An abstract name begins with a zero byte.
    address.writeCString(PATH, name.replace(/^@/, "\0"));
    const fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (connect(fd, address, PATH + length) === 0) this.#writer = new NonblockingWriter(fd, ADDRESS_SIZE);
  }

  /** Sends a state: `READY=1`, `STOPPING=1`. */
  notify(state: string): void {
    if (this.#writer === undefined) return;
    const { written } = new TextEncoder().encodeInto(state, this.#writer.bytes);
    this.#writer.write(written);
  }

  /** Tells the watchdog that the server works. To be called once a second, and at least twice in `WatchdogSec=`. */
  everySecond(): void {
    if (this.#watchdog) this.notify("WATCHDOG=1");
  }
}
