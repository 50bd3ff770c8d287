/**
 * Messages to the service manager that started the program.
 * @see https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
 * @module
 */

import { AF_UNIX, MSG_DONTWAIT, MSG_NOSIGNAL, SOCK_DGRAM } from "../../ffi/constants.ts";
import { connect, send, socket } from "../../ffi/libc.ts";
import { Memory } from "../../ffi/memory.ts";
import { environmentVariable } from "../../ffi/terminal.ts";

/** Bytes of `struct sockaddr_un`, whose path begins behind the family. unix(7) */
const ADDRESS_SIZE = 110;
const PATH = 2;

/** The service manager, if one waits for messages: systemd does with `Type=notify`. */
export class ServiceManager {
  // The address, then the states.
  readonly #memory = new Memory(ADDRESS_SIZE);
  readonly #fd: number = -1;
  readonly #watchdog = environmentVariable("WATCHDOG_USEC") !== "";

  /** Connects to the socket that the environment names. */
  constructor() {
    // An abstract name begins with a zero byte.
    const path = new TextEncoder().encode(environmentVariable("NOTIFY_SOCKET").replace(/^@/, "\0"));
    if (path.length === 0 || path.length >= ADDRESS_SIZE - PATH) return;
    this.#memory.u16[0] = AF_UNIX;
    this.#memory.bytes.set(path, PATH);
    const fd = socket(AF_UNIX, SOCK_DGRAM);
    if (connect(fd, this.#memory, PATH + path.length) === 0) this.#fd = fd;
  }

  /** Sends a state: `READY=1`, `STOPPING=1`. */
  notify(state: string): void {
    if (this.#fd < 0) return;
    const { written } = new TextEncoder().encodeInto(state, this.#memory.bytes);
    send(this.#fd, this.#memory, written, MSG_DONTWAIT | MSG_NOSIGNAL);
  }

  /** Tells the watchdog that the server works. To be called once a second, and at least twice in `WatchdogSec=`. */
  everySecond(): void {
    if (this.#watchdog) this.notify("WATCHDOG=1");
  }
}
