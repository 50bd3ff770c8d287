/** The functions of the simulated libc for sockets. */
import { errno } from "./errno.ts";
import { sendMessage } from "./kernel_send.ts";
import type { KernelSocket } from "./kernel_socket.ts";
import type { Functions } from "./libc.ts";
import { write } from "./libc_files.ts";
import { answerNetlink } from "./netlink.ts";
import { PacketFilter } from "./packet_filter.ts";
import * as option from "./socket_options.ts";
import {
  AF_INET,
  AF_INET6,
  MESSAGE_HEADER_SIZE,
  MessageHeader,
  readSocketAddress,
  readTime,
  socketAddressBytes,
  words,
  writeTruncated,
} from "./structs.ts";
import type { World } from "./world.ts";

const AF_NETLINK = 16;
const SOCK_DGRAM = 2;
const MSG_DONTWAIT = 0x40;
const MSG_ERRQUEUE = 0x2000;
const MSG_NOSIGNAL = 0x4000;
const MSG_WAITFORONE = 0x10000;
/** Most messages that one call takes. `UIO_MAXIOV` */
const MESSAGES_MAX = 1024;

export function socketFunctions(world: World): Functions {
  const { memory, descriptors } = world;
  const onSocket =
    (code: (socket: KernelSocket, ...values: number[]) => number) => (fd?: number, ...rest: number[]) => {
      const description = descriptors.get(fd!);
      if (description === undefined) return -errno.EBADF;
      return description.kind === "socket" ? code(description.socket, ...rest) : -errno.ENOTSOCK;
    };
  return {
    socket: (domain, type) => {
      if (domain === AF_NETLINK) return descriptors.add({ kind: "netlink", reply: new Uint8Array() });
      if (domain !== AF_INET && domain !== AF_INET6) return -errno.EAFNOSUPPORT;
      if ((type! & 0xf) !== SOCK_DGRAM) return -errno.EINVAL;
      return descriptors.add({ kind: "socket", socket: world.socket(domain) });
    },
    bind: onSocket((socket, at, length) => {
      const address = readSocketAddress(memory, at!, length!);
      return address === undefined ? -errno.EINVAL : socket.bind(address, world.pickPort);
    }),
    connect: onSocket((socket, at, length) => {
      const address = readSocketAddress(memory, at!, length!);
      return address === undefined ? -errno.EINVAL : socket.connect(address, world.pickPort);
    }),
    getsockname: onSocket((socket, at, lengthAt) => {
      const any = { address: socket.domain === AF_INET ? "0.0.0.0" : "::", port: 0, scope: 0 };
      const bytes = socketAddressBytes(socket.domain, socket.local ?? any);
      memory.setI32(lengthAt!, writeTruncated(memory, at!, memory.i32(lengthAt!), bytes));
      return 0;
    }),
    setsockopt: onSocket((socket, level, name, at, length) => {
      if (option.key(level!, name!) === option.SO_ATTACH_FILTER) {
        if (length! !== 16) return -errno.EINVAL;
        socket.filter = new PacketFilter(memory, at!);
        return 0;
      }
      if (option.key(level!, name!) !== option.SO_RCVTIMEO) {
        return length! < 4 ? -errno.EINVAL : socket.setOption(level!, name!, memory.i32(at!));
      }
      if (length! < 16) return -errno.EINVAL;
      socket.receiveTimeout = readTime(memory, at!, 1e6);
      return 0;
    }),
    getsockopt: (fd, level, name, at, lengthAt) => {
      const description = descriptors.get(fd!);
      const value = description?.kind === "sink" && description.sink.kind === "socket"
        ? words(name === 3 ? SOCK_STREAM : 0)
        : onSocketValue(description?.kind === "socket" ? description.socket : undefined, level!, name!);
      if (value === undefined) return description === undefined ? -errno.EBADF : -errno.ENOTSOCK;
      if (typeof value === "number") return value;
      memory.setI32(lengthAt!, Math.min(memory.i32(lengthAt!), value.length));
      memory.bytes(at!, memory.i32(lengthAt!)).set(value.subarray(0, memory.i32(lengthAt!)));
      return 0;
    },
    recvmmsg: onSocket((socket, at, count, flags) => {
      const result = receive(world, socket, at!, count!, flags!);
      world.observer.receptionEnded?.((flags! & MSG_DONTWAIT) === 0, result);
      return result;
    }),
    sendmmsg: onSocket((socket, at, count) => send(world, socket, at!, count!)),
    send: (fd, at, length, flags) => {
      const description = descriptors.get(fd!);
      if (description?.kind === "netlink") {
        description.reply = answerNetlink(world, at!, length!);
        return length!;
      }
      const raises = (flags! & MSG_NOSIGNAL) === 0;
      return write(world, description, memory.bytes(at!, length!), (flags! & MSG_DONTWAIT) !== 0, raises);
    },
  };

  /** The value of an option; a negative error; `undefined` where there is no socket. */
  function onSocketValue(socket: KernelSocket | undefined, level: number, name: number) {
    if (socket === undefined) return undefined;
    const { sending, drops, options } = socket;
    switch (option.key(level, name)) {
      case option.SO_MEMINFO:
        world.observer.dropsRead?.(socket);
        return words(0, options.get(option.SO_RCVBUF), sending, options.get(option.SO_SNDBUF), 0, 0, 0, 0, drops | 0);
      case option.SO_ERROR:
        return words(socket.takeError());
      default: {
        const value = options.read(level, name);
        return value < 0 ? value : words(value);
      }
    }
  }
}

