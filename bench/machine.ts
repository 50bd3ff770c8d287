/** What the results were measured on. */

import { readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";

/** The machine in a line: processor, memory, kernel. */
export function describeMachine(): string {
  const processors = cpus();
  const virtual = /^flags.*\bhypervisor\b/m.test(readFileSync("/proc/cpuinfo", "utf8")) ? "virtual machine, " : "";
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  const kernel = `Linux ${/^\d+\.\d+(\.\d+)?/.exec(release())?.[0]}`;
  return `${virtual}${processors.length} × ${processors[0]?.model.trim()}, ${memory}, ${kernel}`;
}

/** The processors that this process may use, by number: `Cpus_allowed_list` of proc_pid_status(5). */
export function allowedProcessors(): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  return list.split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/** Ticks of all processors together and those of them that were stolen: the first line of `/proc/stat`, proc_stat(5). */
function ticks(): { total: number; stolen: number } {
  const counts = /^cpu +(.*)$/m.exec(readFileSync("/proc/stat", "utf8"))?.[1]?.split(" ").slice(0, 8).map(Number) ?? [];
  return { total: counts.reduce((sum, count) => sum + count, 0), stolen: counts[7] ?? 0 };
}

/**
 * Call it at the beginning; the function that it returns tells which share (0 to 1) of the processors' time the host
 * of a virtual machine has given to others since.
 */
export function stolenShare(): () => number {
  const before = ticks();
  return () => {
    const after = ticks();
    return (after.stolen - before.stolen) / (after.total - before.total);
  };
}
