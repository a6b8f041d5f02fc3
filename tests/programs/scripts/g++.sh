# g++: a generated C++ file with containers and templates (in the long form of 50,000 lines).
# needs: g++ awk sha256sum
[ "$SCALE" = long ] && classes=100 lines=50000 || classes=12 lines=200
awk -v n="$classes" -v lines="$lines" 'BEGIN {
  print "#include <map>\n#include <string>\n#include <vector>\n#include <algorithm>"
  for (i = 0; i < n; ++i) {
    printf "template <class T> struct C%d { std::map<T, std::vector<std::string>> m;\n", i
    printf "  void add(T t) { m[t].push_back(std::to_string(%d)); }\n", i
    printf "  auto sum() { long s = 0; for (auto& [k, v] : m) s += long(v.size()) * %d;", i
    printf " return s; } };\n"
    printf "long f%d() { C%d<int> a; C%d<long> b; a.add(%d); b.add(1);", i, i, i, i
    printf " return a.sum() + b.sum(); }\n"
  }
  for (line = 4 + 4 * n; line + 4 <= lines; line += 8) {
    printf "struct s%d : std::vector<int> {\n", line
    printf "  int key = %d;\n", line
    printf "  std::string name() const { return std::to_string(key); }\n};\n"
    printf "std::size_t g%d(const s%d& s) {\n", line, line
    printf "  if (s.empty() || s.key %% %d == 0) return s.name().size();\n", line % 7 + 2
    printf "  return s.size() * %d;\n}\n", line % 13 + 1
  }
}' >generated.cc
g++ -std=c++20 -O1 -g0 -c generated.cc -o generated.o
sha256sum generated.cc generated.o