const SOCK_STREAM = 1;

/** recvmmsg(2) */
function receive(world: World, socket: KernelSocket, at: number, count: number, flags: number): number {
  const queue = (flags & MSG_ERRQUEUE) !== 0;
  let waits = (flags & MSG_DONTWAIT) === 0 && !queue && !socket.nonblocking;
  const deadline = socket.receiveTimeout === 0 ? Infinity : world.time.now + socket.receiveTimeout;
  const fault = queue ? 0 : world.receiveFault();
  if (fault !== 0) return -fault;
  for (let received = 0;; received++) {
    if (received === Math.min(count, MESSAGES_MAX)) return received;
    if (received > 0 && !queue && world.fault("partialReceive")) return received;
    if (waits && socket.queue.length === 0 && socket.error === 0) {
      const waited = world.block(deadline, () => socket.queue.length > 0 || socket.error !== 0);
      if (waited < 0) return received > 0 ? received : waited;
    }
    const header = new MessageHeader(world.memory, at + received * MESSAGE_HEADER_SIZE);
    const result = queue ? socket.receiveError(world.memory, header) : socket.receive(world.memory, header);
    if (result < 0) {
      // An error after some messages is reported by the next call.
      if (received > 0 && result !== -errno.EAGAIN) socket.error = -result;
      return received > 0 ? received : result;
    }
    if ((flags & MSG_WAITFORONE) !== 0) waits = false;
  }
}

/** sendmmsg(2) */
function send(world: World, socket: KernelSocket, at: number, count: number): number {
  if (world.fault("interrupt")) return -errno.EINTR;
  for (let sent = 0;; sent++) {
    if (sent === Math.min(count, MESSAGES_MAX)) return sent;
    if (sent > 0 && world.fault("partialSend")) return sent;
    const header = new MessageHeader(world.memory, at + sent * MESSAGE_HEADER_SIZE);
    const result = sendMessage(world, socket, header, sent === 0);
    // A filter of system calls may say that nothing was sent, without an error.
    if (sent === 0 && result === -errno.EAGAIN && world.fault("partialSend")) return 0;
    if (result < 0) return sent > 0 ? sent : result;
    header.setLength(result);
  }
}
