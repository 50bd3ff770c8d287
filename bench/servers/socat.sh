#!/bin/sh
# socat: a process per peer, which ends after two seconds without a datagram.
exec socat -T 2 "UDP-LISTEN:$1,fork,reuseaddr" PIPE
