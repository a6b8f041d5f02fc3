// Names of the kernel's functions, and libseccomp's of the calls.
#include "tools/compare/system_call.h"

#include <seccomp.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <string_view>

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

}  // namespace

/// A function ends where the next one begins. A user without the right is shown addresses of 0.
void SystemCalls::read() {
  read_ = true;
  std::map<std::uint64_t, std::optional<int>> all;
  std::ifstream symbols{"/proc/kallsyms"};
  for (std::string line; std::getline(symbols, line);) {
    std::istringstream words{line};
    std::uint64_t address = 0;
    std::string kind, name;
    if (!(words >> std::hex >> address >> kind >> name) || address == 0) continue;
    if (kind == "t" || kind == "T") all.emplace(address, call_of_function(name));
  }
  for (auto at = all.begin(); at != all.end(); ++at) {
    const auto next = std::next(at);
    if (at->second && next != all.end()) functions_[at->first] = {next->first, *at->second};
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
