#!/bin/busybox sh
# First process of the emulated machine: mounts the disk and starts /init on it.
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs dev /dev
for module in virtio_ring virtio virtio_mmio virtio_blk; do
  [ ! -e /modules/$module.ko ] || /bin/busybox insmod /modules/$module.ko
done
until [ -b /dev/vda ]; do /bin/busybox sleep 0.1; done
/bin/busybox mount -t ext4 /dev/vda /root
exec /bin/busybox switch_root /root /init
