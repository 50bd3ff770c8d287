#!/usr/bin/env bash
# The container image: built from scratch, and run without privileges on a read-only root file system. No registry, no
# network but the loopback device of this host, and a store of images that is removed at the end.
set -euo pipefail
cd "$(dirname "$0")"
. ./common.sh
require buildah podman runc python3

# The kernel of this machine may lack overlay file systems, and the nesting of namespaces.
export CONTAINERS_STORAGE_CONF=$work/storage.conf BUILDAH_ISOLATION=chroot
cat > "$CONTAINERS_STORAGE_CONF" << END
[storage]
driver = "vfs"
graphroot = "$work/images"
runroot = "$work/run"
END
podman() { command podman --runtime runc "$@"; }

"$repository/deploy/build-image" echo-test > "$work/build" 2>&1 || { cat "$work/build"; exit 1; }
size=$(podman image inspect --format '{{.Size}}' echo-test)
echo "image: $((size / 1000000)) MB"
((size < 120000000))

# Nothing but the program, its runtime and libraries; the rest is what every container gets.
podman create --name "echo-test-$$-files" echo-test > /dev/null
podman export "echo-test-$$-files" | tar --list | grep -v '/$' | grep -vE '^(dev|etc|proc|run|sys)/' | sort > "$work/files"
podman rm "echo-test-$$-files" > /dev/null
grep -vE '^(deno|echo\.ts|lib(64)?/[^ ]*\.so[.0-9]*)$' "$work/files" && { echo "more than the image needs" >&2; exit 1; }
cat "$work/files"

limits="--ulimit nofile=1024:1024 --ulimit nproc=4096:4096"
# shellcheck disable=SC2086
podman run --name "echo-test-$$" --detach --network host --read-only --cap-drop all $limits \
  echo-test 9107 -q --metrics 9100 > /dev/null
trap 'podman rm --force "echo-test-$$" > /dev/null; rm -rf "$work"' EXIT

for address in 127.0.0.1 127.0.0.7; do
  python3 - "$address" << 'END'
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(1)
for _ in range(20):
  try:
    s.sendto(b"hello", (sys.argv[1], 9107))
    answer, source = s.recvfrom(100)
    assert (answer, source) == (b"hello", (sys.argv[1], 9107)), (answer, source)
    break
  except (TimeoutError, ConnectionError):
    time.sleep(0.1)
else:
  sys.exit("no answer from " + sys.argv[1])
END
done
python3 -c 'import urllib.request; print(urllib.request.urlopen("http://127.0.0.1:9100/healthz").read().decode().strip())'
pid=$(podman inspect --format '{{.State.Pid}}' "echo-test-$$")
grep -q $'^Uid:\t65534\t65534' "/proc/$pid/status"
grep -q $'^CapEff:\t0*$' "/proc/$pid/status"
podman stop --time 10 "echo-test-$$" > /dev/null
[ "$(podman inspect --format '{{.State.ExitCode}}' "echo-test-$$")" = 0 ]
podman logs "echo-test-$$" 2>&1 | grep -q "stopped by SIGTERM"
echo "passed"
