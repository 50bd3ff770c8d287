"""A plain Python server with recvmsg and IP_PKTINFO, and a line per datagram."""

import socket
import sys

port = int(sys.argv[1]) if len(sys.argv) > 1 else 9000
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.setsockopt(socket.IPPROTO_IP, 8, 1)  # IP_PKTINFO, missing in this module
sock.bind(("0.0.0.0", port))

while True:
    data, ancdata, flags, peer = sock.recvmsg(65535, 1024)
    for level, kind, info in ancdata:
        if level == socket.IPPROTO_IP and kind == 8:
            local = socket.inet_ntoa(info[4:8])
            print(f"RECV: {peer[0]}:{peer[1]} -> {local}:{port} - [{data.decode()}]")
    sock.sendmsg([data], ancdata, 0, peer)
