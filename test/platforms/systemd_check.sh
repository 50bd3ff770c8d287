#!/usr/bin/env bash
# Checks the units under the running systemd with one runtime: systemd_check.sh deno|bun. systemd.sh runs it in a container.
set -eEuo pipefail
runtime=$1
units=/etc/systemd/system
trap 'echo "failed at line $LINENO: $BASH_COMMAND"; systemctl status echo.service; journalctl --no-pager --unit=echo.service' ERR

ok() { echo "ok $runtime: $*"; }

# ask [COUNT]: sends datagrams to three local addresses, and fails unless each comes back.
ask() { python3 /check/systemd_client.py "${1:-1}"; }

# until_true SECONDS COMMAND...: waits until the command succeeds.
until_true() {
  local end=$((SECONDS + $1))
  shift
  until "$@" > /dev/null 2>&1; do
    ((SECONDS < end)) || return 1
    sleep 0.05
  done
}

listening() { ss --no-header --udp --listening --numeric 'sport = :7' | grep -q ':7'; }
main_pid() { systemctl show --property=MainPID --value echo.service; }
running() { [ "$(main_pid)" != 0 ] && listening; }
# Bytes of the receive buffer, from skmem:(r0,rb8388608,...).
receive_buffer() { ss --no-header --udp --listening --memory 'sport = :7' | sed -n 's/.*,rb\([0-9]*\),.*/\1/p'; }

# override NAME LINE...: adds lines to echo.service, or removes them if there are none.
override() {
  local file=$units/echo.service.d/$1.conf
  shift
  mkdir -p "$units/echo.service.d"
  if [ $# -eq 0 ]; then rm "$file"; else printf '%s\n' "[Service]" "$@" > "$file"; fi
  systemctl daemon-reload
}

rm -rf "$units"/echo.*
cp /check/echo.service /check/echo.socket "$units/"
bun_command() { sed -n 's/^# With Bun: //p' "$1"; }
if [ "$runtime" = bun ]; then override a-bun "ExecStart=" "$(bun_command /check/echo.service)"; fi
ip link set lo up
systemctl daemon-reload

systemctl enable --quiet --now echo.service
until_true 10 running
ask 10
[ "$(readlink "/proc/$(main_pid)/exe")" = "/usr/local/bin/$runtime" ]
ok "the service answers on port 7"

systemctl kill --signal=SIGUSR2 echo.service
until_true 10 sh -c 'journalctl --no-pager --unit=echo.service --boot | grep -E "received +30$"'
ok "the counts are in the journal"

killed=$(main_pid)
kill -KILL "$killed"
restarted() { [ "$(main_pid)" != "$killed" ] && running; }
until_true 10 restarted
ask
ok "a killed server is started again"

override c-watchdog "WatchdogSec=3"
systemctl restart echo.service
hanging=$(main_pid)
kill -STOP "$hanging"
replaced() { [ "$(main_pid)" != "$hanging" ] && running; }
until_true 20 replaced
ask
override c-watchdog
systemctl restart echo.service
ok "the watchdog replaces a server that hangs"

systemctl stop echo.service
[ "$(systemctl show --property=ExecMainStatus --value echo.service)" = 0 ]
ok "it stops with code 0"

override b-missing "ExecStart=" "ExecStart=/usr/local/bin/missing"
if systemctl start echo.service 2> /dev/null; then false; fi
systemctl stop echo.service
override b-missing
ok "without its runtime, systemctl start fails"

# Longer than systemd would try by default: five times in ten seconds.
python3 -c 'import socket, time; s = socket.socket(socket.AF_INET6, 2); s.bind(("::", 7)); time.sleep(8)' &
until_true 10 listening
# The first try fails, which systemctl reports; systemd goes on.
if systemctl start echo.service 2> /dev/null; then false; fi
wait $!
until_true 10 running
ask
systemctl stop echo.service
ok "it starts once the port is free, however long that takes"

mkdir -p "$units/echo.service.d"
cp /check/socket-activation.conf "$units/echo.service.d/"
if [ "$runtime" = bun ]; then override z-bun "ExecStart=" "$(bun_command /check/socket-activation.conf)"; fi
# More than the server itself asks for.
sed -i 's/^ReceiveBuffer=.*/ReceiveBuffer=16M/' "$units/echo.socket"
systemctl daemon-reload
systemctl disable --quiet echo.service
systemctl enable --quiet --now echo.socket
granted=$(receive_buffer)
ask
running
grep -q 'CapEff:.*0000000000000000' "/proc/$(main_pid)/status"
ok "a datagram to the socket starts the service, which has no capability"

[ "$(receive_buffer)" -ge "$granted" ] || { echo "receive buffer: $granted became $(receive_buffer)"; false; }
ok "the receive buffer of the socket unit stays: $granted bytes"

ask 20 &
systemctl restart echo.service
wait $!
ok "no datagram gets lost while it is started again"

systemctl disable --quiet --now echo.socket
systemctl stop echo.service
