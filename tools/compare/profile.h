// Profile: the faults of one run by call stack and by call site, with names.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/compare/allocator_code.h"
#include "tools/compare/fault.h"
#include "tools/compare/symbols.h"

namespace tools::compare {

/// A place in the code, by name.
struct ProfileFrame {
  Symbol symbol;
  std::string object;        ///< the file; "[vdso]"; "" for code that belongs to none (JIT)
  std::uint64_t offset = 0;  ///< in the object
  bool allocator = false;

  /// "main (sort.c:12)", "main [sort]", "[sort+0x1234]", "[no file]": the same in every run.
  [[nodiscard]] std::string label() const;
};

/// Whose line of code it was: the first frame outside of the allocator and the C library, where
/// there is one.
struct Site {
  ProfileFrame frame;
  std::string via;  ///< what it called there: "malloc", "tc_new", "memset"; empty: nothing
  Payer payer = Payer::Program;
  std::uint64_t faults = 0;

  /// The label of the frame, and whether malloc faulted: the same under every allocator.
  [[nodiscard]] std::string label() const;
};

struct Profile {
  std::vector<ProfileFrame> frames;
  /// Callers first; the last frame is where it faulted. Those with faults only.
  struct Stack {
    std::vector<std::uint32_t> frames;  ///< indices above
    std::uint32_t site = 0;             ///< an index below
    std::uint64_t faults = 0;
  };
  std::vector<Stack> stacks;
  std::vector<Site> sites;                ///< most faults first
  std::vector<std::uint32_t> chain_site;  ///< by CallTree::Chain
};

/// Of the faults of user mode that were counted.
[[nodiscard]] Profile profile(const FaultList& list, const AllocatorCode& code, Symbols& symbols);

}  // namespace tools::compare
