# g++: a generated C++ file with containers and templates.
# needs: g++ awk sha256sum
[ "$SCALE" = long ] && classes=400 || classes=12
awk -v n="$classes" 'BEGIN {
  print "#include <map>\n#include <string>\n#include <vector>\n#include <algorithm>"
  for (i = 0; i < n; ++i) {
    printf "template <class T> struct C%d { std::map<T, std::vector<std::string>> m;\n", i
    printf "  void add(T t) { m[t].push_back(std::to_string(%d)); }\n", i
    printf "  auto sum() { long s = 0; for (auto& [k, v] : m) s += long(v.size()) * %d;", i
    printf " return s; } };\n"
    printf "long f%d() { C%d<int> a; C%d<long> b; a.add(%d); b.add(1);", i, i, i, i
    printf " return a.sum() + b.sum(); }\n"
  }
}' >generated.cc
g++ -std=c++20 -O1 -g0 -c generated.cc -o generated.o
sha256sum generated.cc generated.o
