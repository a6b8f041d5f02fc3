// What a page fault was: the record both machines, simulated and real, write their faults in.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "pagesim/address.h"
#include "pagesim/decision.h"

namespace pagesim {

enum class Access : std::uint8_t { Read, Write, Execute };
enum class Mode : std::uint8_t {
  User,    ///< the program's own instruction
  Kernel,  ///< a copy to or from user memory during a system call
  Gup      ///< get_user_pages: populate, mlock, O_DIRECT: counted by getrusage, no exception
};
enum class Outcome : std::uint8_t { Minor, Major, Signal };

/// Why a page fault happened. Vocabulary: spec/linux-faults sections 5 to 9, one word a decision.
enum class Cause : std::uint8_t {
  FirstWrite,
  ZeroRead,
  ZeroUpgrade,
  CowCopy,
  CowReuse,
  FileMap,
  FileRead,
  FileCow,
  Mkwrite,
  ShmemNew,
  SwapIn,
  SwapCache,
  HugeFirstWrite,
  HugeZeroRead,
  HugeCow,
  Hugetlb,
  NumaHint,
  StackGrowth,
  Spurious,
  Invalid,
  Unknown  ///< only for a real fault whose cause cannot be had
};
inline constexpr std::size_t kCauses = static_cast<std::size_t>(Cause::Unknown) + 1;

/// The word of the vocabulary: "first_write", "read", "user", "minor".
[[nodiscard]] std::string_view to_string(Cause cause) noexcept;
[[nodiscard]] std::string_view to_string(Access access) noexcept;
[[nodiscard]] std::string_view to_string(Mode mode) noexcept;
[[nodiscard]] std::string_view to_string(Outcome outcome) noexcept;

/// One fault. `error_code` and `cause` of a real fault may be unknown; those of a simulated one on
/// x86 never are. On arm64 the syndrome takes the error code's place, and FAR_EL1 is the address.
struct FaultRecord {
  std::uint64_t sequence = 0;               ///< order within the run, from 0
  VirtAddr address;                         ///< the exact byte (CR2)
  std::uint64_t instruction_pointer = 0;    ///< real faults only; 0: not known
  std::uint64_t time_ns = 0;                ///< real faults only: since the run began; 0: not known
  std::uint32_t process = 0;                ///< index of the process in the run, 0 is the first
  std::uint32_t thread = 0;                 ///< index of the thread in its process, 0 is the first
  std::uint32_t esr = 0;                    ///< arm64: ESR_EL1; 0 elsewhere, and without exception
  std::optional<std::uint16_t> error_code;  ///< x86
  std::optional<Access> access;
  Mode mode = Mode::User;
  Outcome outcome = Outcome::Minor;
  Cause cause = Cause::Unknown;
  AccessTag tag{};
  Decisions decisions;  ///< simulated faults only
};

/// What getrusage counts (minor, major) and what the processor took (exceptions).
struct Counters {
  std::uint64_t minor = 0;
  std::uint64_t major = 0;
  std::uint64_t exceptions = 0;

  friend bool operator==(const Counters&, const Counters&) = default;
};

/// The resident set of one address space, in bytes, as /proc/PID/status splits it
/// (spec/linux-faults section 12). Signed, so that a difference is one too.
struct Rss {
  std::int64_t anon = 0;
  std::int64_t file = 0;
  std::int64_t shmem = 0;
  std::int64_t swap = 0;
  std::int64_t page_tables = 0;

  friend Rss operator-(const Rss& a, const Rss& b) {
    return {a.anon - b.anon, a.file - b.file, a.shmem - b.shmem, a.swap - b.swap,
            a.page_tables - b.page_tables};
  }
  friend bool operator==(const Rss&, const Rss&) = default;
};

/// A signal a fault ended in (spec/linux-faults section 3).
struct SignalInfo {
  int number = 0;                ///< SIGSEGV, SIGBUS, SIGABRT
  int code = 0;                  ///< si_code: SEGV_MAPERR, _ACCERR, _PKUERR, BUS_ADRERR, SI_KERNEL
  VirtAddr address;              ///< si_addr
  std::uint32_t trap = 0;        ///< x86: 14 page fault, 13 general protection
  std::uint32_t error_code = 0;  ///< x86: as reported to the handler
  std::uint32_t esr = 0;         ///< arm64: as reported to the handler

  friend bool operator==(const SignalInfo&, const SignalInfo&) = default;
};

/// Where a machine files its faults. Counting is always on; records are kept only while asked for,
/// since a record is larger than the page table entry it tells of.
class Ledger {
 public:
  void keep_records(bool keep) noexcept { keep_ = keep; }
  void file(const FaultRecord& record);
  /// The same for a record that need not be made unless it is kept.
  template <class Make>
  void file(Cause cause, Make&& make) {
    if (keep_) return file(make());
    ++by_cause_[static_cast<std::size_t>(cause)];
    ++sequence_;
  }
  [[nodiscard]] const std::vector<FaultRecord>& records() const noexcept { return records_; }
  [[nodiscard]] std::uint64_t by_cause(Cause cause) const noexcept {
    return by_cause_[static_cast<std::size_t>(cause)];
  }
  void clear_records() noexcept { records_.clear(); }

 private:
  bool keep_ = true;
  std::uint64_t sequence_ = 0;
  std::uint64_t by_cause_[kCauses] = {};
  std::vector<FaultRecord> records_;
};

}  // namespace pagesim
