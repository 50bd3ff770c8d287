/** What the kernel says of processes, threads and descriptors: any of them may end while it is read. proc(5) */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** The text of a file below `/proc`; empty if the process or thread has ended. */
export function readProc(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, "utf8");
  } catch {
    return "";
  }
}

/** A file of each thread of a process. */
export function readThreads(pid: number, name: string): string[] {
  return readdirSync(`/proc/${pid}/task`).map((id) => readProc(`${pid}/task/${id}/${name}`));
}

/**
 * What a descriptor stands for, as a path or as `socket:[inode]`; empty if it is closed. With it a test sees in its
 * own process that a descriptor was closed: by then, another thread of the runtime may have one of the same number.
 */
export function targetOf(fd: number | string, pid: number | "self" = "self"): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    return "";
  }
}

/** What the descriptors of a process stand for. */
export function targetsOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).map((fd) => targetOf(fd, pid));
}
