// Files, each kept once.
#include "tools/compare/fault.h"

#include <array>

namespace tools::compare {

std::string_view to_string(Payer payer) noexcept {
  constexpr std::array<std::string_view, kPayers> kWords = {"malloc", "program", "kernel"};
  return kWords[static_cast<std::size_t>(payer)];
}

std::uint32_t FaultList::file(const std::string& name) {
  const auto [found, fresh] = file_numbers_.emplace(name, static_cast<std::uint32_t>(files.size()));
  if (fresh) files.push_back(name);
  return found->second;
}

}  // namespace tools::compare
