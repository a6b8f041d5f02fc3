#!/usr/bin/env bash
# Fails on a clang-tidy warning in what ships: allocator, pagesim, tools and bench. With TIDY_TESTS=1
# the tests are read too, which takes as long again. tidy.sh SOURCE_TREE BUILD_TREE
# It reads what the compiler reads: in a unity build several files at once, which spares reading the
# headers for each. What passed is not read again until it, a header of ours or the checks change.
set -euo pipefail
source_tree=$1
build_tree=$2
stamps=$build_tree/tidy
mkdir -p "$stamps"
cd "$source_tree"

# Flags that only GCC knows.
sed -E 's/ (-fno-(store-merging|schedule-insns2?|tree-loop-im|move-loop-invariants|ipa-cp)|-falign-(jumps|loops)=1|--param=[a-z-]+=[0-9]+)//g' "$build_tree/compile_commands.json" \
  >"$stamps/compile_commands.json"

# clang-tidy reads a file once for each of its commands, and the tests compile the allocator's files in
# several ways more (sanitizers, shifted addresses): only the commands of what ships are kept.
if [ -z "${TIDY_TESTS:-}" ]; then
  python3 - "$stamps/compile_commands.json" <<'EOF'
import json, sys
path = sys.argv[1]
shipped = [c for c in json.load(open(path)) if " -o tests/" not in c["command"]]
json.dump(shipped, open(path, "w"), indent=0)
EOF
fi

headers=$(find allocator pagesim tools bench ${TIDY_TESTS:+tests} -name '*.h' -print0 | sort -z |
  xargs -0 cat .clang-tidy | sha256sum)

# A unity source is a list of #include "FILE".
text_of() {
  cat "$1"
  case $1 in *.cxx) sed -n 's/^#include "\(.*\)"$/\1/p' "$1" | xargs cat ;; esac
}

tidy_one() {
  file=$1
  stamp=$stamps/$( (echo "$headers"; text_of "$file") | sha256sum | cut -c1-32)
  [ -e "$stamp" ] && return 0
  clang-tidy-14 --quiet -p "$stamps" --config-file=.clang-tidy --checks=-bugprone-suspicious-include \
    "$file" 2>/dev/null && touch "$stamp"
}
export -f text_of tidy_one
export headers stamps

folders="(allocator|pagesim|tools|bench${TIDY_TESTS:+|tests})"
sed -nE 's/^ *"file": "(.*)",?$/\1/p' "$stamps/compile_commands.json" | sort -u |
  grep -E "^($source_tree|$build_tree)/$folders/.*(\.cc|/Unity/unity_[0-9]+_cxx\.cxx)$" |
  grep -v "_embedded\.cc$" |
  xargs -n1 -P"$(nproc)" bash -c 'tidy_one "$0"'
