#!/usr/bin/env bash
# Fails on a clang-tidy warning in what ships: allocator, pagesim, tools and bench. With TIDY_TESTS=1
# the tests are read too, which takes as long again. tidy.sh SOURCE_TREE BUILD_TREE
# What passed is not read again until it, a header of ours or the checks change.
set -euo pipefail
source_tree=$1
build_tree=$2
stamps=$build_tree/tidy
folders=(allocator pagesim tools bench ${TIDY_TESTS:+tests})
mkdir -p "$stamps"
cd "$source_tree"

headers=$(find "${folders[@]}" -name '*.h' -print0 | sort -z | xargs -0 cat .clang-tidy | sha256sum)

# A unit is a list of #include "FILE".
tidy_one() {
  unit=$1
  files=$(sed -n 's/^#include "\(.*\)"$/\1/p' "$unit")
  stamp=$stamps/$( (echo "$headers"; cat "$unit" $files) | sha256sum | cut -c1-32)
  [ -e "$stamp" ] && return 0
  clang-tidy-14 --quiet -p "$stamps" --config-file=.clang-tidy --checks=-bugprone-suspicious-include \
    "$unit" 2>/dev/null && touch "$stamp"
}
export -f tidy_one
export headers stamps

units=$("${BASH_SOURCE[0]%/*}/tidy_units.py" "$build_tree" "$stamps" "${folders[@]}")
xargs -n1 -P"$(nproc)" bash -c 'tidy_one "$0"' <<<"$units"
