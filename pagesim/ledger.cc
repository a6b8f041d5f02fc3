// The words of the fault vocabulary, and filing.
#include "pagesim/ledger.h"

namespace pagesim {

std::string_view to_string(Cause cause) noexcept {
  constexpr std::string_view kNames[kCauses] = {
      "first_write", "zero_read",  "zero_upgrade",     "cow_copy",       "cow_reuse",
      "file_map",    "file_read",  "file_cow",         "mkwrite",        "shmem_new",
      "swap_in",     "swap_cache", "huge_first_write", "huge_zero_read", "huge_cow",
      "hugetlb",     "numa_hint",  "stack_growth",     "spurious",       "invalid",
      "unknown"};
  return kNames[static_cast<std::size_t>(cause)];
}

std::string_view to_string(Access access) noexcept {
  constexpr std::string_view kNames[] = {"read", "write", "execute"};
  return kNames[static_cast<std::size_t>(access)];
}

std::string_view to_string(Mode mode) noexcept {
  constexpr std::string_view kNames[] = {"user", "kernel", "gup"};
  return kNames[static_cast<std::size_t>(mode)];
}

std::string_view to_string(Outcome outcome) noexcept {
  constexpr std::string_view kNames[] = {"minor", "major", "signal"};
  return kNames[static_cast<std::size_t>(outcome)];
}

void Ledger::file(const FaultRecord& record) {
  ++by_cause_[static_cast<std::size_t>(record.cause)];
  if (keep_) {
    records_.push_back(record);
    records_.back().sequence = sequence_;
  }
  ++sequence_;
}

}  // namespace pagesim
