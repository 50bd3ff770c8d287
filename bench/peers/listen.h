// What the C peers share: a socket on all addresses, IPv4 and IPv6, that learns where each datagram was sent to.
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

// Makes the control message that came with a datagram the one its reply needs: the same address as the source, and
// the way left to the routing table, except for link-local addresses, which mean nothing without their interface.
static void answer_from_there(struct msghdr *message) {
  struct cmsghdr *control = CMSG_FIRSTHDR(message);
  if (control == NULL || control->cmsg_type != IPV6_PKTINFO) return;
  struct in6_pktinfo *info = (struct in6_pktinfo *)CMSG_DATA(control);
  if (!IN6_IS_ADDR_LINKLOCAL(&info->ipi6_addr)) info->ipi6_ifindex = 0;
}
