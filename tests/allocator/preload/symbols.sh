#!/usr/bin/env bash
# Fails unless the library needs libc alone, runs no constructor, and defines what it has to.
# symbols.sh LIBRARY [PAGES THAT A PROCESS WRITES]
set -euo pipefail
library=$1
failed=0
claim() { # claim TEXT EXPECTED GOT
  [ "$2" = "$3" ] && return 0
  printf '%s: expected "%s", got "%s"\n' "$1" "$2" "$3"
  failed=1
}

claim 'needed libraries' 'libc.so.6' \
  "$(readelf -d "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | xargs)"
claim 'undefined symbols that are not libc'\''s' '' \
  "$(nm -D --undefined-only "$library" | awk '$1 == "U" && !/@GLIBC_/ { print $2 }' | xargs)"
claim 'thread-locals by a call' '' \
  "$(nm -D --undefined-only "$library" | grep -o '__tls_get_addr' | head -n 1)"
# The compiler's own frame_dummy, and nothing of ours.
claim 'bytes of constructors' '8' \
  "$((16#$(readelf -SW "$library" | awk '{ for (i = 1; i < NF; ++i) if ($i == ".init_array") print $(i + 4) }')))"

# What each process pays for: a segment that is read and one that is written.
segments() { readelf -lW "$library" | awk '$1 == "LOAD"'; }
claim 'segments' 'R E RW' "$(segments | awk '{ print $7, $8 ~ /0x/ ? "" : $8 }' | xargs)"
read -r at bytes < <(segments | awk '/ RW / { print $3, $6 }')
claim 'pages written' "${2:-1}" $(((at % 4096 + bytes + 4095) / 4096))
read -r at bytes < <(readelf -SW "$library" | awk '{ for (i = 1; i < NF; ++i) if ($i == ".rodata") print $(i + 2), $(i + 4) }')
claim 'windows of 64 KiB that code and constants lie in' 1 $(((16#$at + 16#$bytes + 65535) / 65536))

expected=(malloc free calloc realloc reallocarray memalign aligned_alloc posix_memalign valloc
  pvalloc malloc_usable_size mallopt mallinfo mallinfo2 malloc_trim malloc_stats malloc_info cfree
  free_sized free_aligned_sized __libc_malloc __libc_free __libc_calloc __libc_realloc
  __libc_memalign __libc_valloc __libc_pvalloc __libc_mallopt __libc_mallinfo
  _Zn{w,a}m{,RKSt9nothrow_t,St11align_val_t,St11align_val_tRKSt9nothrow_t}
  _Zd{l,a}Pv{,m,RKSt9nothrow_t,St11align_val_t,mSt11align_val_t,St11align_val_tRKSt9nothrow_t})
claim 'defined symbols' "$(printf '%s\n' "${expected[@]}" | sort | xargs)" \
  "$(nm -D --defined-only "$library" | awk '{ print $3 }' | sort | xargs)"
exit $failed
