// CallLog: what one operation did to memory, access by access, and why the allocator did it.
#pragma once

#include <cstdint>
#include <vector>

#include "allocator/decision.h"
#include "pagesim/machine.h"

namespace tools::run::sim {

/// Accesses of one instruction, or of one copy or fill.
struct LoggedAccess {
  pagesim::VirtAddr at;
  std::uint64_t bytes = 0;
  pagesim::Access access = pagesim::Access::Read;
  pagesim::AccessTag tag{};  ///< allocator::writer_of tells who made it
  /// Faults [first_fault, end_fault) of the operation came while it was under way. Of a copy, which
  /// is two of these, both know all of them.
  std::uint32_t first_fault = 0;
  std::uint32_t end_fault = 0;
};

enum class SystemCall : std::uint8_t { Brk, Mmap, Munmap, Mremap, Mprotect, Madvise };

/// A decision of the allocator (allocator/decision.h), or a system call it made.
struct Note {
  enum class Kind : std::uint8_t { Decision, SystemCall };
  Kind kind = Kind::Decision;
  allocator::Decision decision{};
  SystemCall call{};
  std::uint32_t before = 0;  ///< index into CallLog::accesses: the first one that followed
  /// As the decision has them. brk: the bytes it moves by, where it is then, 0: refused. Others:
  /// where, bytes, the result (0: refused).
  std::uint64_t a = 0, b = 0, c = 0;
};

/// Of one operation. All but fork, thread, exit, join and copies by the kernel are logged.
struct CallLog {
  std::vector<LoggedAccess> accesses;
  std::vector<Note> notes;

  void clear() noexcept {
    accesses.clear();
    notes.clear();
  }
  void note(allocator::Decision decision, std::uint64_t a, std::uint64_t b, std::uint64_t c) {
    notes.push_back({.decision = decision, .before = here(), .a = a, .b = b, .c = c});
  }
  void note(SystemCall call, std::uint64_t a, std::uint64_t b, std::uint64_t c) {
    notes.push_back(
        {.kind = Note::Kind::SystemCall, .call = call, .before = here(), .a = a, .b = b, .c = c});
  }
  /// Makes an access and logs it, also if it ends in a signal.
  template <class Perform>
  auto access(const pagesim::Task& task, LoggedAccess logged, Perform perform) {
    const Entry entry{*this, task, logged};
    return perform();
  }
  /// rep movsb: a read and a write.
  template <class Perform>
  void copy(const pagesim::Task& task, LoggedAccess from, LoggedAccess to, Perform perform) {
    const Entry read{*this, task, from};
    const Entry written{*this, task, to};
    perform();
  }

 private:
  /// Counts the faults of an access from its beginning to its end, whatever that is.
  class Entry {
   public:
    Entry(CallLog& log, const pagesim::Task& task, const LoggedAccess& logged)
        : log_{log}, task_{task}, index_{log.accesses.size()} {
      log.accesses.push_back(logged);
      log.accesses[index_].first_fault = faults();
    }
    ~Entry() { log_.accesses[index_].end_fault = faults(); }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

   private:
    [[nodiscard]] std::uint32_t faults() const {
      return static_cast<std::uint32_t>(task_.machine().ledger().records().size());
    }
    CallLog& log_;
    const pagesim::Task& task_;
    std::size_t index_;
  };
  [[nodiscard]] std::uint32_t here() const { return static_cast<std::uint32_t>(accesses.size()); }
};

}  // namespace tools::run::sim
