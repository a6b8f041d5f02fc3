# bash: arrays, command substitutions, pipes, here-documents.
# needs: sort wc
[ "$SCALE" = long ] && count=100000 || count=3000
declare -A seen=()
words=()
for ((i = 0; i < count; ++i)); do
  word="w$((i * 7919 % 1009))-$((i % 13))"
  words+=("$word")
  seen[$word]=$((${seen[$word]:-0} + i))
done
echo "${#words[@]} words, ${#seen[@]} different"
printf '%s\n' "${!seen[@]}" | sort | sed -n 1,20p
for ((i = 0; i < count / 100; ++i)); do
  text=$(printf 'x%.0s' $(seq 1 $((i % 50 + 1))))
  [ "${text//x/yy}" = "${text//x/y}${text//x/y}" ] || echo "wrong at $i"
done
wc -c <<<"${words[*]}"
