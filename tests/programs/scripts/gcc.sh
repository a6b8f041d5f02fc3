# gcc: a generated C file (in the long form of 50,000 lines), compiled with optimization.
# needs: gcc awk sha256sum
[ "$SCALE" = long ] && functions=6250 || functions=120
awk -v n="$functions" 'BEGIN {
  print "#include <stddef.h>"
  for (i = 0; i < n; ++i) {
    printf "struct s%d { int a[%d]; double d; struct s%d *next; };\n", i, i % 17 + 1, i
    printf "static int table%d[%d] = {1, 2, 3};\n", i, i % 50 + 3
    printf "int f%d(struct s%d *s, int x) {\n", i, i
    printf "  int sum = x * %d;\n", i
    printf "  for (size_t k = 0; k < %d; ++k) sum += s->a[k] ^ table%d[k %% 3];\n", i % 17 + 1, i
    printf "  if (s->next && sum %% %d) return f%d(s->next, sum);\n", i % 7 + 2, i
    printf "  return sum + (int)s->d;\n}\n"
  }
}' >generated.c
gcc -O2 -g0 -c generated.c -o generated.o
sha256sum generated.c generated.o
