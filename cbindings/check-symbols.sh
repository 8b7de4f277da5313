#!/bin/bash
# check-symbols.sh build/lib/libNAME VERSION ABI: what the shared and the static
# library export, what the shared one needs, and that neither knows the machine
# it was built on.
set -euo pipefail
export LC_ALL=C
library=$1 shared=$1.so.$2 static=$1.a abi=$3
name=${library##*/}

fail() { echo "$name: $*" >&2; exit 1; }

same() {
  diff -u --label cbindings/symbols.txt --label "$1" cbindings/symbols.txt - ||
    fail "$1 does not export exactly what cbindings/symbols.txt lists"
}

nm -D --defined-only "$shared" | awk -v node="SWIFTCL_$abi" '
  $3 == node { next }
  { if (sub("@@" node "$", "", $3) != 1) $3 = $3 " (without version " node ")"; print $3 }' |
  sort | same "$shared"
nm -g --defined-only "$static" | awk 'NF == 3 { print $3 }' | sort | same "$static"

dynamic=$(readelf -d "$shared")
grep -q "SONAME.*\[$name\.so\.$abi\]" <<< "$dynamic" || fail "SONAME is not $name.so.$abi"
if grep -E 'R(UN)?PATH|TEXTREL' <<< "$dynamic"; then fail "a run path or text relocation"; fi
needed=$(sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' <<< "$dynamic" | xargs)
for lib in $needed; do
  case $name:$lib in
    *:libc.so.* | *:libm.so.* | *:ld-linux*) ;;
    libswiftcl-openblas:libopenblas.so.*) ;;
    *) fail "needs $lib" ;;
  esac
done

swift=$(dirname "$(dirname "$(dirname "$(realpath "$(command -v swiftc)")")")")
for file in "$shared" "$static"; do
  for path in "$PWD" "$HOME" "$swift"; do
    [ "$path" = / ] || ! grep -qaF "$path" "$file" || fail "$file contains the path $path"
  done
done
echo "$name: $(wc -l < cbindings/symbols.txt) symbols, needs ${needed:-nothing}"
