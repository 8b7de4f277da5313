#!/bin/bash
# run-programs.sh [--valgrind] PROGRAM...: runs each in an empty folder, goes on
# after a failure, and says at the end which ones failed.
set -uo pipefail

command=()
if [ "${1:-}" = --valgrind ]; then
  shift
  command=(valgrind -q --error-exitcode=99 --leak-check=full
    --errors-for-leak-kinds=definite,indirect,possible)
fi
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1

failed=()
for program in "$@"; do
  path=$(realpath "$program") name=${program##*/}
  scratch=$path.scratch
  rm -rf "$scratch" && mkdir -p "$scratch"
  start=$SECONDS
  (cd "$scratch" && timeout 600 "${command[@]}" "$path")
  code=$?
  echo "$name: $([ $code = 0 ] && echo passed || echo "FAILED, exit status $code"), $((SECONDS - start)) s"
  if [ $code = 0 ]; then rm -rf "$scratch"; else failed+=("$name"); fi
done
[ ${#failed[@]} = 0 ] || { echo "failed: ${failed[*]}" >&2; exit 1; }
