// Names of the kernel's functions, and libseccomp's of the calls.
#include "tools/compare/system_call.h"

#include <seccomp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string_view>
#include <vector>

namespace tools::compare {
namespace {

std::optional<int> number_of(const std::string& name) {
  const int number = seccomp_syscall_resolve_name(name.c_str());
  return number >= 0 ? std::optional{number} : std::nullopt;
}

/// "__x64_sys_newfstat" is the entry of fstat.
std::optional<int> call_of_function(std::string_view function) {
  constexpr std::array<std::string_view, 5> kPrefixes = {"__x64_sys_", "__arm64_sys_", "__do_sys_",
                                                         "ksys_", "__sys_"};
  constexpr std::string_view kNewer = "new";
  for (const std::string_view prefix : kPrefixes) {
    if (!function.starts_with(prefix)) continue;
    const std::string name{function.substr(prefix.size())};
    const auto number = number_of(name);
    if (number || !name.starts_with(kNewer)) return number;
    return number_of(name.substr(kNewer.size()));
  }
  return std::nullopt;
}

/// A line of /proc/kallsyms: "ffffffff81000000 T name".
struct KernelSymbol {
  explicit KernelSymbol(std::string_view line) {
    constexpr std::size_t kKind = 17, kName = 19;
    if (line.size() <= kName || (line[kKind] != 't' && line[kKind] != 'T')) return;
    std::from_chars(line.data(), line.data() + kKind, address, 16);
    name = line.substr(kName);
  }
  std::uint64_t address = 0;  ///< 0: no code, or this user is not told
  std::string_view name;
};

}  // namespace

/// A function ends where the next one begins.
void SystemCalls::read() {
  read_ = true;
  std::vector<std::pair<std::uint64_t, std::optional<int>>> all;
  std::ifstream symbols{"/proc/kallsyms"};
  for (std::string line; std::getline(symbols, line);) {
    const KernelSymbol symbol{line};
    if (symbol.address != 0) all.emplace_back(symbol.address, call_of_function(symbol.name));
  }
  std::sort(all.begin(), all.end());
  for (std::size_t i = 0; i + 1 < all.size(); ++i) {
    const auto& [start, number] = all[i];
    if (number) functions_[start] = {all[i + 1].first, *number};
  }
}

std::optional<int> SystemCalls::at(std::uint64_t address) {
  const auto after = functions_.upper_bound(address);
  if (after == functions_.begin()) return std::nullopt;
  const auto& [end, number] = std::prev(after)->second;
  return address < end ? std::optional{number} : std::nullopt;
}

std::optional<int> SystemCalls::of(std::span<const std::uint64_t> callers) {
  if (!read_) read();
  for (auto caller = callers.rbegin(); caller != callers.rend(); ++caller) {
    if (const auto number = at(*caller)) return number;
  }
  return std::nullopt;
}

std::string system_call_name(std::optional<int> number) {
  constexpr const char* kUnknown = "unknown";
  if (!number) return kUnknown;
  const std::unique_ptr<char, decltype(&std::free)> name{
      seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, *number), &std::free};
  return name == nullptr ? kUnknown : name.get();
}

}  // namespace tools::compare
