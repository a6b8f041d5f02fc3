// Sorted once, then searched.
#include "tools/compare/name_table.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <tuple>

namespace tools::compare {

/// "malloc" before "__libc_malloc", "clock_gettime" before "clock_gettime@@GLIBC_2.17".
bool NameTable::is_better(const Name& a, const Name& b) {
  const auto order = [](const Name& name) {
    const std::string_view text{name.text};
    return std::tuple{name.local, text.find('@') != text.npos, text.find_first_not_of('_'),
                      text.size(), text};
  };
  return order(a) < order(b);
}

NameTable::NameTable(Dwfl_Module* module) {
  const int count = dwfl_module_getsymtab(module);
  for (int i = 1; i < count; ++i) add(module, i);
  std::sort(names_.begin(), names_.end(), [](const Name& a, const Name& b) {
    return a.start != b.start ? a.start < b.start : is_better(b, a);
  });
  GElf_Addr reach = 0;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (names_[i].end == names_[i].start) names_[i].end = next_start(i);
    reach = names_[i].reach = std::max(reach, names_[i].end);
  }
}

const char* NameTable::at(GElf_Addr address) const {
  auto name = std::upper_bound(names_.begin(), names_.end(), address,
                               [](GElf_Addr at, const Name& n) { return at < n.start; });
  while (name != names_.begin() && std::prev(name)->reach > address) {
    if ((--name)->end > address) return name->text;
  }
  return nullptr;
}

void NameTable::add(Dwfl_Module* module, int index) {
  GElf_Sym symbol;
  GElf_Addr address = 0;
  GElf_Word section = SHN_UNDEF;
  const char* const text =
      dwfl_module_getsym_info(module, index, &symbol, &address, &section, nullptr, nullptr);
  const int type = GELF_ST_TYPE(symbol.st_info), bind = GELF_ST_BIND(symbol.st_info);
  const bool place = type != STT_FILE && type != STT_SECTION && type != STT_TLS &&
                     section != SHN_UNDEF && section != SHN_ABS;
  if (text == nullptr || *text == '\0' || !place) return;
  names_.push_back({address, address + symbol.st_size, 0, bind == STB_LOCAL, text});
}

/// A symbol that has no size goes as far as to the next one.
GElf_Addr NameTable::next_start(std::size_t of) const {
  const auto next = std::find_if(names_.begin() + static_cast<std::ptrdiff_t>(of), names_.end(),
                                 [&](const Name& name) { return name.start != names_[of].start; });
  return next == names_.end() ? names_[of].start + 1 : next->start;
}

}  // namespace tools::compare
