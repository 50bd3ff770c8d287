/**
 * What the operator is told of faults while the server runs.
 * @module
 */

import { ERRNO_COUNT, errnoMessage, errnoName } from "../../ffi/errno.ts";
import type { BatchSocket } from "../socket/batch_socket.ts";
import { countsText, positiveCounts } from "./counters.ts";

/** Tells the operator of new faults, at most once a second. */
export class FaultNotices {
  /** The error number of the last reception that failed; 0 if it was told. */
  receiveError = 0;
  readonly #socket: BatchSocket;
  readonly #tell: (text: string) => void;
  readonly #failuresTold = new Float64Array(ERRNO_COUNT);
  #trainsTold = false;

  /**
   * @param socket whose failures to tell
   * @param tell tells the operator a sentence
   */
  constructor(socket: BatchSocket, tell: (text: string) => void) {
    this.#socket = socket;
    this.#tell = tell;
  }

  /** Tells the faults since the last call. */
  everySecond(): void {
    if (this.receiveError !== 0) {
      this.#tell(`receiving failed: ${errnoMessage(this.receiveError)} (${errnoName(this.receiveError)})`);
      this.receiveError = 0;
    }
    const failures = countsText(positiveCounts(
      ERRNO_COUNT,
      (errno) => this.#socket.failed(errno) - this.#failuresTold[errno]!,
      (errno) => `${errnoName(errno)} (${errnoMessage(errno)})`,
    ));
    if (failures !== "") this.#tell(`replies could not be sent: ${failures}`);
    for (let errno = 0; errno < ERRNO_COUNT; errno++) this.#failuresTold[errno] = this.#socket.failed(errno);
    if (this.#socket.deviceRefusedTrains && !this.#trainsTold) {
      this.#trainsTold = true;
      this.#tell("a network device takes no trains of datagrams: replies through it are sent one by one");
    }
  }
}
