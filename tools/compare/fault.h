// Fault: one page fault of a real program, with all that is known of it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "allocator/writer.h"
#include "pagesim/ledger.h"
#include "tools/compare/address_space.h"
#include "tools/compare/call_tree.h"

namespace tools::compare {

/// In whose code it happened. Kernel: in a system call, seen with more rights only.
enum class Payer : std::uint8_t { Malloc, Program, Kernel };
inline constexpr std::size_t kPayers = 3;
[[nodiscard]] std::string_view to_string(Payer payer) noexcept;

/// What play() tells of it, and then what explain() adds.
struct Fault {
  std::uint64_t time = 0;     ///< ns of CLOCK_MONOTONIC
  std::uint64_t address = 0;  ///< the exact byte
  CodePlace code;             ///< the faulting instruction; of the kernel's: none
  std::uint64_t stack_pointer = 0;
  std::int32_t pid = 0, tid = 0;
  /// In FaultList::calls: `code` and its callers; of the kernel's: addresses of its own code.
  CallTree::Chain chain = CallTree::kEmpty;
  Region region = Region::Unknown;
  Payer payer = Payer::Program;
  bool major = false;
  std::optional<bool> present{};  ///< StreamFault::present
  std::optional<pagesim::Access> access{};
  std::optional<std::uint16_t> error_code{};  ///< the processor's; none: not told

  // explain()
  bool in_child = false;  ///< of a fork, that has not executed a program since
  pagesim::Cause cause = pagesim::Cause::Unknown;
  std::optional<allocator::Writer> writer{};  ///< none: in malloc, and not told by its code
  std::optional<int> system_call{};           ///< SYS_*: the kernel was in; none: not told
};

/// Something other than a fault, told after the first so many faults of the list.
struct Change {
  std::size_t faults_before = 0;
  StreamEvent event;
};

/// The faults of one run in the order of time, and the files and chains they refer to.
struct FaultList {
  std::vector<Fault> faults;
  std::vector<std::string> files{""};
  CallTree calls;
  std::vector<Payer> chain_payers;  ///< by chain, of those that faults have
  std::uint64_t lost = 0;           ///< events there was no room for
  std::vector<Change> changes;      ///< for explain(), which takes them

  // explain()
  /// Faults whose page was not as the simulated machine had it: something was not seen.
  std::uint64_t unexpected = 0;
  std::uint64_t forks = 0;  ///< that copied an address space
  /// Faults without an event, by the call that populated memory, as the simulated machine had them.
  std::map<int, std::uint64_t> populated;

  [[nodiscard]] std::uint32_t file(const std::string& name);

 private:
  std::map<std::string, std::uint32_t> file_numbers_{{"", 0}};
};

}  // namespace tools::compare
