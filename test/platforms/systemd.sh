#!/usr/bin/env bash
# The units under a real systemd, on both runtimes: a Debian root, booted in a container by its own systemd-nspawn. Neither
# the machine's systemd nor its network takes part.
set -euo pipefail
cd "$(dirname "$0")"
. ./common.sh
require mmdebstrap
root=$work/root

debian_root --variant=minbase --include=systemd-sysv,systemd-container,dbus,python3-minimal,iproute2 bookworm "$root"

install -D -t "$root/usr/local/bin" "$(realpath "$(command -v deno)")"
install "$(realpath "$(command -v bun)")" "$root/usr/local/bin/bun"
install -D -m 644 -t "$root/usr/local/lib" "$repository/echo.ts"
install -D -m 644 -t "$root/check" "$repository"/systemd/* systemd_client.py
install -t "$root/check" systemd_check.sh

# The checks start when the boot is complete, and end the container.
cat > "$root/etc/systemd/system/check.service" <<'END'
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/bash -c 'cd /check; (./systemd_check.sh deno && ./systemd_check.sh bun && echo passed) > log 2>&1'
ExecStopPost=systemctl poweroff --no-block
TimeoutStartSec=240
END
mkdir -p "$root/etc/systemd/system/graphical.target.wants"
ln -s ../check.service "$root/etc/systemd/system/graphical.target.wants/"

libraries=$root/lib/x86_64-linux-gnu
timeout 300 "$root/lib64/ld-linux-x86-64.so.2" --library-path "$libraries:$libraries/systemd:$root/lib/systemd" \
  "$root/usr/bin/systemd-nspawn" --quiet --boot --directory="$root" --machine="echo-test-$$" --private-network \
  --register=no --keep-unit < /dev/null > "$work/console" 2>&1 || true

# Without a log, the console shows why.
cat "$root/check/log" || cat "$work/console"
tail -n 1 "$root/check/log" | grep -qx passed
