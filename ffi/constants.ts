/**
 * The kernel's constants, under the kernel's names, with the values of x86-64 and aarch64.
 * `test/ffi/layouts_test.ts` compares each with the C compiler's.
 * @module
 */

// Address families. <bits/socket.h>, socket(2)
export const AF_UNSPEC = 0;
export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_NETLINK = 16;

// Socket types and their flags. <bits/socket_type.h>, socket(2)
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_CLOEXEC = 0o2000000;

// Levels of options and control messages. <bits/socket.h>, <netinet/in.h>
export const SOL_SOCKET = 1;
export const IPPROTO_IP = 0;
export const IPPROTO_UDP = 17;
export const IPPROTO_IPV6 = 41;

// Options of any socket. <asm-generic/socket.h>, socket(7)
export const SO_REUSEADDR = 2;
export const SO_TYPE = 3;
export const SO_BROADCAST = 6;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_REUSEPORT = 15;
export const SO_RCVTIMEO = 20;
export const SO_BINDTODEVICE = 25;
export const SO_ATTACH_FILTER = 26;
export const SO_SNDBUFFORCE = 32;
export const SO_RCVBUFFORCE = 33;
export const SO_TIMESTAMPING = 37;
export const SO_DOMAIN = 39;
export const SO_ATTACH_REUSEPORT_CBPF = 51;
export const SO_MEMINFO = 55;
export const SO_BINDTOIFINDEX = 62;

// Indexes in the `__u32[]` of `SO_MEMINFO`: bytes in the send buffer, its size, datagrams dropped on reception.
// <linux/sock_diag.h>
export const SK_MEMINFO_RMEM_ALLOC = 0;
export const SK_MEMINFO_RCVBUF = 1;
export const SK_MEMINFO_WMEM_ALLOC = 2;
export const SK_MEMINFO_SNDBUF = 3;
export const SK_MEMINFO_DROPS = 8;
/** Number of values that `SO_MEMINFO` returns. <linux/sock_diag.h> */
export const SK_MEMINFO_VARS = 9;

// Flags of SO_TIMESTAMPING, and its control message. <linux/net_tstamp.h>,
// Documentation/networking/timestamping.rst
export const SCM_TIMESTAMPING = SO_TIMESTAMPING;
export const SOF_TIMESTAMPING_TX_SOFTWARE = 0x2;
export const SOF_TIMESTAMPING_RX_SOFTWARE = 0x8;
export const SOF_TIMESTAMPING_SOFTWARE = 0x10;
export const SOF_TIMESTAMPING_OPT_ID = 0x80;
export const SOF_TIMESTAMPING_OPT_TSONLY = 0x800;

// Options and control messages of IPv4. <linux/in.h>, ip(7)
export const IP_TOS = 1;
export const IP_TTL = 2;
export const IP_PKTINFO = 8;
export const IP_MTU_DISCOVER = 10;
export const IP_PMTUDISC_DONT = 0;
export const IP_PMTUDISC_PROBE = 3;
export const IP_RECVERR = 11;
export const IP_RECVTTL = 12;
export const IP_RECVTOS = 13;
export const IP_MTU = 14;
export const IP_FREEBIND = 15;
export const IP_RECVFRAGSIZE = 25;
export const IP_MULTICAST_IF = 32;
export const IP_MULTICAST_TTL = 33;
export const IP_MULTICAST_LOOP = 34;
export const IP_MULTICAST_ALL = 49;
export const IP_UNICAST_IF = 50;

// Options and control messages of IPv6. <linux/in6.h>, ipv6(7), RFC 3542
export const IPV6_UNICAST_HOPS = 16;
export const IPV6_MULTICAST_IF = 17;
export const IPV6_MULTICAST_HOPS = 18;
export const IPV6_MULTICAST_LOOP = 19;
export const IPV6_MTU_DISCOVER = 23;
export const IPV6_MTU = 24;
export const IPV6_RECVERR = 25;
export const IPV6_V6ONLY = 26;
export const IPV6_RECVPKTINFO = 49;
export const IPV6_PKTINFO = 50;
export const IPV6_RECVHOPLIMIT = 51;
export const IPV6_HOPLIMIT = 52;
export const IPV6_RECVTCLASS = 66;
export const IPV6_TCLASS = 67;
export const IPV6_UNICAST_IF = 76;
export const IPV6_RECVFRAGSIZE = 77;
export const IPV6_FREEBIND = 78;

// Multicast groups of both families. <linux/in.h>, RFC 3678
export const MCAST_JOIN_GROUP = 42;
export const MCAST_LEAVE_GROUP = 45;
export const MCAST_JOIN_SOURCE_GROUP = 46;
export const MCAST_LEAVE_SOURCE_GROUP = 47;

// Options and control messages of UDP. <linux/udp.h>, udp(7)
export const UDP_CORK = 1;
export const UDP_SEGMENT = 103;
export const UDP_GRO = 104;

/** Most segments in one message with `UDP_SEGMENT`; newer kernels take 128. include/linux/udp.h */
export const UDP_MAX_SEGMENTS = 64;

// Flags of recvmsg and sendmsg. <bits/socket.h>, recvmsg(2), sendmsg(2)
export const MSG_CTRUNC = 0x8;
export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;
export const MSG_ERRQUEUE = 0x2000;
export const MSG_NOSIGNAL = 0x4000;
export const MSG_WAITFORONE = 0x10000;

// Events of poll. <asm-generic/poll.h>, poll(2)
export const POLLIN = 0x1;
export const POLLOUT = 0x4;
export const POLLERR = 0x8;
export const POLLRDHUP = 0x2000;

