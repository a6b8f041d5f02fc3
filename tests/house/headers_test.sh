#!/usr/bin/env bash
# headers.py must be able to fail: of three headers, the one that lives on what another includes before it
# is reported, and no other. headers_test.sh WORK COMPILER
set -euo pipefail
work=$1
rm -rf "$work"
mkdir -p "$work"/tree/{allocator,pagesim,tools,bench}
printf '#pragma once\n#include <vector>\ninline std::vector<int> whole() { return {}; }\n' \
  >"$work/tree/pagesim/whole.h"
printf '#pragma once\ninline std::vector<int> broken() { return {}; }\n' >"$work/tree/pagesim/broken.h"
printf '#pragma once\n#include "pagesim/whole.h"\n#include "pagesim/broken.h"\n' \
  >"$work/tree/tools/both.h"
if "${BASH_SOURCE[0]%/*}/headers.py" "$work/tree" "$work/out" "$2" -std=c++20 >"$work/said" 2>&1; then
  echo 'headers_test: a header that does not compile alone passed'
  exit 1
fi
grep -q 'pagesim/broken.h:2:.*error' "$work/said"
grep -qx '2 of 3 headers compile alone' "$work/said"
