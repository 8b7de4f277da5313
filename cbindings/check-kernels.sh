#!/bin/bash
# check-kernels.sh FOLDER VARIANT...: the objects of a build that chooses its
# kernels at run time. What every processor runs must hold no vector instruction
# that only some have, no variant may lend its copy of shared code to the others,
# and no fused multiply-add may have become a call.
set -euo pipefail
folder=$1
shift
[ $# -gt 0 ] || exit 0

fail() { echo "$folder: $*" >&2; exit 1; }

for object in core platform kernels-base; do
  count=$(objdump -d --no-show-raw-insn "$folder/$object.o" |
    grep -cE '%[yz]mm|\bv[a-z0-9]+(ps|ss|sd|pd|dqu)\b' || true)
  [ "$count" = 0 ] || fail "$object.o has $count AVX instructions"
done
for variant in "$@"; do
  symbols=$(nm "$folder/kernels-$variant.o")
  if grep -E ' [WVu] ' <<< "$symbols"; then fail "kernels-$variant.o has weak symbols"; fi
  if grep -E 'U (fmaf|sqrtf)$' <<< "$symbols"; then fail "kernels-$variant.o calls libm"; fi
done
echo "kernels: $* kept apart"
