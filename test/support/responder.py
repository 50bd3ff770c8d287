"""A UDP service that answers every datagram. Usage: responder.py KIND ADDRESS PORT, where KIND is one of

    echo     the same bytes (RFC 862)
    chargen  a line of characters (RFC 864)
    dns      the question with the bits of a response "format error", also to a response (RFC 1035)
    twice    the same bytes, two times

It prints "ready" when it receives, and runs until it is killed."""

import socket
import sys

LINE = bytes(range(0x20, 0x7F)) + b"\r\n"


def answers(kind: str, question: bytes) -> list[bytes]:
    if kind == "chargen":
        return [LINE]
    if kind == "dns":
        return [question[:2] + b"\x80\x01" + question[4:] if len(question) >= 4 else b"\0\0\x80\x01"]
    return [question] * (2 if kind == "twice" else 1)


kind, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
family = socket.AF_INET6 if ":" in address else socket.AF_INET
with socket.socket(family, socket.SOCK_DGRAM) as service:
    service.bind((address, port))
    print("ready", flush=True)
    while True:
        question, peer = service.recvfrom(65536)
        for answer in answers(kind, question):
            try:
                service.sendto(answer, peer)
            except OSError:
                pass
