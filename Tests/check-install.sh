#!/bin/bash
# check-install.sh MAKE: installs into build/install, then builds and runs a C
# program against it the ways a user would: pkg-config, plain -lswiftcl -lm,
# static, position-dependent; and with both flavours.
set -euo pipefail

root=$PWD/build/install
rm -rf "$root"
unset MAKEFLAGS MAKELEVEL MFLAGS
"$1" -s --no-print-directory install PREFIX=/opt/swiftcl DESTDIR="$root"
lib=$root/opt/swiftcl/lib include=$root/opt/swiftcl/include
export PKG_CONFIG_PATH=$lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root

cat > "$root/app.c" << 'END'
#include <stdio.h>
#include <string.h>
#include <swiftcl.h>
int main(void) {
  printf("%s, ABI %d\n", swiftcl_version(), (int)swiftcl_abi_version());
  return strcmp(swiftcl_version(), VERSION) != 0 || swiftcl_abi_version() != SWIFTCL_ABI_VERSION;
}
END
version=-DVERSION=\"$(pkg-config --modversion swiftcl)\"

try() {
  local what=$1
  shift
  gcc -Wall -Wextra -Werror "$version" "$root/app.c" "$@" -o "$root/app"
  echo "$what: $(env -i LD_LIBRARY_PATH="$lib" "$root/app")"
}
for name in swiftcl swiftcl-openblas; do
  static=$(pkg-config --libs --static "$name")
  try "$name, pkg-config" $(pkg-config --cflags --libs "$name")
  try "$name, static, position-independent" -I "$include" "$lib/lib$name.a" $(pkg-config --libs-only-l --static "$name" | sed "s/-l$name\\b//")
  try "$name, static, position-dependent" -no-pie -I "$include" "$lib/lib$name.a" $(sed "s|-l$name\\b||" <<< "$static")
done
try "plain -lswiftcl -lm" -I "$include" -L "$lib" -lswiftcl -lm
readelf -d "$root/app" | grep -q 'NEEDED.*\[libswiftcl\.so\.0\]' || { echo "the program does not ask for libswiftcl.so.0" >&2; exit 1; }

"$1" -s --no-print-directory uninstall PREFIX=/opt/swiftcl DESTDIR="$root"
left=$(find "$root/opt" -not -type d)
[ -z "$left" ] || { echo "uninstall left $left" >&2; exit 1; }
