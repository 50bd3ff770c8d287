// The load generator: puts load on a UDP echo server, and reports one JSON object.
//
//   load window      --to ADDR:PORT --in-flight N   closed loop: N datagrams are always in flight
//   load rate        --to ADDR:PORT --rate N        open loop: N datagrams per second, at fixed times
//   load source      --to ADDR:PORT                 the source address of the first echo
//   load first-echo  --to ADDR:PORT -- COMMAND...   the time from exec of a server to its first echo
//
// Every reply is verified: its sequence number, length, content, and source. The processor time of the server (--pid)
// is read from the kernel at both ends of the measured interval.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "flight.h"
#include "histogram.h"

enum {
  BATCH = 64,                        // messages per system call
  TRAIN_MAX = 64,                    // UDP_MAX_SEGMENTS of older kernels, <linux/udp.h>
  DATAGRAM_MAX = 65507,              // the largest payload over IPv4
  MESSAGE_MAX = 65536,
  SEQUENCE_BYTES = 8,
  SOCKET_BUFFER = 4 << 20,           // bytes
  STALL_S = 3,                       // the measurement ends after this time without an echo
  FIRST_ECHO_S = 10,
  ASK_AGAIN_NS = 200 * 1000,         // interval of the datagrams to a server that starts up
};

static struct {
  struct sockaddr_in to, from;
  uint64_t in_flight, bytes, sockets, train, datagrams, rate;
  double seconds, warmup;
  pid_t pid;
  int cpu;
  bool unconnected;
} option = {.in_flight = 64, .bytes = 64, .sockets = 1, .train = 1, .rate = 10000, .seconds = 1, .cpu = -1};

static struct flight flight;
static struct histogram round_trip;
static uint64_t corrupt, wrong_source, refused, late_sends;
static int sockets[65536];
static char filling[DATAGRAM_MAX];

static void fail(const char *what) {
  fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
  exit(1);
}

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

// Processor time of all threads of the server, including those that ended, in nanoseconds: clock_getcpuclockid(3). It
// is exact; /proc/PID/stat counts ticks of 10 ms.
static uint64_t server_cpu(void) {
  clockid_t clock;
  struct timespec t;
  if (option.pid == 0 || clock_getcpuclockid(option.pid, &clock) != 0 || clock_gettime(clock, &t) != 0) return 0;
  return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

// ---- payloads --------------------------------------------------------------------------------------------------

// A payload has its sequence number, as eight printable characters, at both ends, and text between them. Text, because
// some servers crash on other bytes; both ends, so that a mix-up shows. The text never changes: a buffer that is sent
// again needs new ends only.
static void write_sequence(char *to, uint64_t sequence) {
  for (int i = 0; i < SEQUENCE_BYTES; i++) to[i] = (char)('0' + (sequence >> (6 * i) & 63));
}

static uint64_t read_sequence(const char *from) {
  uint64_t sequence = 0;
  for (int i = 0; i < SEQUENCE_BYTES; i++) sequence |= (uint64_t)((from[i] - '0') & 63) << (6 * i);
  return sequence;
}

static void write_payload(char *payload, uint64_t sequence) {
  write_sequence(payload, sequence);
  write_sequence(payload + option.bytes - SEQUENCE_BYTES, sequence);
}

// Returns the sequence number, or UINT64_MAX for a payload that was never sent.
static uint64_t read_payload(const char *payload, size_t bytes) {
  if (bytes != option.bytes) return UINT64_MAX;
  uint64_t sequence = read_sequence(payload);
  bool same = sequence == read_sequence(payload + bytes - SEQUENCE_BYTES) &&
              memcmp(payload + SEQUENCE_BYTES, filling, bytes - 2 * SEQUENCE_BYTES) == 0;
  return same ? sequence : UINT64_MAX;
}

// Sequence numbers go round robin over the sockets: each is expected on one socket only.
static uint64_t settle(const char *payload, size_t bytes, uint64_t socket) {
  uint64_t sequence = read_payload(payload, bytes);
  if (sequence % option.sockets == socket && flight_answered(&flight, sequence)) return sequence;
  corrupt++;
  return UINT64_MAX;
}

// ---- sockets ---------------------------------------------------------------------------------------------------

static void set_buffer(int fd, int forced, int ordinary) {
  int bytes = SOCKET_BUFFER;
  if (setsockopt(fd, SOL_SOCKET, forced, &bytes, sizeof bytes) != 0) {
    setsockopt(fd, SOL_SOCKET, ordinary, &bytes, sizeof bytes);
  }
}

static int open_socket(void) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF);
  set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF);
  struct timeval patience = {.tv_usec = 20000};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (option.train > 1) {
    int on = 1;
    if (setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof on) != 0) fail("UDP_GRO");
  }
  if (option.from.sin_family && bind(fd, (void *)&option.from, sizeof option.from) != 0) fail("bind");
  if (!option.unconnected && connect(fd, (void *)&option.to, sizeof option.to) != 0) fail("connect");
  return fd;
}

