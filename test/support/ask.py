"""Asks a UDP server, and reports the answers and their sources. Usage: ask.py [options] ADDRESS PORT PAYLOAD

    --segment N       send the payload as a train of datagrams of N bytes (UDP_SEGMENT)
    --interface NAME  send through this interface
    --source ADDRESS  send from this address
    --answers N       wait for N answers, for at most ten seconds (default: 1)

The payload is hexadecimal. It prints a list of [address, port, payload] as JSON: all answers, also more than N."""

import argparse
import json
import socket
import struct
import time

SO_BINDTODEVICE, UDP_SEGMENT = 25, 103  # <asm-generic/socket.h>, <linux/udp.h>
PATIENCE_SECONDS = 10

parser = argparse.ArgumentParser()
parser.add_argument("--segment", type=int)
parser.add_argument("--interface")
parser.add_argument("--source")
parser.add_argument("--answers", type=int, default=1)
parser.add_argument("address")
parser.add_argument("port")
parser.add_argument("payload")
given = parser.parse_args()

family, kind, protocol, _, target = socket.getaddrinfo(given.address, given.port, type=socket.SOCK_DGRAM)[0]
with socket.socket(family, kind, protocol) as asking:
    asking.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    asking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    if given.interface:
        asking.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, given.interface.encode())
    if given.source:
        asking.bind((given.source, 0))
    control = [(socket.IPPROTO_UDP, UDP_SEGMENT, struct.pack("=H", given.segment))] if given.segment else []
    asking.sendmsg([bytes.fromhex(given.payload)], control, 0, target)
    answers = []
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        # Those beyond N are taken if they are there already. A timeout of 0 does not wait.
        asking.settimeout(max(0, end - time.monotonic()) if len(answers) < given.answers else 0)
        try:
            payload, peer = asking.recvfrom(65536)
        except (TimeoutError, BlockingIOError):
            break
        answers.append([peer[0], peer[1], payload.hex()])
print(json.dumps(answers))
