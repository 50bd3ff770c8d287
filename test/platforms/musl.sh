#!/usr/bin/env bash
# The test suite on the musl build of Bun, with Debian's musl.
set -euo pipefail
cd "$(dirname "$0")"
. ./common.sh
require npm musl-gcc g++ nm readelf

# The version of the lock file.
cp "$repository"/{package.json,package-lock.json,.npmrc} "$work"
npm ci --silent --prefix "$work" --ignore-scripts --os=linux --cpu=x64 --libc=musl
mkdir "$work/bin"
ln -s "$work/node_modules/@oven/bun-linux-x64-musl/bin/bun" "$work/bin/bun"
bun=$(realpath "$work/bin/bun")

# Debian has no C++ library for musl. Link one from gcc's archives, with every symbol that Bun needs and musl lacks.
folder=/usr/lib/x86_64-linux-musl
nm --dynamic --defined-only "$folder/libc.so" | awk 'NF > 2 { print $3 }' | sort --unique > "$work/defined"
{
  nm --dynamic --undefined-only "$bun" | awk '$1 == "U" { print $2 }'
  readelf --relocs --wide "$bun" | awk '/COPY/ { print $5 }'
} | sed 's/@.*//' | sort --unique | comm -23 - "$work/defined" > "$work/needed"
archives=$(dirname "$(g++ -print-libgcc-file-name)")
trap 'rm -rf "$work" "$folder/libstdc++.so.6"' EXIT
musl-gcc -O2 -fPIC -shared -Wl,-soname,libstdc++.so.6 -o "$folder/libstdc++.so.6" musl_shim.c \
  $(sed 's/^/-Wl,-u,/' "$work/needed") "$archives"/{libstdc++,libgcc_eh,libgcc}.a

cd "$repository"
export PATH="$work/bin:$PATH"
ECHO_FULL_TESTS=0 bun test --timeout 300000
