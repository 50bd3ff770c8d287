/**
 * Memory that several processes share.
 * @module
 */

import { F_DUPFD_CLOEXEC, MAP_FIXED, MAP_SHARED, MFD_CLOEXEC, PROT_READ, PROT_WRITE } from "./constants.ts";
import { SystemError } from "./errno.ts";
import { close, fcntl } from "./libc.ts";
import { libc, processLibc } from "./library.ts";
import { Memory } from "./memory.ts";

/** The largest page of the supported processors. */
const PAGE = 64 << 10;

// The pages of these buffers belong to several processes: they must never be used for anything else.
const kept: ArrayBuffer[] = [];

/** Creates memory for {@link mapShared}; returns its descriptor. memfd_create(2) */
export function createShared(size: number): number {
  const name = new Memory(1);
  name.writeCString(0, "echo.ts");
  const { memfd_create, ftruncate } = processLibc();
  const fd = check("memfd_create", memfd_create(name.pointer(0), MFD_CLOEXEC));
  check("ftruncate", ftruncate(fd, size));
  // If a standard stream was closed, the memory has its number, and output would go there.
  const higher = check("fcntl", fcntl(fd, F_DUPFD_CLOEXEC, 3));
  close(fd);
  return higher;
}

/**
 * Maps the first `size` bytes of shared memory over the pages of an `ArrayBuffer`, which is never freed. mmap(2)
 * @throws {SystemError} if the kernel refuses it
 */
export function mapShared(fd: number, size: number): Uint8Array<ArrayBuffer> {
  const buffer = new ArrayBuffer(Math.ceil(size / PAGE) * PAGE + PAGE);
  const address = libc().addressOf(buffer);
  const offset = (PAGE - address % PAGE) % PAGE;
  const place = libc().pointer(address + offset);
  const result = processLibc().mmap(place, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, null);
  // The result is the lower half of the address.
  check("mmap", result === -1 ? -1 : 0);
  kept.push(buffer);
  return new Uint8Array(buffer, offset, size);
}

/** Whether memory is part of what {@link mapShared} returned. */
export function isShared({ buffer }: Uint8Array<ArrayBuffer>): boolean {
  return kept.includes(buffer);
}

function check(syscall: string, result: number): number {
  if (result < 0) throw new SystemError(syscall, libc().errno());
  return result;
}
