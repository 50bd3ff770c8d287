/** Describes the machine of the measurements. */

import { readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";

/** Describes the machine in one line: processor, memory, kernel. */
export function describeMachine(): string {
  const processors = cpus();
  const virtual = /^flags.*\bhypervisor\b/m.test(readFileSync("/proc/cpuinfo", "utf8")) ? "virtual machine, " : "";
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  const kernel = `Linux ${/^\d+\.\d+(\.\d+)?/.exec(release())?.[0]}`;
  return `${virtual}${processors.length} × ${processors[0]?.model.trim()}, ${memory}, ${kernel}`;
}

/** Returns the numbers of the processors that this process may use: `Cpus_allowed_list`, proc_pid_status(5). */
export function allowedProcessors(): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  return list.split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/** Reads the ticks of all processors, and those stolen by the host: first line of `/proc/stat`, proc_stat(5). */
function ticks(): { total: number; stolen: number } {
  const counts = /^cpu +(.*)$/m.exec(readFileSync("/proc/stat", "utf8"))?.[1]?.split(" ").slice(0, 8).map(Number) ?? [];
  return { total: counts.reduce((sum, count) => sum + count, 0), stolen: counts[7] ?? 0 };
}

/**
 * Starts to measure stolen time. The returned function gives the share, 0 to 1, of processor time that the host of a
 * virtual machine has given to other guests since.
 */
export function stolenShare(): () => number {
  const before = ticks();
  return () => {
    const after = ticks();
    return (after.stolen - before.stolen) / (after.total - before.total);
  };
}
