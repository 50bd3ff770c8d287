// The textbook server: one datagram at a time by recvmsg and sendmsg, with the reply from the local address.
#include "listen.h"

int main(int argc, char **argv) {
  int fd = listen_on(argc > 1 ? argv[1] : "9000");
  static char payload[65536];
  char control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
  struct sockaddr_in6 peer;
  for (;;) {
    struct iovec part = {payload, sizeof payload};
    struct msghdr message = {&peer, sizeof peer, &part, 1, control, sizeof control, 0};
    ssize_t bytes = recvmsg(fd, &message, 0);
    if (bytes < 0) continue;
    part.iov_len = (size_t)bytes;
    reply_from_local_address(&message);
    sendmsg(fd, &message, 0);
  }
}
