/** The layouts of structs and the kernel's constants, compared with what the C compiler says. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as constants from "../../ffi/constants.ts";
import { ERRNO_COUNT, errnoName } from "../../ffi/errno.ts";
import * as layouts from "../../ffi/layouts.ts";
import { noCompiler } from "../support/client.ts";
import { missing } from "../support/process.ts";
import { runC } from "../support/reference.ts";

// libc's headers come before the kernel's, which then leave out what libc has declared. Not <netinet/udp.h>: it and
// <linux/udp.h> declare the same struct. musl is looked at without the kernel's headers, for it brings none.
const LIBC_HEADERS = [
  ...["arpa/inet.h", "errno.h", "fcntl.h", "limits.h", "net/if.h", "netdb.h", "netinet/in.h", "poll.h", "signal.h"],
  ...["stddef.h", "stdio.h", "string.h", "sys/epoll.h", "sys/eventfd.h", "sys/ioctl.h", "sys/mman.h", "sys/prctl.h"],
  ...["sys/socket.h", "sys/time.h", "sys/uio.h", "sys/wait.h", "time.h", "unistd.h"],
];
const KERNEL_HEADERS = ["errqueue", "filter", "if_ether", "net_tstamp", "netlink", "rtnetlink", "sock_diag", "udp"];
const HEADERS = [...LIBC_HEADERS, ...KERNEL_HEADERS.map((name) => `linux/${name}.h`)];

/** Structs that only the kernel's headers declare. */
const KERNEL_STRUCTS = [
  "ifaddrmsg",
  "nlmsghdr",
  "rtattr",
  "rtmsg",
  "scm_timestamping",
  "sock_extended_err",
  "sock_filter",
  "sock_fprog",
];

/** Constants that no header gives to programs; what the kernel does is asked instead, below. */
const WITHOUT_HEADER = ["UDP_MAX_SEGMENTS"];

const sizes: Expected[] = Object.entries(layouts).flatMap(([struct, layout]) =>
  Object.entries(layout).map(([member, value]) => ({ name: `${struct}.${member}`, value, text: inC(struct, member) }))
);
const values: Expected[] = Object.entries(constants)
  .filter(([name]) => !WITHOUT_HEADER.includes(name))
  .map(([name, value]) => ({ name, value, text: name }));

/** What a number of a layout is in C. */
function inC(struct: string, member: string): string {
  if (member === "size") return `sizeof(struct ${struct})`;
  if (member === "align") return "CMSG_ALIGN(1)";
  const path = struct === "mmsghdr" && member !== "msg_len" ? `msg_hdr.${member}` : member;
  return `offsetof(struct ${struct}, ${path})`;
}

/** The names of the error numbers; those without one name themselves. */
const errors: Expected[] = Array.from({ length: ERRNO_COUNT - 1 }, (_, i) => i + 1)
  .filter((errno) => errnoName(errno) !== `errno ${errno}`)
  .map((errno) => ({ name: errnoName(errno), value: errno, text: errnoName(errno) }));

/** A number of ours under a name, and what it is in C. */
interface Expected {
  name: string;
  value: number;
  text: string;
}

/** Asserts that each of these numbers is the value of its text in C. */
function compare(headers: string[], numbers: Expected[], compiler?: string): void {
  assert.deepEqual(
    runC(headers, numbers.map(print), compiler),
    numbers.map(({ name, value }) => `${name} = ${value}`),
  );
}

function print({ name, text }: Expected): string {
  return `printf("${name} = %lld\\n", (long long)(${text}));`;
}

describe("with glibc and the kernel's headers", { skip: noCompiler }, () => {
  test("layouts", () => {
    assert.ok(sizes.length > 40, `only ${sizes.length} numbers`);
    compare(HEADERS, sizes);
  });

  test("constants", () => {
    assert.ok(values.length > 60, `only ${values.length} constants`);
    compare(HEADERS, values);
  });

  test("names of the error numbers", () => {
    assert.equal(errors.length, 131);
    compare(HEADERS, errors);
  });

  test("UDP_MAX_SEGMENTS: the kernel takes a train of so many", () => {
    const printed = runC(HEADERS, [
      "struct sockaddr_in self = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};",
      "socklen_t length = sizeof self;",
      "int fd = socket(AF_INET, SOCK_DGRAM, 0), segment = 1, datagrams = 0;",
      "char bytes[1024] = {0};",
      "bind(fd, (struct sockaddr *)&self, length);",
      "getsockname(fd, (struct sockaddr *)&self, &length);",
      "connect(fd, (struct sockaddr *)&self, length);",
      "setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment);",
      `printf("%d\\n", (int)send(fd, bytes, ${constants.UDP_MAX_SEGMENTS}, 0));`,
      "while (recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) == 1) datagrams++;",
      'printf("%d\\n", datagrams);',
    ]);
    assert.deepEqual(printed, [`${constants.UDP_MAX_SEGMENTS}`, `${constants.UDP_MAX_SEGMENTS}`]);
  });
});

describe("with musl", { skip: missing("musl-gcc") }, () => {
  test("layouts", () => {
    const known = sizes.filter(({ name }) => !KERNEL_STRUCTS.includes(name.split(".")[0]!));
    compare(LIBC_HEADERS, known, "musl-gcc");
  });

  test("names of the error numbers", () => compare(LIBC_HEADERS, errors, "musl-gcc"));

  test("constants that it has", () => {
    const statements = values.map((value) => `#ifdef ${value.name}\n${print(value)}\n#endif`);
    const printed = runC([...LIBC_HEADERS, "netinet/udp.h"], statements, "musl-gcc");
    assert.ok(printed.length > 60, `only ${printed.length} constants`);
    const expected = values.map(({ name, value }) => `${name} = ${value}`);
    assert.deepEqual(printed.filter((line) => !expected.includes(line)), []);
  });
});
