#!/bin/bash
# run-programs.sh [--valgrind] PROGRAM...: runs each in an empty folder, as many at
# a time as there are processors, goes on after a failure, shows what each printed in
# the order they were named, and says at the end which ones failed.
set -uo pipefail

command=()
if [ "${1:-}" = --valgrind ]; then
  shift
  command=(valgrind -q --error-exitcode=99 --leak-check=full
    --errors-for-leak-kinds=definite,indirect,possible)
fi
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1

# One program: what it prints into PROGRAM.out, its exit status into PROGRAM.status.
run() {
  local path=$1 name=${1##*/} scratch=$1.scratch start=$SECONDS code
  rm -rf "$scratch" && mkdir -p "$scratch"
  (cd "$scratch" && timeout 600 "${command[@]}" "$path" < /dev/null) > "$path.out" 2>&1
  code=$?
  echo "$name: $([ $code = 0 ] && echo passed || echo "FAILED, exit status $code"), $((SECONDS - start)) s" >> "$path.out"
  [ $code != 0 ] || rm -rf "$scratch"
  echo $code > "$path.status"
}

paths=() failed=()
for program in "$@"; do
  path=$(realpath "$program")
  paths+=("$path")
  rm -f "$path.status"
  while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n; done
  run "$path" &
done
wait
for path in "${paths[@]}"; do
  cat "$path.out"
  [ "$(cat "$path.status" 2> /dev/null)" = 0 ] || failed+=("${path##*/}")
  rm -f "$path.out" "$path.status"
done
[ ${#failed[@]} = 0 ] || { echo "failed: ${failed[*]}" >&2; exit 1; }
