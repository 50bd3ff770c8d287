/**
 * Memory that several processes share.
 * @module
 */

import { MAP_FIXED, MAP_SHARED, MFD_CLOEXEC, PROT_READ, PROT_WRITE } from "./constants.ts";
import { check } from "./errno.ts";
import { aboveStandardStreams, result } from "./libc.ts";
import { lazyLibc, libc } from "./library.ts";
import { cString } from "./memory.ts";

/** The largest page of the supported processors. */
const PAGE = 64 << 10;

// The pages of these buffers belong to several processes: they must never be used for anything else.
const kept: ArrayBuffer[] = [];

/** Creates memory for {@link mapShared}; returns its descriptor. memfd_create(2) */
export function createShared(size: number): number {
  const { memfd_create, ftruncate } = lazyLibc();
  const fd = check("memfd_create", result(memfd_create(cString("echo.ts").pointer(0), MFD_CLOEXEC)));
  check("ftruncate", result(ftruncate(fd, size)));
  return check("fcntl", aboveStandardStreams(fd));
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
  const lowerHalf = lazyLibc().mmap(place, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, null);
  // The lower half of an address may look negative; only -1 is a failure.
  check("mmap", lowerHalf === -1 ? result(lowerHalf) : 0);
  kept.push(buffer);
  return new Uint8Array(buffer, offset, size);
}

/** Whether memory is part of what {@link mapShared} returned. */
export function isShared({ buffer }: Uint8Array<ArrayBuffer>): boolean {
  return kept.includes(buffer);
}