static bool from_server(const struct sockaddr_in *from) {
  return from->sin_addr.s_addr == option.to.sin_addr.s_addr && from->sin_port == option.to.sin_port;
}

// ---- one socket: a batch of messages per call, each a datagram or a train -----------------------------------------

static struct mmsghdr out[BATCH], in[BATCH];
static struct iovec out_part[BATCH], in_part[BATCH];
static struct sockaddr_in in_name[BATCH];
static char out_payload[BATCH][MESSAGE_MAX], in_payload[BATCH][MESSAGE_MAX];
static char out_control[CMSG_SPACE(sizeof(uint16_t))], in_control[BATCH][CMSG_SPACE(sizeof(int))];

static void prepare_batches(void) {
  struct cmsghdr *segment = (void *)out_control;
  *segment = (struct cmsghdr){CMSG_LEN(sizeof(uint16_t)), SOL_UDP, UDP_SEGMENT};
  memcpy(CMSG_DATA(segment), &(uint16_t){(uint16_t)option.bytes}, sizeof(uint16_t));
  for (int i = 0; i < BATCH; i++) {
    for (uint64_t k = 0; k < option.train; k++) {
      memcpy(out_payload[i] + k * option.bytes + SEQUENCE_BYTES, filling, option.bytes - 2 * SEQUENCE_BYTES);
    }
    out_part[i] = (struct iovec){out_payload[i], option.train * option.bytes};
    out[i].msg_hdr = (struct msghdr){.msg_iov = &out_part[i], .msg_iovlen = 1};
    if (option.train > 1) out[i].msg_hdr.msg_control = out_control, out[i].msg_hdr.msg_controllen = sizeof out_control;
    if (option.unconnected) out[i].msg_hdr.msg_name = &option.to, out[i].msg_hdr.msg_namelen = sizeof option.to;
    in_part[i] = (struct iovec){in_payload[i], MESSAGE_MAX};
    in[i].msg_hdr = (struct msghdr){.msg_name = &in_name[i], .msg_iov = &in_part[i], .msg_iovlen = 1};
  }
}

static void send_batches(void) {
  while (flight.in_flight + option.train <= option.in_flight && flight_has_room(&flight, BATCH * option.train)) {
    uint64_t count = (option.in_flight - flight.in_flight) / option.train;
    if (count > BATCH) count = BATCH;
    uint64_t sequence = flight.next;
    for (uint64_t i = 0; i < count; i++) {
      for (uint64_t k = 0; k < option.train; k++) write_payload(out_payload[i] + k * option.bytes, sequence++);
    }
    int sent = sendmmsg(sockets[0], out, (unsigned)count, MSG_DONTWAIT);
    if (sent < 0 && errno == ECONNREFUSED) refused++;
    if (sent <= 0) return;
    for (uint64_t i = 0; i < (uint64_t)sent * option.train; i++) flight_sent(&flight);
  }
}

static size_t segment_size(struct msghdr *message, size_t bytes) {
  struct cmsghdr *control = CMSG_FIRSTHDR(message);
  int size = 0;
  if (control && control->cmsg_level == SOL_UDP && control->cmsg_type == UDP_GRO) {
    memcpy(&size, CMSG_DATA(control), sizeof size);
  }
  return size > 0 ? (size_t)size : bytes;
}

static void receive_batch(void) {
  for (int i = 0; i < BATCH; i++) {
    in[i].msg_hdr.msg_namelen = option.unconnected ? sizeof in_name[i] : 0;
    in[i].msg_hdr.msg_control = option.train > 1 ? in_control[i] : NULL;
    in[i].msg_hdr.msg_controllen = option.train > 1 ? sizeof in_control[i] : 0;
  }
  int count = recvmmsg(sockets[0], in, BATCH, MSG_WAITFORONE, NULL);
  if (count < 0 && errno == ECONNREFUSED) refused++;
  for (int i = 0; i < count; i++) {
    size_t bytes = in[i].msg_len, size = segment_size(&in[i].msg_hdr, bytes);
    if (bytes == 0) {
      corrupt++;
      continue;
    }
    if (option.unconnected && !from_server(&in_name[i])) wrong_source += (bytes + size - 1) / size;
    for (size_t at = 0; at < bytes; at += size) {
      settle(in_payload[i] + at, size < bytes - at ? size : bytes - at, 0);
    }
  }
}

