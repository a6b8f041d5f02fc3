// ChainOrigins: whose access a call chain ends in, and which of the allocator's words it was for.
#pragma once

#include <optional>
#include <vector>

#include "tools/compare/allocator_code.h"
#include "tools/compare/call_target.h"
#include "tools/compare/fault.h"

namespace tools::compare {

struct ChainOrigin {
  Payer payer = Payer::Program;
  std::optional<allocator::Writer> writer{};  ///< as Fault::writer
  std::optional<CodePlace>
      code{};  ///< the allocator's, where that tells the writer (writer_code.h)
};

/// Of the chains of one run's list, each looked at once.
class ChainOrigins {
 public:
  ChainOrigins(const AllocatorCode& code, CallTargets& targets, const FaultList& list)
      : code_{code}, targets_{targets}, list_{list} {}

  [[nodiscard]] const ChainOrigin& of(CallTree::Chain chain);

 private:
  [[nodiscard]] ChainOrigin find(CallTree::Chain chain);
  [[nodiscard]] ChainOrigin in_allocator(const CodePlace& place) const;
  [[nodiscard]] std::optional<ChainOrigin> by_call(const std::string& file, std::uint64_t offset);

  const AllocatorCode& code_;
  CallTargets& targets_;
  const FaultList& list_;
  std::vector<std::optional<ChainOrigin>> known_;  ///< by chain
};

}  // namespace tools::compare
