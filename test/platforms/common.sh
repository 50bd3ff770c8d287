# Sourced by the scripts of the platforms. It leaves a temporary folder in $work and removes it at the end.

name=$(basename "$0" .sh)
repository=$(realpath ../..)
export PATH="$repository/node_modules/.bin:$PATH:/usr/sbin:/sbin"

# skip REASON: ends the script with success.
skip() {
  echo "$name: skipped, $1"
  exit 0
}

# require TOOL...: skips the platform unless the tools are there, the user is root, and the machine is x86-64.
require() {
  [ "$(id -u)" = 0 ] || skip "needs root"
  [ "$(uname -m)" = x86_64 ] || skip "needs an x86-64 machine"
  for tool in "$@"; do command -v "$tool" > /dev/null || skip "needs $tool"; done
}

# debian_root OPTION...: makes a Debian root with mmdebstrap. Skips the platform if the mirror is out of reach.
debian_root() {
  mmdebstrap --quiet --mode=root --dpkgopt=force-unsafe-io "$@" > "$work/log" 2>&1 && return
  cat "$work/log" >&2
  if grep -qE 'Could not (resolve|connect)|Unable to connect|Temporary failure' "$work/log"; then
    skip "needs a Debian mirror"
  fi
  exit 1
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
