// Batches and trains: UDP_GRO and UDP_SEGMENT pass a train of datagrams as one message.
#include "listen.h"

enum { BATCH = 64, BYTES = 65536 };

static struct mmsghdr messages[BATCH];
static struct iovec parts[BATCH];
static struct sockaddr_in6 peers[BATCH];
static char controls[BATCH][CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int))];
static char payloads[BATCH][BYTES];

// Makes a reply to a train a train of the same segment size: an int in UDP_GRO, a uint16_t in UDP_SEGMENT.
static void reply_as_train(struct msghdr *message) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
    if (c->cmsg_level != SOL_UDP || c->cmsg_type != UDP_GRO) continue;
    int size;
    memcpy(&size, CMSG_DATA(c), sizeof size);
    c->cmsg_type = UDP_SEGMENT;
    c->cmsg_len = CMSG_LEN(sizeof(uint16_t));
    memcpy(CMSG_DATA(c), &(uint16_t){(uint16_t)size}, sizeof(uint16_t));
  }
}

int main(int argc, char **argv) {
  int fd = listen_on(argc > 1 ? argv[1] : "9000");
  int on = 1, used = BATCH;
  setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof on);
  for (;;) {
    for (int i = 0; i < used; i++) {
      parts[i] = (struct iovec){payloads[i], BYTES};
      messages[i].msg_hdr = (struct msghdr){&peers[i], sizeof peers[i], &parts[i], 1, controls[i], sizeof controls[i], 0};
    }
    used = recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, NULL);
    for (int i = 0; i < used; i++) {
      parts[i].iov_len = messages[i].msg_len;
      reply_from_local_address(&messages[i].msg_hdr);
      reply_as_train(&messages[i].msg_hdr);
    }
    for (int i = 0; i < used;) {
      int sent = sendmmsg(fd, messages + i, (unsigned)(used - i), 0);
      i += sent > 0 ? sent : 1;  // the call ends at a message that can't be sent: skip it
    }
  }
}
