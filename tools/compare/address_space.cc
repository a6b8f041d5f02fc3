// Areas laid over areas.
#include "tools/compare/address_space.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace tools::compare {
namespace {

constexpr std::string_view kAnonymous = "//anon";
constexpr std::string_view kHeap = "[heap]";
constexpr std::string_view kStack = "[stack]";
/// Linux starts the break at most 1 GiB above the program, and other areas much further away.
constexpr std::uint64_t kBreakDistance = std::uint64_t{1} << 36;
/// Faults beyond the known end of a stack lie near the stack pointer.
constexpr std::uint64_t kStackReach = std::uint64_t{256} << 10;

std::uint64_t whole_pages(std::uint64_t length) { return (length + kPage - 1) / kPage * kPage; }

bool is_file(const std::string& name) { return name.starts_with('/') && name != kAnonymous; }

}  // namespace

std::string_view to_string(Region region) noexcept {
  constexpr std::array<std::string_view, kRegions> kWords = {
      "brk_heap", "anonymous", "file", "stack", "thread_stack", "loader", "unknown"};
  return kWords[static_cast<std::size_t>(region)];
}

/// Makes `at` the start of an area where it lies inside one.
void AddressSpace::cut(std::uint64_t at) {
  const auto after = areas_.upper_bound(at);
  if (after == areas_.begin()) return;
  const auto below = std::prev(after);
  if (below->first == at || below->second.end <= at) return;
  Area upper = below->second;
  upper.offset += at - below->first;
  below->second.end = at;
  areas_.emplace(at, std::move(upper));
}

void AddressSpace::unmap(std::uint64_t start, std::uint64_t length) {
  const std::uint64_t end = start + whole_pages(length);
  cut(start);
  cut(end);
  const auto gone = std::pair{areas_.lower_bound(start), areas_.lower_bound(end)};
  const bool was_code = std::any_of(gone.first, gone.second, [](const auto& area) {
    return (area.second.protection & PROT_EXEC) != 0;
  });
  if (was_code) ++code_version_;
  areas_.erase(gone.first, gone.second);
}

void AddressSpace::move(const StreamCall& mremap) {
  const auto& [start, length, new_length, flags, target, unused] = mremap.arguments;
  const Found found = find(start);
  if (found.area == nullptr || !mremap.result) return;
  const std::uint64_t to = *mremap.result;
  Area area = *found.area;
  area.offset += start - found.start;
  area.end = to + whole_pages(new_length);
  if ((flags & MREMAP_DONTUNMAP) == 0) unmap(start, length);
  unmap(to, new_length);
  if ((area.protection & PROT_EXEC) != 0) ++code_version_;
  areas_[to] = std::move(area);
}

void AddressSpace::map(const StreamMap& map) {
  const std::uint64_t end = map.start + map.length;
  unmap(map.start, map.length);
  if ((map.protection & PROT_EXEC) != 0) ++code_version_;
  areas_[map.start] = {end, map.offset, map.protection,
                       std::make_shared<const std::string>(map.file)};
  if (!is_file(map.file)) return;
  const auto first = [&] { return *areas_.begin()->second.file; };
  if (program_end_ == 0 || (loader_.empty() && map.file == first())) {
    program_end_ = std::max(program_end_, end);
  } else if (loader_.empty()) {
    loader_ = map.file;
  }
}

AddressSpace::Found AddressSpace::find(std::uint64_t address) const {
  const auto after = areas_.upper_bound(address);
  if (after == areas_.begin()) return {};
  const auto below = std::prev(after);
  if (below->second.end <= address) return {};
  return {below->first, &below->second};
}

const std::string& AddressSpace::code_file(std::uint64_t address) const {
  static const std::string kNone;
  const Found found = find(address);
  const bool code = found.area != nullptr && (found.area->protection & PROT_EXEC) != 0;
  return code ? *found.area->file : kNone;
}

Region AddressSpace::region(const StreamFault& fault) const {
  if (!loader_.empty() && code_file(fault.instruction_pointer) == loader_) return Region::Loader;
  const Found found = find(fault.address);
  const bool own_stack = fault.address + kStackReach >= fault.registers.stack_pointer &&
                         fault.address < fault.registers.stack_pointer + kStackReach;
  if (found.area == nullptr) {  // a stack grows without telling
    return own_stack && fault.tid == fault.pid ? Region::Stack : Region::Unknown;
  }
  const std::string& file = *found.area->file;
  if (file == kStack) return Region::Stack;
  if (is_file(file)) return Region::File;
  if (file == kHeap) return Region::BrkHeap;
  if (found.start >= program_end_ && found.start - program_end_ < kBreakDistance) {
    return Region::BrkHeap;
  }
  if (fault.tid != fault.pid && find(fault.registers.stack_pointer).area == found.area) {
    return Region::ThreadStack;
  }
  return Region::Anonymous;
}

}  // namespace tools::compare
