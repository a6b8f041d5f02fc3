#!/usr/bin/env bash
# same_code.sh OBJECT NAME: core_NAME and raw_NAME are the same instructions, but for the order of
# two registers that are added to an address.
set -euo pipefail
code_of() {  # each function has a section of its own, so offsets are the function's
  objdump -dr --no-show-raw-insn --disassemble="$2" "$1" |
    sed -n '/^[[:space:]]*[0-9a-f]*:/p' | sed "s/<$2/<function/; s/\.text\.$2/.text.function/" |
    sed -E 's/\((%rsi),(%rdi),1\)/(\2,\1,1)/' | grep -vE '(cs )?nop|xchg +%ax,%ax'
}
core=$(code_of "$1" "core_$2")
raw=$(code_of "$1" "raw_$2")
[ -n "$core" ] || { echo "core_$2 is not in $1"; exit 1; }
diff <(echo "$core") <(echo "$raw") && echo "$2: $(echo "$core" | wc -l) lines, the same"
