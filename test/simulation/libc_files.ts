/** The functions of the simulated libc for descriptors of files, outputs, and waiting. */
import type { Description } from "./descriptors.ts";
import { errno } from "./errno.ts";
import type { Functions } from "./libc.ts";
import { readTime, writeTruncated } from "./structs.ts";
import { MILLISECOND } from "./time.ts";
import type { FaultRates, World } from "./world.ts";

const O_RDWR = 0o2;
const O_NONBLOCK = 0o4000;
const F_GETFL = 3;
const F_SETFL = 4;
const F_DUPFD_CLOEXEC = 1030;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLLONESHOT = 0x4000_0000;
const TIOCGWINSZ = 0x5413;
/** `POLLERR`, `POLLHUP` and `POLLNVAL`, which poll(2) always reports. */
const POLL_ERRORS = 0x8 | 0x10 | 0x20;
/** Descriptors from here on may last for longer than a run. */
const LASTING = 100;
/** Bytes of a `struct pollfd`, and of a packed `struct epoll_event`. */
const POLLFD_SIZE = 8;
const EPOLL_EVENT_SIZE = 12;

export function fileFunctions(world: World): Functions {
  const { memory, descriptors, time } = world;
  return {
    write: (fd, at, length) => write(world, descriptors.get(fd!), memory.bytes(at!, length!), false, true),
    read: (fd, at, length) => {
      const description = descriptors.get(fd!);
      if (description?.kind === "netlink") return writeTruncated(memory, at!, length!, description.reply);
      if (description?.kind !== "text") return -errno.EBADF;
      const part = description.text.subarray(description.position, description.position + length!);
      memory.bytes(at!, length!).set(part);
      description.position += part.length;
      return part.length;
    },
    close: (fd) => {
      const description = descriptors.get(fd!);
      if (description?.kind === "socket") description.socket.close();
      return descriptors.remove(fd!) ? 0 : -errno.EBADF;
    },
    open: (path) => openFile(world, memory.string(path!)),
    lseek: (fd) => {
      const description = descriptors.get(fd!);
      if (description === undefined) return -errno.EBADF;
      return description.kind === "sink" && description.sink.kind === "file" ? description.sink.size : -errno.ESPIPE;
    },
    fcntl: (fd, command, argument) => {
      const description = descriptors.get(fd!);
      if (description === undefined) return -errno.EBADF;
      if (command === F_DUPFD_CLOEXEC) return descriptors.add(description, argument);
      const socket = description.kind === "socket" ? description.socket : undefined;
      if (command === F_GETFL) return O_RDWR | (socket?.nonblocking ? O_NONBLOCK : 0);
      if (command !== F_SETFL) return -errno.EINVAL;
      if (socket !== undefined) socket.nonblocking = (argument! & O_NONBLOCK) !== 0;
      return 0;
    },
    ioctl: (fd, request, at) => {
      const description = descriptors.get(fd!);
      if (description === undefined) return -errno.EBADF;
      if (description.kind !== "sink" || description.sink.kind !== "terminal") return -errno.ENOTTY;
      if (request === TIOCGWINSZ) memory.bytes(at!, 8).set([24, 0, 80, 0, 0, 0, 0, 0]);
      else memory.setI32(at!, 0x8803);
      return 0;
    },
    poll: (at, count, timeout) =>
      poll(world, at!, count!, timeout! < 0 ? Infinity : time.now + timeout! * MILLISECOND, "interruptOutput"),
    ppoll: (at, count, timeout) =>
      poll(world, at!, count!, timeout === 0 ? Infinity : time.now + readTime(memory, timeout!, 1e9), "interrupt"),
    eventfd: (count) => descriptors.add({ kind: "eventfd", count: count! }, LASTING),
    epoll_create1: () => descriptors.add({ kind: "epoll", interests: new Map() }, LASTING),
    epoll_ctl: (epoll, operation, fd, event) => {
      const description = descriptors.get(epoll!);
      if (description?.kind !== "epoll" || descriptors.get(fd!) === undefined) return -errno.EBADF;
      const { interests } = description;
      if (operation !== EPOLL_CTL_ADD && !interests.has(fd!)) return -errno.ENOENT;
      if (operation === EPOLL_CTL_DEL) interests.delete(fd!);
      else interests.set(fd!, { events: memory.u32(event!), data: memory.bytes(event! + 4, 8).slice() });
      return 0;
    },
  };
}

