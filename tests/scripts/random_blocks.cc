// Random scripts: the allocator's calls, and the break.
#include <fmt/format.h>

#include <algorithm>

#include "tests/scripts/random_script.h"

namespace tools::script {

/// A call and the name its block gets.
std::string RandomScript::block(const std::string& call, int bytes) {
  if (reads_only() && one_in(5)) return call;
  const std::string name = reads_only()
                               ? pick({"a", "b", "c1", "D", "_e", "anon", "by", "read", "malloc"})
                               : fmt::format("p{}", below(10));
  space().blocks[name] = bytes;
  if (reads_only()) space().mappings.erase(name);
  return name + " = " + call;
}

std::string RandomScript::plain_allocation(const char* verb) {
  if (!allocates_) return {};
  const std::string size =
      bytes({"0", "10", "24", "100", "500", "1000", "5000", "20000", "140000", "300000"});
  return block(fmt::format("{} {}", verb, size), reads_only() ? 1 : std::stoi(size));
}

std::string RandomScript::calloc_line() {
  if (!allocates_) return {};
  if (reads_only()) return block("calloc " + number() + " " + number(), 1);
  const int count = std::stoi(pick({"1", "7", "40"}));
  const int size = std::stoi(pick({"24", "100", "3000", "7000"}));
  return block(fmt::format("calloc {} {}", count, size), count * size);
}

std::string RandomScript::aligned_allocation(const char* verb) {
  if (!allocates_) return {};
  const std::string size = bytes({"10", "1000", "6000", "40000", "200000"});
  const std::string alignment = pick({"16", "32", "64", "256", "4096", "65536", "24"});
  return block(fmt::format("{} {} {}", verb, alignment, size), reads_only() ? 1 : std::stoi(size));
}

std::string RandomScript::realloc_line() {
  auto& blocks = space().blocks;
  const std::string old = reads_only() ? any_name() : blocks.empty() ? "" : blocks.begin()->first;
  if (old.empty()) return {};
  blocks.erase(old);
  space().mappings.erase(old);
  const std::string size = bytes({"10", "1000", "5000", "40000", "200000", "400000"});
  return block(fmt::format("realloc {} {}", old, size), reads_only() ? 1 : std::stoi(size));
}

std::string RandomScript::free_line() {
  auto& blocks = space().blocks;
  if (blocks.empty()) return {};
  std::vector<std::string> names;
  for (const auto& [name, size] : blocks) names.push_back(name);
  const std::string name = pick(names);
  blocks.erase(name);
  return "free " + name;
}

std::string RandomScript::malloc_trim_line() {
  return allocates_ ? "malloc_trim " + bytes({"0", "0", "10000"}) : std::string{};
}

std::string RandomScript::mallopt_line() {
  if (!allocates_) return {};
  if (reads_only())
    return "mallopt " + (one_in(4) ? "-77" : pick(parameter_words())) + " " + signed_number();
  return "mallopt " + pick({"M_MXFAST 0", "M_MXFAST 80", "M_MMAP_THRESHOLD 65536", "M_TOP_PAD 0",
                            "M_TOP_PAD 400000", "M_TRIM_THRESHOLD 4096", "M_MMAP_MAX 1",
                            "M_PERTURB 85", "M_ARENA_MAX 1"});
}

/// Beside an allocator the break only grows: what it has may not be taken away from it.
std::string RandomScript::brk_line() {
  if (reads_only()) return "brk " + signed_number();
  if (allocates_) return one_in(4) ? "brk " + pick({"4p", "1p", "100"}) : std::string{};
  return "brk " + pick({"1p", "5p", "20p", "100", "5000", "-1p", "-3p", "-100", "-2000", "600p"});
}

}  // namespace tools::script
