#!/bin/bash
# check-firmware.sh LIBRARY PREFIX: a firmware library exports what symbols.txt says, asks for
# nothing but mem* and the compiler's helper routines, and has no constructors; prints its size.
set -euo pipefail
library=$1 prefix=$2
problems=0

exported=$(comm -3 <("${prefix}nm" -g --defined-only "$library" | awk 'NF == 3 { print $3 }' | sort) <(sort cbindings/symbols.txt))
if [ -n "$exported" ]; then
  echo "$library does not export what cbindings/symbols.txt lists:" "$exported" >&2
  problems=1
fi

# libgcc: 64-bit integers, floats and doubles of processors that have none, shared prologues.
helpers='__aeabi_(u?idiv(mod)?|u?ldivmod|l(mul|lsl|lsr|asr)|u?lcmp|[dfilu]{1,2}2[dfilu]{1,2}z?|[df](add|sub|rsub|mul|div|neg)|[df]cmp(eq|lt|le|ge|gt|un)|c?[df]r?cmp(eq|le)?)'
helpers+='|__(add|sub|mul|div|neg|eq|ne|lt|le|gt|ge|unord)[sd]f[23]|__(extendsfdf2|truncdfsf2)|__float(un)?[sd]i[sd]f|__fix(uns)?[sd]f[sd]i'
helpers+='|__u?(div|mod|divmod)[sd]i[34]|__muldi3|__(ashl|ashr|lshr)di3|__(clz|ctz|popcount|ffs|bswap)[sd]i2|__gnu_thumb1_case_[us][qh]i|__gnu_thumb1_case_si|__riscv_(save|restore)_[0-9]+'
memory='mem(cpy|move|set|cmp)|__aeabi_mem(cpy|move|set|clr)[48]?'
asked=$("${prefix}nm" -u "$library" | awk '$1 == "U" || $1 == "w" { print $2 }' | sort -u)
strange=$(grep -vxE "($helpers)|($memory)" <<< "$asked" || true)
if [ -n "$strange" ]; then
  echo "$library asks for more than mem* and the compiler's helpers:" $strange >&2
  problems=1
fi
if "${prefix}objdump" -h "$library" | grep -qE '\.(init_array|ctors|preinit_array|fini_array)'; then
  echo "$library has constructors" >&2
  problems=1
fi
"${prefix}size" -t "$library"
exit $problems
