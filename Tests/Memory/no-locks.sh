#!/bin/bash
# no-locks.sh LIBRARY THREADS: outside of the functions of THREADS, the object file of
# threads.c, which nothing calls before swiftcl_set_threads, the linked library has no
# instruction that locks the bus, fences or enters the system, and imports no lock.
# x86-64 only.
set -euo pipefail
library=$1
functions=$(nm --defined-only "$2" | awk '$2 ~ /[tT]/ { print $3 }')
imports=$(nm -u "$2" | awk '{ print $2 }')
[ -n "$functions" ] && [ -n "$imports" ] || { echo "no functions in $2" >&2; exit 1; }

# Instructions, each with the function it stands in.
found() {
  objdump -d --no-show-raw-insn "$1" | awk '
    /^[0-9a-f]+ <.*>:$/ { name = $2 }
    /[ \t](lock|syscall|sysenter|mfence|xacquire)([ \t]|$)/ || /[ \t]xchg[ \t].*\(/ { print name, $0 }'
}

# The check must be able to fail.
probe=$(mktemp -d)
trap 'rm -rf "$probe"' EXIT
echo 'int counter; void f(void) { __atomic_fetch_add(&counter, 1, 5); }' > "$probe/f.c"
gcc -O2 -c "$probe/f.c" -o "$probe/f.o"
[ -n "$(found "$probe/f.o")" ] || { echo "a locked instruction is not found: the check is worth nothing" >&2; exit 1; }

status=0
others=$(found "$library" | grep -v -F "$(sed 's/.*/<&>:/' <<< "$functions")" || true)
if [ -n "$others" ]; then
  echo "locks, fences or system calls in $library:" >&2
  echo "$others" >&2
  status=1
fi
if nm -D -u "$library" | awk '{ sub(/@.*/, "", $2); print $2 }' | grep -v -x -F "$imports" |
  grep -E 'pthread_|mtx_|sem_|futex|__cxa_guard|swift_once'; then
  echo "$library imports what takes locks" >&2
  status=1
fi
[ $status = 0 ] && echo "no locked instruction, no fence, no lock among the imports but those of threads.c"
exit $status
