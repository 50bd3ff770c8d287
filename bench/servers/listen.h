// Shared by the C servers: a socket on all addresses, IPv4 and IPv6, that receives the local address of each datagram.
#pragma once
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static int listen_on(const char *port) {
  struct sockaddr_in6 all = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)atoi(port))};
  int on = 1, off = 0, buffer = 4 << 20;
  int fd = socket(AF_INET6, SOCK_DGRAM, 0);
  setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  if (bind(fd, (struct sockaddr *)&all, sizeof all) != 0) {
    perror("bind");
    exit(1);
  }
  return fd;
}

// Turns the control message of a datagram into that of its reply. The local address becomes the source, and the routing
// table chooses the interface; only link-local addresses keep theirs.
static void reply_from_local_address(struct msghdr *message) {
  struct cmsghdr *control = CMSG_FIRSTHDR(message);
  if (control == NULL || control->cmsg_type != IPV6_PKTINFO) return;
  struct in6_pktinfo *info = (struct in6_pktinfo *)CMSG_DATA(control);
  if (!IN6_IS_ADDR_LINKLOCAL(&info->ipi6_addr)) info->ipi6_ifindex = 0;
}
