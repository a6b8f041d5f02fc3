#!/usr/bin/env bash
# no_more.sh OBJECT NAME N: core_NAME has at most N instructions more than raw_NAME. For functions
# whose branches the compiler lays out in another order.
set -euo pipefail
count() {
  objdump -d --no-show-raw-insn --disassemble="$2" "$1" |
    sed -n '/^[[:space:]]*[0-9a-f]*:/p' | grep -cvE '(cs )?nop|xchg +%ax,%ax'
}
core=$(count "$1" "core_$2")
raw=$(count "$1" "raw_$2")
echo "$2: $core instructions, raw pointers $raw, $3 more allowed"
[ "$raw" -gt 1 ] && [ "$core" -gt 1 ] && [ "$core" -le $((raw + $3)) ]
