#!/usr/bin/env bash
# renamed.sh OUTPUT OBJECT...: one object of several, with malloc and its kin named faultline_malloc
# and so on, so that a sanitizer's own malloc stays beside them.
set -euo pipefail
output=$1
shift
ld -r -o "$output" "$@"
objcopy --redefine-syms=<(
  for name in malloc free calloc realloc reallocarray memalign aligned_alloc posix_memalign valloc \
    pvalloc malloc_usable_size mallopt mallinfo mallinfo2 malloc_trim malloc_stats malloc_info \
    cfree free_sized free_aligned_sized; do
    echo "$name faultline_$name"
    echo "__libc_$name faultline_libc_$name"
  done) "$output"
