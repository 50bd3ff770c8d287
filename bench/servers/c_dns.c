// The server that forwarders ask: it sends each query back as an answer without records.
#include "listen.h"

int main(int argc, char **argv) {
  int fd = listen_on(argc > 1 ? argv[1] : "53");
  static char message[65536];
  for (;;) {
    struct sockaddr_in6 peer;
    socklen_t size = sizeof peer;
    ssize_t bytes = recvfrom(fd, message, sizeof message, 0, (struct sockaddr *)&peer, &size);
    if (bytes < 12) continue;
    message[2] |= (char)0x80;  // QR, RFC 1035, 4.1.1
    sendto(fd, message, (size_t)bytes, 0, (struct sockaddr *)&peer, size);
  }
}
