/*
 * Sends UDP datagrams with forged headers through a raw socket (CAP_NET_RAW):
 * any source address and any source port, 0 included. A source with a prefix
 * length gets random bits after the prefix, new ones for each datagram.
 * Prints {"sent":N,"errors":{...}}.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_PAYLOAD 65000

static const char usage[] =
    "usage: forge [options] DESTINATION PORT {SOURCE[/PREFIX] SOURCE-PORT}...\n"
    "  The source port \"random\" is a new one for each datagram, from 1024 up.\n"
    "  --payload HEX      the payload                       (default: empty)\n"
    "  --size N           a payload of N times 'x'\n"
    "  --count N          datagrams from each source        (default: 1)\n"
    "  --seed N           seed of the random parts          (default: 1)\n"
    "  --gap US           pause after each datagram         (default: none)\n"
    "  --interface NAME   send through this interface\n";

static uint64_t seed = 1, errors[256];
static uint8_t packet[MAX_PAYLOAD + 128];

static void fail(const char *what) {
    fprintf(stderr, "forge: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* splitmix64: https://prng.di.unimi.it/splitmix64.c */
static uint64_t mix(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

/* The Internet checksum (RFC 1071), not yet complemented nor folded. */
static uint64_t add(uint64_t sum, const void *data, size_t size) {
    const uint8_t *bytes = data;
    for (size_t i = 0; i + 1 < size; i += 2) sum += (unsigned)(bytes[i] << 8 | bytes[i + 1]);
    if (size & 1) sum += (unsigned)bytes[size - 1] << 8;
    return sum;
}

static uint16_t fold(uint64_t sum) {
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    return htons((uint16_t)~sum);
}

struct source {
    uint8_t address[16];
    unsigned prefix; /* bits of the address that are given */
    int random_port;
    uint16_t port;
};

static int family;
static unsigned address_bytes, ip_bytes;

static void parse_address(char *text, uint8_t *into) {
    if (inet_pton(family, text, into) == 1) return;
    fprintf(stderr, "forge: %s: all addresses have to be of one family\n", text);
    exit(2);
}

static struct source parse_source(char *address, const char *port) {
    struct source source = {.random_port = strcmp(port, "random") == 0, .port = (uint16_t)atoi(port)};
    char *slash = strchr(address, '/');
    if (slash) *slash = 0;
    source.prefix = slash ? (unsigned)atoi(slash + 1) : 8 * address_bytes;
    parse_address(address, source.address);
    return source;
}

/* Fills in the random parts of a source. */
static void vary(struct source *source) {
    uint64_t bits[2] = {mix(&seed), mix(&seed)};
    for (unsigned bit = source->prefix; bit < 8 * address_bytes; bit++) {
        uint8_t mask = (uint8_t)(0x80 >> bit % 8), random = ((uint8_t *)bits)[bit / 8];
        source->address[bit / 8] = (uint8_t)((source->address[bit / 8] & ~mask) | (random & mask));
    }
    if (source->random_port) source->port = (uint16_t)(1024 + mix(&seed) % (65536 - 1024));
}

/* Writes the headers in front of the payload. */
static void write_headers(const struct source *source, const uint8_t *destination, uint16_t port, unsigned size) {
    struct udphdr *udp = (struct udphdr *)(packet + ip_bytes);
    unsigned udp_bytes = (unsigned)sizeof *udp + size;
    *udp = (struct udphdr){.source = htons(source->port), .dest = htons(port), .len = htons((uint16_t)udp_bytes)};
    uint64_t sum = add(IPPROTO_UDP + udp_bytes, source->address, address_bytes);
    udp->check = fold(add(add(sum, destination, address_bytes), udp, udp_bytes));
    if (udp->check == 0) udp->check = 0xffff; /* 0 means "no checksum" */
    if (family == AF_INET6) {
        struct ip6_hdr *ip = (struct ip6_hdr *)packet;
        *ip = (struct ip6_hdr){0};
        ip->ip6_vfc = 6 << 4;
        ip->ip6_plen = htons((uint16_t)udp_bytes);
        ip->ip6_nxt = IPPROTO_UDP;
        ip->ip6_hlim = 64;
        memcpy(&ip->ip6_src, source->address, 16);
        memcpy(&ip->ip6_dst, destination, 16);
    } else {
        /* The kernel fills in length, identification and checksum. */
        struct iphdr *ip = (struct iphdr *)packet;
        *ip = (struct iphdr){.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP};
        memcpy(&ip->saddr, source->address, 4);
        memcpy(&ip->daddr, destination, 4);
    }
}

int main(int argc, char **argv) {
    uint64_t count = 1, gap_us = 0, sent = 0;
    const char *hex = "", *interface = NULL;
    unsigned size = 0;
    static const struct option options[] = {
        {"payload", 1, 0, 'p'}, {"size", 1, 0, 's'}, {"count", 1, 0, 'c'},     {"seed", 1, 0, 'r'},
        {"gap", 1, 0, 'g'},     {"interface", 1, 0, 'i'}, {0, 0, 0, 0},
    };
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case 'p': hex = optarg; break;
        case 's': size = (unsigned)strtoul(optarg, NULL, 10); break;
        case 'c': count = strtoull(optarg, NULL, 10); break;
        case 'r': seed = strtoull(optarg, NULL, 10); break;
        case 'g': gap_us = strtoull(optarg, NULL, 10); break;
        case 'i': interface = optarg; break;
        default: fputs(usage, stderr); return 2;
        }
    }
    int words = argc - optind;
    if (words < 4 || words % 2 != 0 || size > MAX_PAYLOAD || strlen(hex) / 2 > MAX_PAYLOAD) {
        fputs(usage, stderr);
        return 2;
    }
    family = strchr(argv[optind], ':') ? AF_INET6 : AF_INET;
    address_bytes = family == AF_INET6 ? 16 : 4;
    ip_bytes = family == AF_INET6 ? sizeof(struct ip6_hdr) : sizeof(struct iphdr);
    uint8_t destination[16];
    parse_address(argv[optind], destination);
    uint16_t port = (uint16_t)atoi(argv[optind + 1]);

    uint8_t *payload = packet + ip_bytes + sizeof(struct udphdr);
    if (size) memset(payload, 'x', size);
    else
        for (size = 0; size < strlen(hex) / 2; size++) {
            unsigned byte;
            if (sscanf(hex + 2 * size, "%2x", &byte) != 1) fail("bad --payload");
            payload[size] = (uint8_t)byte;
        }

    /* On a raw socket of protocol IPPROTO_RAW, the sender writes the IP header; see raw(7). */
    int fd = socket(family, SOCK_RAW, IPPROTO_RAW), on = 1;
    if (fd < 0) fail("raw socket");
    setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
    if (interface && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface, (socklen_t)strlen(interface)) < 0)
        fail("SO_BINDTODEVICE");

    union {
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } to = {0};
    if (family == AF_INET6) {
        to.v6.sin6_family = AF_INET6;
        memcpy(&to.v6.sin6_addr, destination, 16);
        if (interface) to.v6.sin6_scope_id = if_nametoindex(interface);
    } else {
        to.v4.sin_family = AF_INET;
        memcpy(&to.v4.sin_addr, destination, 4);
    }
    socklen_t length = family == AF_INET6 ? sizeof to.v6 : sizeof to.v4;
    size_t bytes = ip_bytes + sizeof(struct udphdr) + size;

    for (int i = optind + 2; i < argc; i += 2) {
        struct source source = parse_source(argv[i], argv[i + 1]);
        for (uint64_t n = 0; n < count; n++) {
            vary(&source);
            write_headers(&source, destination, port, size);
            if (sendto(fd, packet, bytes, 0, (struct sockaddr *)&to, length) < 0) errors[errno & 255]++;
            else sent++;
            if (gap_us) usleep((useconds_t)gap_us);
        }
    }

    printf("{\"sent\":%llu,\"errors\":{", (unsigned long long)sent);
    const char *comma = "";
    for (int error = 0; error < 256; error++) {
        if (errors[error] == 0) continue;
        const char *name = strerrorname_np(error);
        printf("%s\"%s\":%llu", comma, name ? name : "unknown", (unsigned long long)errors[error]);
        comma = ",";
    }
    puts("}}");
    return 0;
}
