// Random scripts: numbers, names, places and ranges.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "tests/scripts/random_script.h"

namespace tools::script {

std::string RandomScript::number() {
  const std::string suffix = pick({"", "", "K", "M", "G", "T", "p"});
  return one_in(2) ? fmt::format("{}{}", below(5000), suffix)
                   : fmt::format("0x{:x}{}", below(5000), suffix);
}

std::string RandomScript::signed_number() { return pick({"", "-", "+"}) + number(); }

/// A script that is only read takes any number.
std::string RandomScript::bytes(const std::vector<std::string>& sensible) {
  return reads_only() ? number() : pick(sensible);
}

std::string RandomScript::protection(Kind kind) {
  if (reads_only()) return pick({"none", "r", "w", "x", "rw", "rx", "wr", "rwx", "xwr"});
  if (kind == Kind::Cold) return pick({"rw", "rw", "r", "none", "w"});
  return pick({"rw", "rw", "rw", "rw", "r", "r", "none", "w", "x", "rx", "rwx"});
}

std::string RandomScript::any_name() {
  std::vector<std::string> names;
  for (const auto& [name, mapping] : space().mappings) names.push_back(name);
  for (const auto& [name, size] : space().blocks) names.push_back(name);
  return names.empty() ? std::string{} : pick(names);
}

std::string RandomScript::any_place() {
  std::string text = any_name();
  if (text.empty() || one_in(4)) text = pick({"heap", "stack", "text", "@0x10000", "@4096"});
  if (one_in(2)) text += fmt::format("[{}]", below(40) - 10);
  if (one_in(2)) text += fmt::format("{}{}", pick({"+", "-"}), below(9000));
  return text;
}

std::string RandomScript::any_range(bool stride) {
  const std::string name = any_name();
  if (!name.empty() && one_in(3)) return name + pick({"[..]", "[ .. ]"});
  const int first = below(30) - 10;
  const std::string by = stride && one_in(2) ? fmt::format(" by {}", below(9) + 1) : "";
  return fmt::format("{}[{}..{}{}]", name.empty() ? pick({"heap", "stack"}) : name, first,
                     first + below(50), by);
}

/// One of the process's mappings; empty if there is none.
std::string RandomScript::mapping_name(bool with_floating) {
  std::vector<std::string> names;
  for (const auto& [name, mapping] : space().mappings)
    if (with_floating || !mapping.floating) names.push_back(name);
  return names.empty() ? std::string{} : pick(names);
}

/// A name may be null, and its pages are counted from 0 then: they end before the program's code.
int RandomScript::reach(const Mapping& mapping) {
  constexpr int kBeforeTheCode = 900;
  return mapping.certain ? mapping.pages : std::min(mapping.pages, kBeforeTheCode);
}

/// Some pages of a mapping: mostly few, seldom all; past its edges where they are known.
std::string RandomScript::pages_of(const std::string& name, bool stride) {
  const Mapping& mapping = space().mappings.at(name);
  const int pages = reach(mapping);
  if (one_in(10) && pages == mapping.pages) return name + "[..]";
  int first = below(pages);
  int last = std::min(pages - 1, first + below(one_in(4) ? pages : 9));
  if (!mapping.floating && one_in(12)) first -= below(3);
  if (!mapping.floating && one_in(12)) last += below(3);
  const bool by = stride && one_in(8);
  return fmt::format("{}[{}..{}{}]", name, first, last,
                     by ? fmt::format(" by {}", below(5) + 2) : "");
}

std::string RandomScript::range(bool stride) {
  if (reads_only()) return any_range(stride);
  const std::string name = mapping_name(true);
  return name.empty() ? name : pages_of(name, stride);
}

/// A byte with room behind it, which may reach past the end of its mapping.
std::string RandomScript::place(bool with_floating) {
  if (reads_only()) return any_place();
  const std::string name = mapping_name(with_floating);
  if (name.empty()) return name;
  const Mapping& mapping = space().mappings.at(name);
  const std::string page = fmt::format("{}[{}]", name, below(reach(mapping)));
  return one_in(2) ? page : page + fmt::format("+{}", below(mapping.floating ? 4080 : 4096));
}

/// A byte of a block the allocator gave.
std::string RandomScript::block_place() {
  const auto& blocks = space().blocks;
  if (blocks.empty()) return {};
  const auto chosen = std::next(blocks.begin(), below(static_cast<int>(blocks.size())));
  return fmt::format("{}+{}", chosen->first, below(std::max(1, chosen->second - 16)));
}

/// Stack, code, heap, and addresses where nothing can be.
std::string RandomScript::odd_place() {
  const std::vector<std::string> places = {fmt::format("stack[{}]", -below(60)),
                                           "text[0]",
                                           "text[3]+5",
                                           "@0",
                                           "@0x8",
                                           "@0xffff888000000000",
                                           "@0x8000000000000000"};
  return allocates_ || one_in(2) ? pick(places) : fmt::format("heap[{}]", below(24));
}

/// Far from everything else, at different places within a page table.
std::string RandomScript::fresh_address() {
  const int page = std::stoi(pick({"0", "0", "0", "3", "16", "509"}));
  return fmt::format("@0x{:x}", 0x100000000000 + ++addresses_ * 0x80000000ll + page * 0x1000);
}

/// Where a mapping shall lie: mostly far away; memory without a file also over and beside other
/// such memory.
std::string RandomScript::address_for(const std::string& name, Kind kind) {
  const bool may_meet = kind == Kind::Anonymous || kind == Kind::Shmem;
  const std::string other = may_meet && one_in(4) ? mapping_name(false) : std::string{};
  if (other.empty() || other == name) return fresh_address();
  Mapping& met = space().mappings.at(other);
  const bool has_file =
      met.kind != Kind::Anonymous && met.kind != Kind::Shmem && met.kind != Kind::Mixed;
  if (has_file || !met.certain) return fresh_address();
  met.kind = Kind::Mixed;
  return fmt::format("{}[{}]", other, below(3) == 0 ? met.pages : below(met.pages));
}

/// A file of one of these kinds; null if there is none.
RandomScript::File* RandomScript::file(std::initializer_list<Kind> kinds) {
  std::vector<File*> found;
  for (File& each : files_)
    if (reads_only() || std::find(kinds.begin(), kinds.end(), each.kind) != kinds.end())
      found.push_back(&each);
  return found.empty() ? nullptr
                       : found[static_cast<std::size_t>(below(static_cast<int>(found.size())))];
}

}  // namespace tools::script
