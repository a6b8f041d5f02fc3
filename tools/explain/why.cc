// The words of the allocator's decisions, and of the system calls it makes.
#include "tools/explain/why.h"

#include <array>

namespace tools::explain {
namespace {

using allocator::Decision;
using run::sim::Note;
using run::sim::SystemCall;

/// In the order of Decision.
constexpr std::string_view kDecisionWords[allocator::kDecisions] = {
    "first call: malloc sets itself up",
    "{a} bytes are more than PTRDIFF_MAX: refused",
    "request {a} -> chunk {b}",
    "this thread has no cache yet: its block is made first",
    "the cache's block is at {A}",
    "not for the thread cache",
    "thread cache bin {a} empty",
    "thread cache bin {a} serves {C}, {b} left",
    "takes arena {A}, which no thread uses",
    "makes an arena, in a heap of its own",
    "shares arena {A}",
    "arena {A} has no memory: another one is tried",
    "fast bin {a} empty",
    "fast bin {a} serves {B}",
    "small bin {a} empty",
    "small bin {a} serves {B}",
    "{B} of the same size goes to thread cache bin {a}",
    "unsorted list empty",
    "unsorted: only the last remainder {A} ({b}), cut for {c}",
    "unsorted: {A} ({b}) fits",
    "unsorted: {A} ({b}) does not fit, moved to small bin {c}",
    "unsorted: {A} ({b}) does not fit, moved to large bin {c}",
    "{a} chunks sorted: enough for one call",
    "the last one put in thread cache bin {a} serves",
    "large bin {a}: no fit",
    "large bin {a}: best fit {B}",
    "next larger bin with a chunk: {a}, {B}",
    "no larger bin has a chunk",
    "cut from {A} ({b}), the other {c} to the unsorted list",
    "{A} ({b}) handed out whole",
    "top ({a}) too small for {b}",
    "cut from top, {A} ({b})",
    "top ({a}) is still too small: ENOMEM",
    "{a} >= mmap_threshold {b}: a mapping of its own",
    "mapped chunk {A} ({b}), flag M",
    "top {A} ({b}) grows by {c}",
    "new top {A} ({b})",
    "old top {A} fenced off, {b} of it to be freed",
    "the break was refused: {b} bytes mapped at {A} instead",
    "heap {A} grows by {b}",
    "new heap {A}, {b} bytes of it usable",
    "calloc clears {a} bytes",
    "{a} bytes are fresh from the kernel: calloc need not clear them",
    "mapping {A} has {b} bytes, wants {c}",
    "its {a} are enough for {b}: it stays",
    "next is top ({b}): grows into it, to {c}",
    "next is free, {A} ({b}): grows into it",
    "its {a} cannot become {b} where it is: a new chunk",
    "the new chunk {A} lies right behind: both are joined",
    "copies {b} bytes to {A}, then frees the old chunk",
    "the rest {A} ({b}) is freed",
    "chunk {b} wanted, so asks for {c} and cuts off the ends",
    "not aligned: {b} bytes before {C} given back",
    "{A} ({b}) behind it given back",
    "null: nothing to do",
    "free chunk {A} ({b})",
    "mapping {A} of {b} bytes goes back to the kernel",
    "mmap_threshold becomes {a}, trim_threshold {b}",
    "its second word is the thread cache's key: bin {a} is searched for it",
    "it is not there: its data is the key by chance",
    "thread cache bin {a} takes it, {b} there before",
    "thread cache bin {a} full: {b} chunks",
    "into fast bin {a}",
    "merged with the free chunk below, {A} ({b})",
    "merged with the free chunk above, {A} ({b})",
    "merged with top, which is {A} ({b}) now",
    "to the front of the unsorted list: {A} ({b})",
    "the fast bins are consolidated",
    "fast chunk {A} ({b})",
    "{a} >= 65,536: looks whether to trim",
    "top ({a}) is below trim_threshold {b}: kept",
    "top ends at {A}, the break is {B}: not trimmed",
    "gives {a} bytes back to the kernel, top keeps {c}",
    "heap {A} holds only top: unmapped",
    "heap {A} gives {b} bytes back",
    "drops {b} bytes of whole pages inside {A}",
    "sets a parameter"};

/// In the order of SystemCall.
constexpr std::array<std::string_view, 6> kCallWords = {"brk({B})",
                                                        "mmap of {b} bytes at {A}",
                                                        "munmap of {b} bytes at {A}",
                                                        "mremap of {A} to {b} bytes at {C}",
                                                        "mprotect of {b} bytes at {A}",
                                                        "madvise of {b} bytes at {A}"};
constexpr std::array<std::string_view, 6> kRefusedWords = {
    "brk refused",           "mmap of {b} bytes refused", "munmap of {A} refused",
    "mremap of {A} refused", "mprotect of {A} refused",   "madvise of {A} refused"};

bool refused(const Note& note) { return note.call == SystemCall::Brk ? note.b == 0 : note.c == 0; }

}  // namespace

std::string_view words_of(const Note& note) noexcept {
  if (note.kind == Note::Kind::Decision) {
    return kDecisionWords[static_cast<std::size_t>(note.decision)];
  }
  const auto& words = refused(note) ? kRefusedWords : kCallWords;
  return words[static_cast<std::size_t>(note.call)];
}

}  // namespace tools::explain