// ---- many sockets: one datagram per call, the sockets in turn ------------------------------------------------------

static int epoll;

static void open_many(void) {
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  epoll = epoll_create1(EPOLL_CLOEXEC);
  for (uint64_t i = 0; i < option.sockets; i++) {
    if (i > 0) sockets[i] = open_socket();
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = i};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, sockets[i], &event) != 0) fail("epoll_ctl");
  }
}

static void send_round_robin(void) {
  while (flight.in_flight < option.in_flight && flight_has_room(&flight, 1)) {
    write_payload(out_payload[0], flight.next);
    ssize_t sent = sendto(sockets[flight.next % option.sockets], out_payload[0], option.bytes, MSG_DONTWAIT,
                          option.unconnected ? (void *)&option.to : NULL, option.unconnected ? sizeof option.to : 0);
    if (sent < 0 && errno == ECONNREFUSED) refused++;
    if (sent < 0) return;
    flight_sent(&flight);
  }
}

static void receive_many(void) {
  struct epoll_event ready[BATCH];
  int count = epoll_wait(epoll, ready, BATCH, 20);
  for (int i = 0; i < count; i++) {
    struct sockaddr_in from = {0};
    socklen_t length = sizeof from;
    ssize_t bytes = recvfrom(sockets[ready[i].data.u64], in_payload[0], MESSAGE_MAX, MSG_DONTWAIT, (void *)&from, &length);
    if (bytes < 0 && errno == ECONNREFUSED) refused++;
    if (bytes < 0) continue;
    if (!from_server(&from)) wrong_source++;
    settle(in_payload[0], (size_t)bytes, ready[i].data.u64);
  }
}

// ---- the closed loop -----------------------------------------------------------------------------------------------

struct reading {
  uint64_t time_ns, server_cpu_ns;
  struct tally tally;
};

static struct reading take_reading(void) {
  return (struct reading){.time_ns = now(), .server_cpu_ns = server_cpu(), .tally = flight.tally};
}

static void print_counts(const struct reading *from, const struct reading *to) {
  double seconds = (double)(to->time_ns - from->time_ns) / 1e9;
  uint64_t answered = to->tally.answered - from->tally.answered;
  printf("\"seconds\":%.6f,\"sent\":%" PRIu64 ",\"answered\":%" PRIu64 ",\"lost\":%" PRIu64, seconds,
         to->tally.sent - from->tally.sent, answered, to->tally.lost);
  printf(",\"late\":%" PRIu64 ",\"duplicate\":%" PRIu64 ",\"corrupt\":%" PRIu64, to->tally.late, to->tally.duplicate, corrupt);
  printf(",\"wrong_source\":%" PRIu64 ",\"refused\":%" PRIu64, wrong_source, refused);
  printf(",\"rate\":%.1f,\"server_cpu_seconds\":%.9f", (double)answered / seconds,
         (double)(to->server_cpu_ns - from->server_cpu_ns) / 1e9);
}

// Waits for the datagrams in flight before the sockets are closed. Otherwise the server would get ICMP errors, and some
// servers end on those.
static void drain(void (*receive)(void)) {
  uint64_t end = now() + 3 * GIVE_UP_NS;
  while (flight.in_flight > 0 && now() < end) {
    receive();
    flight_give_up(&flight, now());
  }
}

