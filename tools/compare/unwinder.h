// Unwinder: from a fault's registers and the top of its stack to the chain of its callers.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "tools/compare/address_space.h"
#include "tools/compare/fault.h"
#include "tools/compare/fault_stream.h"
#include "tools/compare/unwind_table.h"

namespace tools::compare {

/// Kept over all runs: the tables of files, and what was found in them.
class UnwindTables {
 public:
  [[nodiscard]] UnwindTable& of(const std::string& file);

 private:
  std::unordered_map<std::string, UnwindTable> tables_;
};

/// Of one run, whose files and chains go into its list. A chain ends where the stack that was kept
/// ends, or in code whose file does not say where its caller is.
class Unwinder {
 public:
  Unwinder(UnwindTables& tables, FaultList& list) : tables_{tables}, list_{list} {}

  [[nodiscard]] CallTree::Chain chain(const AddressSpace& space, const StreamFault& fault);
  /// A process has become another program, or a new one has its number.
  void forget(std::int32_t pid) { known_.erase(pid); }
  /// Where an instruction lies in its file.
  [[nodiscard]] CodePlace place(const AddressSpace& space, std::uint64_t instruction);

 private:
  struct Step {
    CallTree::Chain chain = CallTree::kEmpty;
    const FrameRule* rule = nullptr;  ///< null: no caller is known
  };
  struct Key {
    CallTree::Chain inner;
    std::uint64_t instruction;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const noexcept;
  };
  /// What was found in a process while its code stays where it is.
  struct Known {
    std::uint64_t code_version = 0;
    std::unordered_map<Key, Step, Hash> steps;
  };

  Step step(Known& known, const AddressSpace& space, const Key& key);
  Known& known_of(const AddressSpace& space, std::int32_t pid);

  UnwindTables& tables_;
  FaultList& list_;
  std::unordered_map<std::int32_t, Known> known_;  ///< by process
};

}  // namespace tools::compare
