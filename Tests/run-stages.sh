#!/bin/bash
# run-stages.sh STAGE...: runs make targets one after another, each into a log of
# its own, goes on after a failure, and ends with a table.
set -uo pipefail

make=${MAKE:-make}
logs=build/log
mkdir -p "$logs"
total=$# number=0 failed=0 begin=$SECONDS table=()

for stage in "$@"; do
  number=$((number + 1))
  log=$logs/$stage.log
  printf '[%2d/%d] %-16s ' "$number" "$total" "$stage"
  start=$(date +%s.%N)
  "$make" --no-print-directory -j "$(nproc)" "$stage" > "$log" 2>&1 < /dev/null
  code=$?
  seconds=$(awk -v a="$start" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f", b - a }')
  if [ $code = 0 ]; then
    result=ok
  else
    result=FAILED
    failed=$((failed + 1))
  fi
  printf '%-6s %7s s\n' "$result" "$seconds"
  table+=("$(printf '%-18s %8s  %s' "$stage" "$seconds" "$result")")
  # What was not tested must be seen; what failed even more so.
  grep -h 'SKIPPED\|no files in' "$log" | sort -u | sed 's/^/        /'
  if [ $code != 0 ]; then
    echo "---- end of $log"
    tail -n 80 "$log"
    echo "----"
  fi
done

printf '\n%-18s %8s  %s\n' stage seconds result
printf '%s\n' "${table[@]}"
printf '%-18s %8d\n\n' total $((SECONDS - begin))
echo "stages: $((total - failed)) passed, $failed failed"
[ "$failed" = 0 ]
