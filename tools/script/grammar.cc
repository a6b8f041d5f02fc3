// The grammar as a table: for each verb its word and its arguments, read by parser and printer.
#include "tools/script/grammar.h"

#include <algorithm>

namespace tools::script {
namespace {

using A = Argument;

/// In the order of Verb.
constexpr std::array<Grammar, kVerbs> kGrammar{{
    {"malloc", true, {A::Bytes}},
    {"calloc", true, {A::Count, A::Bytes}},
    {"realloc", true, {A::EndedName, A::Bytes}},
    {"memalign", true, {A::Count, A::Bytes}},
    {"aligned_alloc", true, {A::Count, A::Bytes}},
    {"posix_memalign", true, {A::Count, A::Bytes}},
    {"valloc", true, {A::Bytes}},
    {"pvalloc", true, {A::Bytes}},
    {"free", false, {A::EndedName}},
    {"malloc_trim", false, {A::Bytes}},
    {"mallopt", false, {A::Parameter, A::Delta}},
    {"mmap", true, {A::Bytes, A::Backing, A::Sharing, A::Protection, A::MmapOptions}},
    {"munmap", false, {A::Range}},
    {"mprotect", false, {A::Range, A::Protection}},
    {"mremap", true, {A::Block, A::Bytes, A::MremapOptions}},
    {"madvise", false, {A::Range, A::Advice}},
    {"mlock", false, {A::Range, A::OnfaultOption}},
    {"munlock", false, {A::Range}},
    {"msync", false, {A::Range}},
    {"mincore", false, {A::Range}},
    {"brk", false, {A::Delta}},
    {"file", false, {A::NewFile, A::Bytes, A::FileOptions}},
    {"cache", false, {A::FileRange}},
    {"evict", false, {A::FileRange}},
    {"truncate", false, {A::File, A::Bytes}},
    {"punch", false, {A::FilePages}},
    {"fsync", false, {A::File}},
    {"sync", false, {}},
    {"rewrite", false, {A::File, A::FilePage}},
    {"swapout", false, {A::Range}},
    {"sysctl", false, {A::Setting}},
    {"ksm_scan", false, {}},
    {"numa_scan", false, {A::Range}},
    {"read", false, {A::Target}},
    {"write", false, {A::Target}},
    {"update", false, {A::Place}},
    {"cas_fail", false, {A::Place}},
    {"exec", false, {A::Place}},
    {"prefetch", false, {A::Place}},
    {"copy", false, {A::Place, A::Source, A::Bytes}},
    {"fill", false, {A::Place, A::Bytes}},
    {"sys_read", false, {A::Place, A::Bytes, A::ReadSource}},
    {"sys_write", false, {A::Place, A::Bytes, A::WriteSink}},
    {"direct_read", false, {A::Place, A::Bytes, A::DirectFile}},
    {"vm_read", false, {A::PeerPlace, A::Bytes}},
    {"vm_write", false, {A::PeerPlace, A::Bytes}},
    {"mem_write", false, {A::PeerPlace, A::Bytes}},
    {"fork", false, {A::NewProcess}},
    {"vfork_write", false, {A::Place}},
    {"exit", false, {A::EndedProcess}},
    {"thread", false, {A::NewThread}},
    {"join", false, {A::EndedThread}},
}};
static_assert(kGrammar[static_cast<std::size_t>(Verb::Mmap)].word == "mmap");
static_assert(kGrammar[static_cast<std::size_t>(Verb::Read)].word == "read");
static_assert(kGrammar[static_cast<std::size_t>(Verb::Join)].word == "join");

}  // namespace

const Grammar& grammar_of(Verb verb) noexcept { return kGrammar[static_cast<std::size_t>(verb)]; }

std::optional<Verb> verb_of(std::string_view word) noexcept {
  const auto* const row = std::find_if(kGrammar.begin(), kGrammar.end(),
                                       [word](const Grammar& g) { return g.word == word; });
  if (row == kGrammar.end()) return std::nullopt;
  return static_cast<Verb>(row - kGrammar.begin());
}

std::string_view to_string(Verb verb) noexcept { return grammar_of(verb).word; }

}  // namespace tools::script