static void window(void) {
  bool many = option.sockets > 1;
  void (*send)(void) = many ? send_round_robin : send_batches;
  void (*receive)(void) = many ? receive_many : receive_batch;
  if (many) open_many();
  flight.reorder = 4 * option.in_flight + 1024;

  uint64_t begin = now() + (uint64_t)(option.warmup * 1e9), end = 0;
  uint64_t alive_ns = now(), answered_before = 0;
  struct reading first = {0};
  for (uint64_t t = now();; t = now()) {
    if (end == 0 && t >= begin) {
      first = take_reading();
      end = option.datagrams ? UINT64_MAX : t + (uint64_t)(option.seconds * 1e9);
    }
    if (end != 0 && (t >= end || (option.datagrams && flight.tally.answered - first.tally.answered >= option.datagrams))) break;
    if (flight.tally.answered != answered_before) answered_before = flight.tally.answered, alive_ns = t;
    if (t - alive_ns > STALL_S * UINT64_C(1000000000)) break;
    send();
    receive();
    flight_give_up(&flight, t);
  }
  struct reading last = take_reading();
  drain(receive);
  last.tally.lost = flight.tally.lost;
  printf("{");
  print_counts(&first, &last);
  printf("}\n");
}

// ---- the open loop -------------------------------------------------------------------------------------------------

// A round-trip time starts when the datagram is due, not when it is sent: a server that delays the generator can't hide
// the delay of the datagrams that had to wait.
static void rate(void) {
  uint64_t interval = 1000000000 / option.rate;
  uint64_t unrecorded = (uint64_t)(option.warmup * 1e9) / interval;
  uint64_t total = unrecorded + (uint64_t)(option.seconds * 1e9) / interval;
  flight.reorder = option.rate;
  uint64_t begin = now() + interval;
  struct reading first = take_reading();
  while (flight.next < total || flight.in_flight > 0) {
    uint64_t t = now();
    uint64_t due = begin + flight.next * interval;
    if (flight.next < total && t >= due) {
      if (flight.next == unrecorded) first = take_reading();
      write_payload(out_payload[0], flight.next);
      if (flight.next >= unrecorded && t - due > 20000) late_sends++;
      if (send(sockets[0], out_payload[0], option.bytes, MSG_DONTWAIT) < 0 && errno == ECONNREFUSED) refused++;
      flight_sent(&flight);
    }
    ssize_t bytes = recv(sockets[0], in_payload[0], MESSAGE_MAX, MSG_DONTWAIT);
    if (bytes >= 0) {
      uint64_t sequence = settle(in_payload[0], (size_t)bytes, 0);
      if (sequence != UINT64_MAX && sequence >= unrecorded) histogram_add(&round_trip, now() - (begin + sequence * interval));
    }
    flight_give_up(&flight, t);
  }
  struct reading last = take_reading();
  printf("{");
  print_counts(&first, &last);
  printf(",\"late_sends\":%" PRIu64 ",\"max_ns\":%" PRIu64 ",\"histogram\":", late_sends, round_trip.max_ns);
  histogram_print(&round_trip);
  printf("}\n");
}

// ---- the first echo ------------------------------------------------------------------------------------------------

// Sends a datagram every `again_ns` until an echo comes. Returns false if none comes within `seconds`.
static bool ask_until_answered(uint64_t again_ns, double seconds, struct sockaddr_in *from) {
  struct timespec patience = {.tv_nsec = (long)again_ns};
  struct pollfd readable = {.fd = sockets[0], .events = POLLIN};
  for (uint64_t end = now() + (uint64_t)(seconds * 1e9); now() < end;) {
    write_payload(out_payload[0], flight.next);
    ssize_t sent = sendto(sockets[0], out_payload[0], option.bytes, MSG_DONTWAIT,
                          option.unconnected ? (void *)&option.to : NULL, option.unconnected ? sizeof option.to : 0);
    if (sent >= 0) flight_sent(&flight);
    ppoll(&readable, 1, &patience, NULL);
    socklen_t length = sizeof *from;
    ssize_t bytes = recvfrom(sockets[0], in_payload[0], MESSAGE_MAX, MSG_DONTWAIT, (void *)from, &length);
    if (bytes >= 0 && settle(in_payload[0], (size_t)bytes, 0) != UINT64_MAX) return true;
    // A refusal makes the socket readable at once. Without this pause the client would slow down the server.
    if (bytes < 0 && errno == ECONNREFUSED) nanosleep(&patience, NULL);
  }
  return false;
}

static void source(void) {
  struct sockaddr_in from = {0};
  char name[INET_ADDRSTRLEN];
  if (!ask_until_answered(5 * 1000 * 1000, option.seconds, &from)) {
    printf("{\"answered\":0}\n");
    return;
  }
  drain(receive_batch);
  inet_ntop(AF_INET, &from.sin_addr, name, sizeof name);
  printf("{\"answered\":1,\"from\":\"%s:%d\"}\n", name, ntohs(from.sin_port));
}

