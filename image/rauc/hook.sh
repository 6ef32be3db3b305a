#!/bin/sh
# In the bundle: the boot image that fits the slot goes into the ESP, not onto a partition. It carries the root hash of
# the partitions that RAUC wrote just before.
set -eu
[ "$1" = slot-install ] || exit 1
case $RAUC_SLOT_NAME in
boot.0) slot=a ;;
boot.1) slot=b ;;
*) exit 1 ;;
esac
version=$(sed -n 's/^version=//p' "$RAUC_BUNDLE_MOUNT_POINT/manifest.raucm")
exec /usr/lib/onecard-kiosk/slots place $slot "$version" "$RAUC_BUNDLE_MOUNT_POINT/kiosk-$slot.efi"
