/** The table of descriptors of the simulated process. */
import type { KernelSocket } from "./kernel_socket.ts";
import type { Sink } from "./sink.ts";

/** Descriptors that an epoll instance waits for. epoll(7) */
export interface Interest {
  events: number;
  readonly data: Uint8Array;
}

/** An open file description. */
export type Description =
  | { readonly kind: "socket"; readonly socket: KernelSocket }
  | { readonly kind: "sink"; readonly sink: Sink; readonly nonblocking: boolean }
  | { readonly kind: "text"; readonly text: Uint8Array; position: number }
  | { readonly kind: "epoll"; readonly interests: Map<number, Interest> }
  | { readonly kind: "eventfd"; count: number }
  | { readonly kind: "netlink"; reply: Uint8Array }
  | { readonly kind: "other" };

/** Descriptors by number. */
export class Descriptors {
  readonly #open = new Map<number, Description>();

  get(fd: number): Description | undefined {
    return this.#open.get(fd);
  }

  /** Opens the lowest free number from `least` on. */
  add(description: Description, least = 0): number {
    let fd = least;
    while (this.#open.has(fd)) fd++;
    this.#open.set(fd, description);
    return fd;
  }

  set(fd: number, description: Description): void {
    this.#open.set(fd, description);
  }

  /** Closes a descriptor; returns whether it was open. */
  remove(fd: number): boolean {
    for (const other of this.#open.values()) if (other.kind === "epoll") other.interests.delete(fd);
    return this.#open.delete(fd);
  }

  /** What is open: number and kind. */
  list(): [number, string][] {
    return [...this.#open].map(([fd, { kind }]) => [fd, kind]);
  }

  /** The events of poll(2) that hold for a descriptor; `POLLNVAL` if it is closed. */
  events(fd: number): number {
    const description = this.#open.get(fd);
    switch (description?.kind) {
      case undefined:
        return 0x20;
      case "socket":
        return description.socket.events;
      case "sink":
        return (description.sink.writable ? 0x4 : 0) | (description.sink.closed ? 0x8 : 0);
      case "eventfd":
        return description.count > 0 ? 0x5 : 0x4;
      case "netlink":
        return description.reply.length > 0 ? 0x5 : 0x4;
      default:
        return 0x5;
    }
  }
}