/**
 * Writes to an output. write(2), send(2)
 * @param raises whether an output that is closed raises `SIGPIPE`
 */
export function write(
  world: World,
  description: Description | undefined,
  bytes: Uint8Array,
  nonblocking: boolean,
  raises: boolean,
): number {
  if (description?.kind !== "sink") return -errno.EBADF;
  const { sink } = description;
  if (world.fault("interruptOutput")) return -errno.EINTR;
  for (let done = 0;;) {
    const taken = sink.take(bytes.subarray(done));
    if (taken === -errno.EPIPE && raises) world.raise("SIGPIPE");
    if (taken === -errno.EFBIG) world.raise("SIGXFSZ");
    if (taken > 0) done += taken;
    const full = taken === -errno.EAGAIN || (taken > 0 && done < bytes.length && sink.kind !== "file");
    if (!full || nonblocking || description.nonblocking) return done > 0 ? done : taken;
    const waited = world.block(Infinity, () => sink.writable);
    if (waited < 0) return done > 0 ? done : waited;
  }
}

function openFile({ descriptors, options, network }: World, path: string): number {
  const text = (content: string) =>
    descriptors.add({ kind: "text", text: new TextEncoder().encode(content), position: 0 }, 3);
  const hasIPv6 = network.interfaces.some(({ addresses }) => addresses.some((address) => address.includes(":")));
  if (path === "/proc/sys/net/ipv6/conf/all/disable_ipv6") return text(hasIPv6 ? "0\n" : "1\n");
  if (path === "/proc/net/if_inet6") return text(hasIPv6 ? "00000000000000000000000000000001 01 80 10 80 lo\n" : "");
  const number = /^\/proc\/self\/fd\/(\d+)$/.exec(path)?.[1];
  const description = number === undefined ? undefined : descriptors.get(Number(number));
  if (description === undefined) return -errno.ENOENT;
  if (description.kind !== "sink" || description.sink.kind === "socket") return -errno.ENXIO;
  if (!options.canReopen) return -errno.EACCES;
  return descriptors.add({ kind: "sink", sink: description.sink, nonblocking: true }, 3);
}

/** poll(2), until a time; a fault of this kind interrupts it. */
function poll(world: World, at: number, count: number, deadline: number, fault: keyof FaultRates): number {
  const { memory, descriptors } = world;
  const entries = Array.from({ length: count }, (_, i) => ({
    fd: memory.i32(at + POLLFD_SIZE * i),
    wanted: memory.u16(at + POLLFD_SIZE * i + 4) | POLL_ERRORS,
    at: at + POLLFD_SIZE * i + 6,
  }));
  const holding = ({ fd, wanted }: { fd: number; wanted: number }) => fd < 0 ? 0 : descriptors.events(fd) & wanted;
  if (world.fault(fault)) return -errno.EINTR;
  const waited = world.block(deadline, () => entries.some((entry) => holding(entry) !== 0));
  if (waited === -errno.EINTR) return waited;
  for (const entry of entries) memory.setU16(entry.at, holding(entry));
  return entries.filter((entry) => holding(entry) !== 0).length;
}

/** epoll_wait(2), on a thread of its own. */
export async function waitForEvents(world: World, epoll: number, at: number, count: number): Promise<number> {
  const { descriptors, loop, memory } = world;
  const description = descriptors.get(epoll);
  if (description?.kind !== "epoll") return -1;
  const { interests } = description;
  const holding = (fd: number, events: number) =>
    events === 0 ? 0 : descriptors.events(fd) & (events & 0xffff | POLL_ERRORS);
  const ready = () => [...interests].filter(([fd, { events }]) => holding(fd, events) !== 0);
  await loop.wait(() => ready().length > 0);
  const reported = ready().slice(0, count);
  reported.forEach(([fd, interest], i) => {
    memory.setI32(at + EPOLL_EVENT_SIZE * i, holding(fd, interest.events));
    memory.bytes(at + EPOLL_EVENT_SIZE * i + 4, 8).set(interest.data);
    if ((interest.events & EPOLLONESHOT) !== 0) interest.events = 0;
  });
  return reported.length;
}