// Origins of entries in the error queue. <linux/errqueue.h>, ip(7)
export const SO_EE_ORIGIN_ICMP = 2;
export const SO_EE_ORIGIN_ICMP6 = 3;
export const SO_EE_ORIGIN_TIMESTAMPING = 4;

// Operations and events of epoll. <sys/epoll.h>, epoll_ctl(2)
export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;
export const EPOLL_CLOEXEC = 0o2000000;
export const EPOLLIN = 0x1;
export const EPOLLOUT = 0x4;
export const EPOLLONESHOT = 0x4000_0000;

/** <sys/eventfd.h>, eventfd(2) */
export const EFD_CLOEXEC = 0o2000000;

// Questions to the routing table. <linux/netlink.h>, <linux/rtnetlink.h>, rtnetlink(7)
export const NLM_F_REQUEST = 1;
export const NLM_F_DUMP = 0x300;
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
export const IFA_ADDRESS = 1;
export const IFA_LOCAL = 2;
export const RTM_NEWADDR = 20;
export const RTM_GETADDR = 22;
export const RTM_NEWROUTE = 24;
export const RTM_GETROUTE = 26;
export const RTA_DST = 1;
export const RTA_OIF = 4;
export const RTN_LOCAL = 2;

// Socket filters: classic BPF. <linux/bpf_common.h>, <linux/filter.h>, Documentation/networking/filter.rst
export const BPF_LD = 0x00;
export const BPF_W = 0x00;
export const BPF_ABS = 0x20;
export const BPF_ALU = 0x04;
export const BPF_ADD = 0x00;
export const BPF_MUL = 0x20;
export const BPF_RSH = 0x70;
export const BPF_JMP = 0x05;
export const BPF_JEQ = 0x10;
export const BPF_RET = 0x06;
export const BPF_K = 0x00;
export const BPF_X = 0x08;
export const BPF_A = 0x10;
export const BPF_MISC = 0x07;
export const BPF_TAX = 0x00;
/** Offset of the network header in a load. */
export const SKF_NET_OFF = -0x100000;
/** Offset of the kernel's own data on the packet in a load. */
export const SKF_AD_OFF = -0x1000;
/** Protocol of the packet: {@link ETH_P_IPV6}. */
export const SKF_AD_PROTOCOL = 0;
/** <linux/if_ether.h> */
export const ETH_P_IPV6 = 0x86dd;
/** Index of the device that the packet came by. */
export const SKF_AD_IFINDEX = 8;

// Clocks. <linux/time.h>, clock_gettime(2)
export const CLOCK_REALTIME = 0;
export const CLOCK_MONOTONIC = 1;
export const CLOCK_THREAD_CPUTIME_ID = 3;

// Files. <asm-generic/fcntl.h>, open(2), fcntl(2), lseek(2)
export const O_RDONLY = 0;
export const O_WRONLY = 0o1;
export const O_NOCTTY = 0o400;
export const O_NONBLOCK = 0o4000;
export const O_CLOEXEC = 0o2000000;
export const FD_CLOEXEC = 1;
export const F_SETFD = 2;
export const F_GETFL = 3;
export const F_SETFL = 4;
export const F_DUPFD_CLOEXEC = 1030;
export const SEEK_CUR = 1;

/** Asks a terminal for its size. <asm-generic/ioctls.h>, ioctl_tty(2) */
export const TIOCGWINSZ = 0x5413;
/** Asks a terminal which device it really is. <asm-generic/ioctls.h>, ioctl_tty(2) */
export const TIOCGDEV = 0x80045432;

/** Bytes that one write to a pipe takes whole or not at all. <linux/limits.h>, pipe(7) */
export const PIPE_BUF = 4096;

// Name resolution. <netdb.h>, getaddrinfo(3)
export const EAI_NONAME = -2;
export const EAI_AGAIN = -3;

// Memory that processes share. <bits/mman-linux.h>, <bits/mman-shared.h>, mmap(2), memfd_create(2)
export const PROT_READ = 0x1;
export const PROT_WRITE = 0x2;
export const MAP_SHARED = 0x01;
export const MAP_FIXED = 0x10;
export const MFD_CLOEXEC = 0x1;

// Processes. <linux/prctl.h>, <bits/waitflags.h>, prctl(2), waitpid(2)
export const PR_SET_PDEATHSIG = 1;
export const PR_SET_NAME = 15;
export const WNOHANG = 1;

// Signals. <asm-generic/signal.h>, signal(7)
export const SIGHUP = 1;
export const SIGKILL = 9;
export const SIGUSR1 = 10;
export const SIGPIPE = 13;
export const SIGTERM = 15;
export const SIGXFSZ = 25;

/** The disposition that ignores a signal. <asm-generic/signal-defs.h>, sigaction(2) */
export const SIG_IGN = 1;

// Error numbers. <asm-generic/errno.h>, errno(3)
export const EPERM = 1;
export const ENOENT = 2;
export const EINTR = 4;
export const EIO = 5;
export const EBADF = 9;
export const EAGAIN = 11;
export const EACCES = 13;
export const EINVAL = 22;
export const EMFILE = 24;
export const ESPIPE = 29;
export const EPIPE = 32;
export const ENOTSOCK = 88;
export const EDESTADDRREQ = 89;
export const EMSGSIZE = 90;
export const ENOPROTOOPT = 92;
export const EOPNOTSUPP = 95;
export const EAFNOSUPPORT = 97;
export const EADDRINUSE = 98;
export const EADDRNOTAVAIL = 99;
export const ENETUNREACH = 101;
export const ENOBUFS = 105;
export const EISCONN = 106;
export const ESHUTDOWN = 108;
export const ECONNREFUSED = 111;
export const EHOSTUNREACH = 113;
