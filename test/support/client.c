/*
 * A UDP client that checks an echo server. It sends datagrams from connected
 * sockets, so the kernel discards every answer from another address or port
 * than the one asked, and compares the answers byte for byte. It prints one
 * JSON object:
 *
 *   sent        datagrams sent
 *   received    answers that equal a datagram still waiting for its answer
 *   missing     datagrams without an answer within the timeout
 *   late        answers that equal one of the last of the missing
 *   mismatched  answers that equal none: altered, cut, or duplicate; standard error shows the first
 *   errors      errors of send() and recv(), by name; one from recv() counts
 *               for the oldest datagram then waiting
 *   local       address and port of the first socket
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_PAYLOAD 65536
#define MAX_ITEMS 4096
#define LATE_MAX 64
#define RECEIVE_BUFFER (8 << 20)

static const char usage[] =
    "usage: client [options] ADDRESS PORT\n"
    "  --sizes LIST       payload sizes in turn, e.g. 0,1,64 or 0-1472 for a random one of that range\n"
    "  --payload HEX      a payload of exactly these bytes (repeatable; instead of --sizes)\n"
    "  --count N          datagrams from each socket          (default: one of each size or payload)\n"
    "  --duration MS      send for this long                  (default: until --count are sent)\n"
    "  --until-eof        send until standard input ends\n"
    "  --seed N           seed of random sizes and contents   (default: 1)\n"
    "  --sockets N        number of sockets                   (default: 1)\n"
    "  --window N         datagrams in flight on each socket  (default: 1)\n"
    "  --timeout MS       how long to wait for an answer      (default: 2000)\n"
    "  --linger MS        wait this long after the last one for answers too many (default: 0)\n"
    "  --gap US           pause between rounds of sending     (default: none)\n"
    "  --source ADDRESS   bind to this local address\n"
    "  --source-port PORT bind to this local port\n"
    "  --interface NAME   bind to this interface; the one that multicasts leave by\n"
    "  --unconnected      take answers from any address\n";

struct item { /* one entry of --sizes or --payload */
    uint8_t *payload;
    unsigned low, high;
};

struct flight { /* a datagram that waits for its answer */
    uint64_t sequence;
    uint64_t sent_at;
    unsigned size;
};

struct client {
    int fd;
    uint64_t next;
    unsigned waiting;
    struct flight *flights;
    unsigned given_up; /* of the ring that follows, ever */
    struct flight missed[LATE_MAX];
};

static struct item items[MAX_ITEMS];
static unsigned item_count;
static uint64_t seed = 1, count, timeout_ns = 2000000000, duration_ns, linger_ms, gap_us;
static unsigned sockets = 1, window = 1;
static uint64_t sent, received, mismatched, missing, late, errors[256];
static const struct sockaddr *destination; /* NULL when the sockets are connected */
static socklen_t destination_length;
static uint8_t expected[MAX_PAYLOAD], answer[MAX_PAYLOAD];

