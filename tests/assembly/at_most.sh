#!/usr/bin/env bash
# at_most.sh OBJECT FUNCTION N: at most N instructions, no call, and a jump to the slow path.
set -euo pipefail
code=$(objdump -dr --no-show-raw-insn --disassemble="$2" "$1" |
  sed -n '/^[[:space:]]*[0-9a-f]*:/p' | grep -vE '(cs )?nop|xchg +%ax,%ax')
instructions=$(grep -vc 'R_X86_64_' <<< "$code" || true)
echo "$code"
echo "$2: $instructions instructions, at most $3 allowed"
if grep -E '\bcall' <<< "$code"; then
  echo "$2 calls another function"
  exit 1
fi
if ! grep -qE 'R_X86_64_.*_slow' <<< "$code"; then
  echo "$2 never leaves for the slow path: is this the function that is meant?"
  exit 1
fi
[ "$instructions" -le "$3" ]
