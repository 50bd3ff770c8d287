"""Binds a socket as a service manager does, and becomes a command that inherits it.

Usage: inherit.py [options] COMMAND...; "{fd}" in the command stands for the descriptor.

    --family 4|6          IPv4, or IPv6 and IPv4   (default: 6)
    --kind KIND           udp, tcp, unix or file   (default: udp)
    --port N              bind to this port on all addresses; without it the socket is not bound
    --fd N                number of the descriptor
    --only-6              IPv6 only
    --pktinfo             enable IP_PKTINFO, as systemd's PassPacketInfo= does
    --nonblocking         make it nonblocking
    --receive-buffer N    give it a receive buffer of N bytes, beyond the system's limit
    --used                make it drop datagrams, and enable errors (IP_RECVERR) and broadcast
    --wait                become the command when a datagram is waiting"""

import argparse
import os
import select
import socket
import struct
import sys
import tempfile

IP_PKTINFO, IP_RECVERR, IPV6_RECVERR = 8, 11, 25  # <linux/in.h>, <linux/in6.h>
SO_RCVBUFFORCE, SO_MEMINFO = 33, 55  # <asm-generic/socket.h>
# More than the receive buffer takes, and fewer than the kernel's queue before it (net.core.netdev_max_backlog).
USED_DATAGRAMS = 800


def drops(udp):
    """Datagrams that the kernel dropped because the receive buffer was full: the last word, SK_MEMINFO_DROPS."""
    return struct.unpack("9I", udp.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, 36))[8]


parser = argparse.ArgumentParser()
parser.add_argument("--family", choices=["4", "6"], default="6")
parser.add_argument("--kind", choices=["udp", "tcp", "unix", "file"], default="udp")
parser.add_argument("--port", type=int)
parser.add_argument("--fd", type=int)
parser.add_argument("--only-6", action="store_true")
parser.add_argument("--pktinfo", action="store_true")
parser.add_argument("--nonblocking", action="store_true")
parser.add_argument("--receive-buffer", type=int)
parser.add_argument("--used", action="store_true")
parser.add_argument("--wait", action="store_true")
parser.add_argument("command", nargs=argparse.REMAINDER)
given = parser.parse_args()

if given.kind == "file":
    with tempfile.TemporaryFile() as file:
        fd = os.dup(file.fileno())
elif given.kind == "unix":
    fd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).detach()
else:
    family = socket.AF_INET if given.family == "4" else socket.AF_INET6
    bound = socket.socket(family, socket.SOCK_STREAM if given.kind == "tcp" else socket.SOCK_DGRAM)
    if given.family == "6":
        bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, given.only_6)
    if given.pktinfo:
        bound.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
    if given.port is not None:
        bound.bind(("0.0.0.0" if given.family == "4" else "::", given.port))
    bound.setblocking(not given.nonblocking)
    if given.receive_buffer:
        bound.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, given.receive_buffer)
    if given.used:
        bound.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
        if given.family == "6":
            bound.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            for _ in range(USED_DATAGRAMS):
                other.sendto(bytes(1000), ("127.0.0.1", given.port))
        # On a busy machine, some are still on their way when the socket is empty.
        received = 0
        while received + drops(bound) < USED_DATAGRAMS:
            if select.select([bound], [], [], 0.01)[0]:
                bound.recv(2000)
                received += 1
    if given.wait:
        print("waiting", file=sys.stderr, flush=True)
        select.select([bound], [], [])
    fd = bound.detach()

if given.fd is not None and given.fd != fd:
    os.dup2(fd, given.fd)
    os.close(fd)
    fd = given.fd
os.set_inheritable(fd, True)
command = [word.replace("{fd}", str(fd)) for word in given.command]
os.execvp(command[0], command)
