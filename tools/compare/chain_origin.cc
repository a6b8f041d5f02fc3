// From the faulting instruction outwards to the first frame that tells.
#include "tools/compare/chain_origin.h"

namespace tools::compare {
namespace {

using allocator::Writer;

/// What a function of malloc's kin leaves to the C library at its end, in a jump.
std::optional<Writer> writer_at_end(const std::string& function) {
  if (function == "calloc") return Writer::CallocClear;
  if (function == "realloc") return Writer::ReallocCopy;
  return std::nullopt;
}

}  // namespace

const ChainOrigin& ChainOrigins::of(CallTree::Chain chain) {
  if (known_.size() <= chain) known_.resize(list_.calls.size());
  std::optional<ChainOrigin>& known = known_[chain];
  if (!known) known = find(chain);
  return *known;
}

/// What the C library does for a caller, clear or copy or lock, is the caller's; and where that
/// was called in its place by a jump of malloc's kin, malloc's.
ChainOrigin ChainOrigins::find(CallTree::Chain chain) {
  bool called = false;  // the frame is a caller, not the instruction that faulted
  for (const CodePlace& place : list_.calls.frames(chain)) {
    const std::string& file = list_.files[place.file];
    if (code_.contains(file, place.offset)) return in_allocator(place);
    if (called) {
      if (const auto origin = by_call(file, place.offset)) return *origin;
    }
    if (file != code_.c_library()) break;
    called = true;
  }
  return {Payer::Program, Writer::User};
}

/// Of glibc's malloc and the peers' no writer is known.
ChainOrigin ChainOrigins::in_allocator(const CodePlace& place) const {
  if (code_.library().empty()) return {Payer::Malloc, std::nullopt};
  return {Payer::Malloc, std::nullopt, place};
}

std::optional<ChainOrigin> ChainOrigins::by_call(const std::string& file, std::uint64_t offset) {
  const auto target = targets_.of(file, offset);
  if (!target) return std::nullopt;
  const bool in_malloc = target->name.empty() ? code_.contains(file, target->offset)
                                              : is_malloc_function(target->name);
  if (!in_malloc) return std::nullopt;
  return ChainOrigin{Payer::Malloc, writer_at_end(target->name)};
}

}  // namespace tools::compare
