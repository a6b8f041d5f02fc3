#!/usr/bin/env bash
# Fails where clang-format would change a file. format.sh SOURCE_TREE
set -euo pipefail
cd "$1"
find allocator pagesim tools bench tests \( -name '*.h' -o -name '*.cc' \) -print0 |
  xargs -0 clang-format-14 --dry-run --Werror