static void fail(const char *what) {
    fprintf(stderr, "client: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* splitmix64: https://prng.di.unimi.it/splitmix64.c */
static uint64_t mix(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static uint64_t random_state(unsigned socket, uint64_t sequence) {
    uint64_t state = seed;
    state = mix(&state) ^ socket;
    return mix(&state) ^ sequence;
}

static unsigned size_of(unsigned socket, uint64_t sequence) {
    const struct item *item = &items[sequence % item_count];
    uint64_t state = ~random_state(socket, sequence);
    return item->low + (unsigned)(mix(&state) % (item->high - item->low + 1));
}

/* The payload is a function of seed, socket and sequence number: none needs to be kept. */
static void payload_of(unsigned socket, uint64_t sequence, unsigned size, uint8_t *into) {
    const struct item *item = &items[sequence % item_count];
    if (item->payload) {
        memcpy(into, item->payload, size);
        return;
    }
    uint64_t state = random_state(socket, sequence);
    for (unsigned i = 0; i < size; i += 8) {
        uint64_t word = mix(&state);
        memcpy(into + i, &word, size - i < 8 ? size - i : 8);
    }
}

static void count_error(int error) {
    errors[error & 255]++;
}

static int input_ended(void) {
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    return poll(&input, 1, 0) > 0;
}

static void forget(struct client *c, unsigned index) {
    memmove(&c->flights[index], &c->flights[index + 1], (--c->waiting - index) * sizeof *c->flights);
}

static int send_next(struct client *c, unsigned socket) {
    unsigned size = size_of(socket, c->next);
    payload_of(socket, c->next, size, expected);
    /* Twice, because the first error may be that of an earlier datagram. */
    for (int attempt = 0; attempt < 2; attempt++) {
        if (sendto(c->fd, expected, size, 0, destination, destination_length) >= 0) {
            c->flights[c->waiting++] = (struct flight){.sequence = c->next++, .sent_at = now(), .size = size};
            sent++;
            return 1;
        }
        count_error(errno);
    }
    c->next++;
    return 0;
}

/* Which of these datagrams the answer equals, or -1. */
static int find(const struct flight *flights, unsigned flight_count, unsigned socket, size_t size) {
    for (unsigned i = 0; i < flight_count; i++) {
        if (flights[i].size != size) continue;
        payload_of(socket, flights[i].sequence, flights[i].size, expected);
        if (memcmp(expected, answer, size) == 0) return (int)i;
    }
    return -1;
}

static void receive_all(struct client *c, unsigned socket) {
    unsigned failed = 0;
    for (;;) {
        ssize_t size = recv(c->fd, answer, sizeof answer, MSG_DONTWAIT | MSG_TRUNC);
        if (size < 0) {
            if (errno == EAGAIN) break;
            if (errno == EINTR) continue;
            count_error(errno);
            failed++;
            continue;
        }
        unsigned missed = c->given_up < LATE_MAX ? c->given_up : LATE_MAX;
        int i;
        if ((i = find(c->flights, c->waiting, socket, (size_t)size)) >= 0) {
            received++;
            forget(c, (unsigned)i);
        } else if ((i = find(c->missed, missed, socket, (size_t)size)) >= 0) {
            late++;
            c->missed[i].size = UINT32_MAX; /* found once only */
        } else if (mismatched++ == 0) {
            fprintf(stderr, "client: an answer of %zd bytes equals no datagram sent:", size);
            for (i = 0; i < size && i < 64; i++) fprintf(stderr, " %02x", answer[i]);
            fputc('\n', stderr);
        }
    }
    /* Only now, because an error overtakes answers that came before it. */
    for (; failed > 0 && c->waiting > 0; failed--) forget(c, 0);
}

static void parse_sizes(char *list) {
    for (char *entry = strtok(list, ","); entry; entry = strtok(NULL, ",")) {
        struct item *item = &items[item_count++];
        char *end;
        item->low = item->high = (unsigned)strtoul(entry, &end, 10);
        if (*end == '-') item->high = (unsigned)strtoul(end + 1, &end, 10);
        if (*end || item->high < item->low || item->high > MAX_PAYLOAD || item_count == MAX_ITEMS) {
            fprintf(stderr, "client: bad --sizes\n");
            exit(2);
        }
    }
}

static void parse_payload(const char *hex) {
    struct item *item = &items[item_count++];
    item->low = item->high = (unsigned)strlen(hex) / 2;
    item->payload = malloc(item->low + 1);
    for (unsigned i = 0; i < item->low; i++) {
        unsigned byte;
        if (sscanf(hex + 2 * i, "%2x", &byte) != 1 || item_count == MAX_ITEMS) {
            fprintf(stderr, "client: bad --payload\n");
            exit(2);
        }
        item->payload[i] = (uint8_t)byte;
    }
}

/* Reads an address in digits, with a zone where one belongs to it. */
static struct addrinfo *numeric(const char *address, const char *port, int family) {
    struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *found;
    int error = getaddrinfo(address, port, &hints, &found);
    if (error) {
        fprintf(stderr, "client: %s port %s: %s\n", address ? address : "any", port, gai_strerror(error));
        exit(2);
    }
    return found;
}

int main(int argc, char **argv) {
    const char *source = NULL, *source_port = "0", *interface = NULL;
    int unconnected = 0, until_eof = 0;
    static const struct option options[] = {
        {"sizes", 1, 0, 's'},  {"payload", 1, 0, 'p'}, {"count", 1, 0, 'c'},       {"duration", 1, 0, 'd'},
        {"seed", 1, 0, 'r'},   {"sockets", 1, 0, 'n'}, {"window", 1, 0, 'w'},      {"timeout", 1, 0, 't'},
        {"gap", 1, 0, 'g'},    {"source", 1, 0, 'a'},  {"source-port", 1, 0, 'b'}, {"interface", 1, 0, 'i'},
        {"linger", 1, 0, 'l'}, {"unconnected", 0, 0, 'u'}, {"until-eof", 0, 0, 'e'},  {0, 0, 0, 0},
    };
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case 's': parse_sizes(optarg); break;
        case 'p': parse_payload(optarg); break;
        case 'c': count = strtoull(optarg, NULL, 10); break;
        case 'd': duration_ns = strtoull(optarg, NULL, 10) * 1000000; break;
        case 'r': seed = strtoull(optarg, NULL, 10); break;
        case 'n': sockets = (unsigned)strtoul(optarg, NULL, 10); break;
        case 'w': window = (unsigned)strtoul(optarg, NULL, 10); break;
        case 't': timeout_ns = strtoull(optarg, NULL, 10) * 1000000; break;
        case 'g': gap_us = strtoull(optarg, NULL, 10); break;
        case 'l': linger_ms = strtoul(optarg, NULL, 10); break;
        case 'a': source = optarg; break;
        case 'b': source_port = optarg; break;
        case 'i': interface = optarg; break;
        case 'u': unconnected = 1; break;
        case 'e': until_eof = 1; break;
        default: fputs(usage, stderr); return 2;
        }
    }
    if (argc - optind != 2 || sockets < 1 || window < 1) {
        fputs(usage, stderr);
        return 2;
    }
    if (item_count == 0) items[item_count++] = (struct item){.low = 5, .high = 5};
    if (count == 0) count = duration_ns || until_eof ? UINT64_MAX : item_count;

    struct rlimit files = {.rlim_cur = sockets + 64, .rlim_max = sockets + 64};
    if (sockets > 900) setrlimit(RLIMIT_NOFILE, &files);

    struct addrinfo *to = numeric(argv[optind], argv[optind + 1], AF_UNSPEC);
    if (unconnected) {
        destination = to->ai_addr;
        destination_length = to->ai_addrlen;
    }
    struct client *clients = calloc(sockets, sizeof *clients);
    struct pollfd *polls = calloc(sockets, sizeof *polls);
    for (unsigned i = 0; i < sockets; i++) {
        int fd = socket(to->ai_family, SOCK_DGRAM, 0), on = 1, bytes = RECEIVE_BUFFER;
        if (fd < 0) fail("socket");
        /* The first needs a capability; the second obeys net.core.rmem_max. */
        if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0)
            setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
        setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
        if (interface) {
            struct ip_mreqn out = {.imr_ifindex = (int)if_nametoindex(interface)};
            if (out.imr_ifindex == 0) fail(interface);
            if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface, (socklen_t)strlen(interface)) < 0)
                fail("SO_BINDTODEVICE");
            if (to->ai_family == AF_INET) setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof out);
        }
        if (source || strcmp(source_port, "0") != 0) {
            const char *any = to->ai_family == AF_INET ? "0.0.0.0" : "::";
            struct addrinfo *from = numeric(source ? source : any, source_port, to->ai_family);
            if (bind(fd, from->ai_addr, from->ai_addrlen) < 0) fail("bind");
            freeaddrinfo(from);
        }
        if (!unconnected && connect(fd, to->ai_addr, to->ai_addrlen) < 0) fail("connect");
        clients[i] = (struct client){.fd = fd, .flights = calloc(window, sizeof(struct flight))};
        polls[i] = (struct pollfd){.fd = fd, .events = POLLIN};
    }
    uint64_t started = now();
    for (;;) {
        unsigned open = 0;
        uint64_t oldest = UINT64_MAX;
        int sending = (duration_ns == 0 || now() - started < duration_ns) && !(until_eof && input_ended());
        for (unsigned i = 0; i < sockets; i++) {
            struct client *c = &clients[i];
            while (sending && c->waiting < window && c->next < count)
                if (!send_next(c, i)) break;
            if (c->waiting > 0 && c->flights[0].sent_at < oldest) oldest = c->flights[0].sent_at;
            if (c->waiting > 0 || (sending && c->next < count)) open++;
        }
        if (open == 0) break;
        if (gap_us) usleep((useconds_t)gap_us);
        if (oldest == UINT64_MAX) usleep(1000); /* nothing could be sent */
        if (oldest != UINT64_MAX) {
            uint64_t waited = now() - oldest;
            int patience = waited >= timeout_ns ? 0 : (int)((timeout_ns - waited) / 1000000 + 1);
            if (poll(polls, sockets, patience) < 0 && errno != EINTR) fail("poll");
            for (unsigned i = 0; i < sockets; i++)
                if (polls[i].revents) receive_all(&clients[i], i);
        }
        uint64_t t = now();
        for (unsigned i = 0; i < sockets; i++) {
            struct client *c = &clients[i];
            while (c->waiting > 0 && t - c->flights[0].sent_at >= timeout_ns) {
                missing++;
                c->missed[c->given_up++ % LATE_MAX] = c->flights[0];
                forget(c, 0);
            }
        }
    }

    if (linger_ms) {
        usleep((useconds_t)linger_ms * 1000);
        for (unsigned i = 0; i < sockets; i++) receive_all(&clients[i], i);
    }

    char host[128], port[16];
    struct sockaddr_storage local;
    socklen_t length = sizeof local;
    getsockname(clients[0].fd, (struct sockaddr *)&local, &length);
    getnameinfo((struct sockaddr *)&local, length, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);

    printf("{\"sent\":%llu,\"received\":%llu,\"mismatched\":%llu,\"missing\":%llu,\"late\":%llu,\"errors\":{",
           (unsigned long long)sent, (unsigned long long)received, (unsigned long long)mismatched,
           (unsigned long long)missing, (unsigned long long)late);
    const char *comma = "";
    for (int error = 0; error < 256; error++) {
        if (errors[error] == 0) continue;
        const char *name = strerrorname_np(error);
        printf("%s\"%s\":%llu", comma, name ? name : "unknown", (unsigned long long)errors[error]);
        comma = ",";
    }
    printf(strchr(host, ':') ? "},\"local\":\"[%s]:%s\"}\n" : "},\"local\":\"%s:%s\"}\n", host, port);
    return 0;
}
