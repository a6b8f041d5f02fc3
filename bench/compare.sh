#!/usr/bin/env bash
# Every allocator found here, interleaved, as ratios to glibc: first on loops of malloc and free, then
# on workloads and, with --programs, on real programs.
# bench/compare.sh [ROUNDS] [BUILD_TREE] [OPTION OF compare.py...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
rounds=${1:-5}
build=${2:-build/release}
bench=$build/bench/process_malloc_bench
[ -x "$bench" ] || {
  echo "compare: $bench is not built; run: cmake --preset release && cmake --build --preset release" >&2
  exit 2
}

declare -A library=([glibc]='')
names=(glibc)
add() {
  [ -e "$2" ] || return 0
  library[$1]=$(realpath "$2")
  names+=("$1")
}
system=/usr/lib/$(uname -m)-linux-gnu
add ptmalloc "$build/lib/libptmalloc.so"
add faultline "$build/lib/libfaultline.so"
add jemalloc "$system/libjemalloc.so.2"
add mimalloc "$system/libmimalloc.so.2.0"
add tcmalloc "$system/libtcmalloc_minimal.so.4"

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
for ((round = 1; round <= rounds; round++)); do
  for name in "${names[@]}"; do
    for threads in 1 2 8; do  # a process each: one that ever had threads stays slower
      LD_PRELOAD=${library[$name]} "$bench" --benchmark_min_time=0.05 --benchmark_format=json \
        --benchmark_filter="/threads:$threads\$" >"$results/$name.$threads.$round.json" 2>/dev/null
    done
  done
done
python3 bench/ratios.py "$results" "${names[@]}"
pairs=()
for name in "${names[@]:1}"; do pairs+=(--allocator "$name=${library[$name]}"); done
python3 bench/compare.py --build "$build" --runs "$rounds" "${pairs[@]}" "${@:3}"
