"""A second client, simpler than client.c and on Python's sockets: one connected socket, one datagram at a time. Usage:
client.py ADDRESS PORT SIZE... It prints some of the counters of client.c, as JSON."""

import json
import random
import socket
import sys

address, port, sizes = sys.argv[1], sys.argv[2], [int(size) for size in sys.argv[3:]]
family, kind, protocol, _, target = socket.getaddrinfo(address, port, type=socket.SOCK_DGRAM)[0]
counters = {"sent": 0, "received": 0, "mismatched": 0, "missing": 0}
with socket.socket(family, kind, protocol) as client:
    client.settimeout(10)
    client.connect(target)
    for size in sizes:
        payload = random.Random(size).randbytes(size)
        client.send(payload)
        counters["sent"] += 1
        try:
            counters["received" if client.recv(65536) == payload else "mismatched"] += 1
        except TimeoutError:
            counters["missing"] += 1
print(json.dumps(counters))