static void first_echo(char **command) {
  uint64_t begin = now();
  pid_t server = fork();
  if (server < 0) fail("fork");
  if (server == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr)) _exit(126);
    execvp(command[0], command);
    _exit(127);
  }
  struct sockaddr_in from = {0};
  bool answered = ask_until_answered(ASK_AGAIN_NS, FIRST_ECHO_S, &from);
  uint64_t end = now();
  drain(receive_batch);
  kill(server, SIGTERM);
  for (int i = 0; waitpid(server, NULL, WNOHANG) == 0; i++) {
    if (i == 1000) kill(server, SIGKILL);
    nanosleep(&(struct timespec){.tv_nsec = 1000 * 1000}, NULL);
  }
  printf("{\"answered\":%d,\"seconds\":%.9f}\n", answered, (double)(end - begin) / 1e9);
}

// ---- the command line ----------------------------------------------------------------------------------------------

static void usage(void) {
  fprintf(stderr, "usage: load window|rate|source|first-echo --to ADDR:PORT [--in-flight N] [--bytes N] [--sockets N]\n"
                  "  [--train N] [--datagrams N] [--rate N] [--seconds S] [--warmup S] [--pid PID] [--cpu N]\n"
                  "  [--from ADDR] [--unconnected] [-- COMMAND...]\n");
  exit(2);
}

static void read_address(char *text) {
  char *colon = strrchr(text, ':');
  if (!colon) usage();
  *colon = 0;
  option.to.sin_family = AF_INET;
  option.to.sin_port = htons((uint16_t)atoi(colon + 1));
  if (inet_pton(AF_INET, text, &option.to.sin_addr) != 1) usage();
}

static void read_options(int argc, char **argv) {
  static const struct option names[] = {
      {"to", 1, 0, 't'},       {"in-flight", 1, 0, 'w'}, {"bytes", 1, 0, 'b'},  {"sockets", 1, 0, 'n'},
      {"train", 1, 0, 'g'},    {"datagrams", 1, 0, 'd'}, {"rate", 1, 0, 'r'},   {"seconds", 1, 0, 's'},
      {"warmup", 1, 0, 'u'},   {"pid", 1, 0, 'p'},       {"cpu", 1, 0, 'c'},    {"unconnected", 0, 0, 'U'},
      {"from", 1, 0, 'f'},     {0}};
  for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;) {
    uint64_t number = optarg ? strtoull(optarg, NULL, 10) : 0;
    switch (c) {
      case 't': read_address(optarg); break;
      case 'w': option.in_flight = number; break;
      case 'b': option.bytes = number; break;
      case 'n': option.sockets = number; break;
      case 'g': option.train = number; break;
      case 'd': option.datagrams = number; break;
      case 'r': option.rate = number; break;
      case 's': option.seconds = strtod(optarg, NULL); break;
      case 'u': option.warmup = strtod(optarg, NULL); break;
      case 'p': option.pid = (pid_t)number; break;
      case 'c': option.cpu = (int)number; break;
      case 'U': option.unconnected = true; break;
      case 'f':
        option.from.sin_family = AF_INET;
        if (inet_pton(AF_INET, optarg, &option.from.sin_addr) != 1) usage();
        break;
      default: usage();
    }
  }
  bool sizes = option.bytes >= 2 * SEQUENCE_BYTES && option.train >= 1 && option.train <= TRAIN_MAX &&
               option.train * option.bytes <= DATAGRAM_MAX;
  bool counts = option.sockets >= 1 && option.sockets <= sizeof sockets / sizeof *sockets && option.rate >= 1 &&
                option.in_flight >= option.train && (option.sockets == 1 || option.train == 1);
  if (!option.to.sin_port || !sizes || !counts) usage();
}

int main(int argc, char **argv) {
  if (argc < 2) usage();
  const char *mode = argv[1];
  read_options(argc - 1, argv + 1);
  char **command = argv + 1 + optind;
  if (option.cpu >= 0) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)option.cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0) fail("sched_setaffinity");
  }
  srandom(1);
  for (size_t i = 0; i < sizeof filling; i++) filling[i] = (char)('a' + random() % 26);
  sockets[0] = open_socket();
  prepare_batches();
  if (strcmp(mode, "window") == 0) window();
  else if (strcmp(mode, "rate") == 0) rate();
  else if (strcmp(mode, "source") == 0) source();
  else if (strcmp(mode, "first-echo") == 0 && *command) first_echo(command);
  else usage();
}
