/**
 * Socket filters: programs that the kernel runs on each packet for a socket.
 * @module
 */

import { BPF_ABS, BPF_LD, BPF_W, SOL_SOCKET } from "./constants.ts";
import { sock_filter, sock_fprog } from "./layouts.ts";
import { result } from "./libc.ts";
import { libc } from "./library.ts";
import { Memory } from "./memory.ts";

/** An instruction of classic BPF: operation, jumps if true and if false, operand. <linux/filter.h> */
export type Instruction = readonly [code: number, jt: number, jf: number, k: number];

/** Loads four bytes of the packet, the first of them as the highest of the number. */
export const loadWord = (offset: number): Instruction => [BPF_LD | BPF_W | BPF_ABS, 0, 0, offset];

/**
 * Attaches a program to a socket, in place of an earlier one. socket(7), Documentation/networking/filter.rst
 * @param option `SO_ATTACH_FILTER`: the program returns for each packet the bytes to keep, 0 to drop the packet; or
 *   `SO_ATTACH_REUSEPORT_CBPF`: the index of the socket that receives the packet, among those that share the port, in the
 *   order in which they were bound
 * @returns 0, or `-errno`
 */
export function attachProgram(fd: number, option: number, program: readonly Instruction[]): number {
  const memory = new Memory(sock_fprog.size + program.length * sock_filter.size);
  memory.u16[sock_fprog.len >> 1] = program.length;
  memory.link(sock_fprog.filter, memory, sock_fprog.size);
  program.forEach(([code, jt, jf, k], i) => {
    const at = sock_fprog.size + i * sock_filter.size;
    memory.u16[(at + sock_filter.code) >> 1] = code;
    memory.bytes[at + sock_filter.jt] = jt;
    memory.bytes[at + sock_filter.jf] = jf;
    memory.i32[(at + sock_filter.k) >> 2] = k;
  });
  return result(libc().call.setsockopt(fd, SOL_SOCKET, option, memory.pointer(0), sock_fprog.size));
}
