// Batches: up to 64 datagrams per recvmmsg, and their replies in one sendmmsg.
#include "listen.h"

enum { BATCH = 64, BYTES = 65536 };

static struct mmsghdr messages[BATCH];
static struct iovec parts[BATCH];
static struct sockaddr_in6 peers[BATCH];
static char controls[BATCH][CMSG_SPACE(sizeof(struct in6_pktinfo))];
static char payloads[BATCH][BYTES];

int main(int argc, char **argv) {
  int fd = listen_on(argc > 1 ? argv[1] : "9000");
  int used = BATCH;
  for (;;) {
    for (int i = 0; i < used; i++) {
      parts[i] = (struct iovec){payloads[i], BYTES};
      messages[i].msg_hdr = (struct msghdr){&peers[i], sizeof peers[i], &parts[i], 1, controls[i], sizeof controls[i], 0};
    }
    used = recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, NULL);
    for (int i = 0; i < used; i++) {
      parts[i].iov_len = messages[i].msg_len;
      reply_from_local_address(&messages[i].msg_hdr);
    }
    for (int i = 0; i < used;) {
      int sent = sendmmsg(fd, messages + i, (unsigned)(used - i), 0);
      i += sent > 0 ? sent : 1;  // the call ends at a message that can't be sent: skip it
    }
  }
}
