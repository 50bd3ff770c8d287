/**
 * Socket filters: programs that the kernel runs on each packet for a socket.
 * @module
 */

import { SO_ATTACH_FILTER, SO_ATTACH_REUSEPORT_CBPF, SOL_SOCKET } from "./constants.ts";
import { sock_filter, sock_fprog } from "./layouts.ts";
import { libc } from "./library.ts";
import { Memory } from "./memory.ts";

/** An instruction of classic BPF: operation, jumps if true and if false, operand. <linux/filter.h> */
export type Instruction = readonly [code: number, jt: number, jf: number, k: number];

/**
 * Attaches a program to a socket, in place of an earlier one. It returns for each packet the bytes to keep, 0 to drop the
 * packet. socket(7), Documentation/networking/filter.rst
 * @returns 0, or `-errno`
 */
export function attachFilter(fd: number, program: readonly Instruction[]): number {
  return attach(fd, SO_ATTACH_FILTER, program);
}

/**
 * Attaches a program to the sockets that share the port of a socket (`SO_REUSEPORT`). It returns for each packet the index
 * of the socket that receives it, in the order in which they were bound. socket(7)
 * @returns 0, or `-errno`
 */
export function attachSteering(fd: number, program: readonly Instruction[]): number {
  return attach(fd, SO_ATTACH_REUSEPORT_CBPF, program);
}

function attach(fd: number, option: number, program: readonly Instruction[]): number {
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
  const { call, errno } = libc();
  const result = call.setsockopt(fd, SOL_SOCKET, option, memory.pointer(0), sock_fprog.size);
  return result < 0 ? -errno() : result;
}
