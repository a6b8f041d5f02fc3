// Whose the words of a chunk are, from its state in the picture of its heap.
#include "tools/explain/chunk_words.h"

#include <fmt/format.h>

#include <optional>

#include "allocator/chunk.h"
#include "tools/report/table.h"

namespace tools::explain {
namespace {

using heap::Chunk;
using heap::ChunkState;
using pagesim::VirtAddr;

/// Nothing where no byte of it is in memory.
std::optional<std::uint64_t> word_at(const pagesim::Task& task, VirtAddr at) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < 8; ++i) {
    const auto byte = task.peek(at + i);
    if (!byte) return std::nullopt;
    value |= std::uint64_t{*byte} << (8 * i);
  }
  return value;
}

std::string_view description(ChunkState state) {
  switch (state) {
    case ChunkState::Mmapped:
      return "in use, a mapping of its own";
    case ChunkState::CacheBlock:
      return "in use, it holds a thread's cache";
    case ChunkState::ThreadCache:
      return "free, in the thread's cache";
    case ChunkState::Fast:
      return "free, in a fastbin";
    case ChunkState::Unsorted:
      return "free, in the unsorted list";
    case ChunkState::Small:
      return "free, in a list of chunks of its size";
    case ChunkState::Large:
      return "free, in a list of large chunks";
    case ChunkState::Top:
      return "top: what the heap has left";
    default:
      return to_string(state);
  }
}

bool is_linked(ChunkState state) {
  return state == ChunkState::Unsorted || state == ChunkState::Small || state == ChunkState::Large;
}

constexpr const char* kNobody = "nobody: what the program left";

/// Of the first words behind the header of a free chunk.
std::string owner_of_link(const Chunk& chunk, std::size_t offset) {
  const bool first = offset == 16;
  switch (chunk.state) {
    case ChunkState::ThreadCache:
      if (first) return "malloc: next, mangled";
      return offset == 24 ? "malloc: the cache's key" : kNobody;
    case ChunkState::Fast:
      return first ? "malloc: next, mangled" : kNobody;
    case ChunkState::Unsorted:
    case ChunkState::Small:
    case ChunkState::Large:
      if (first) return "malloc: next in the list";
      if (offset == 24) return "malloc: previous in the list";
      if (!allocator::ChunkSize::of(chunk.size).is_large()) return kNobody;
      return chunk.state == ChunkState::Large ? "malloc: a chunk of another size"
                                              : "malloc: not sorted by size yet";
    case ChunkState::Top:
      return "nobody: it was not handed out";
    default:
      return "the program";
  }
}

std::string owner_of_foot(ChunkState state) {
  if (is_linked(state)) return "malloc: this chunk's size again";
  const bool in_use = state == ChunkState::InUse;
  return in_use ? "the program: its last 8 bytes" : kNobody;
}

std::string owner_below(const Chunk& chunk) {
  if ((chunk.flags & allocator::kPrevInuse) != 0) return "the program: the block below";
  return chunk.state == ChunkState::Mmapped ? "malloc: bytes before it" : "malloc: the size below";
}

bool has_next(ChunkState state) {
  return state != ChunkState::Mmapped && state != ChunkState::Top && state != ChunkState::Broken;
}

std::string size_text(const Chunk& chunk) {
  const auto flag = [&](std::uint64_t bit) { return (chunk.flags & bit) != 0 ? 1 : 0; };
  return fmt::format("malloc: size {}, N={} M={} P={}", chunk.size, flag(allocator::kNonMainArena),
                     flag(allocator::kIsMmapped), flag(allocator::kPrevInuse));
}

}  // namespace

std::string chunk_words(const heap::HeapPicture& picture, const pagesim::Task& task, VirtAddr user,
                        const std::string& name) {
  const Chunk* const chunk = picture.chunk_at(user - allocator::kChunkHeader);
  if (chunk == nullptr) return fmt::format("{}: it lies in no chunk that malloc has\n", name);
  report::Table table{{{"bytes", report::Align::Left},
                       {"word", report::Align::Left},
                       {"value", report::Align::Left},
                       {"whose", report::Align::Left}}};
  const auto add = [&](std::size_t offset, const char* word, const std::string& whose) {
    const auto value = word_at(task, chunk->at + offset);
    const auto from_user = static_cast<std::int64_t>((chunk->at + offset).raw() - user.raw());
    table.add({fmt::format("{}{:+}", name, from_user), word,
               value ? fmt::format("{:#x}", *value) : "not in memory", whose});
  };
  add(0, "prev_size", owner_below(*chunk));
  add(8, "size", size_text(*chunk));
  constexpr const char* kWords[] = {"fd", "bk", "fd_nextsize", "bk_nextsize"};
  for (std::size_t i = 0; i < 4 && 16 + 8 * i < chunk->size; ++i) {
    add(16 + 8 * i, kWords[i], owner_of_link(*chunk, 16 + 8 * i));
  }
  if (has_next(chunk->state)) {
    add(chunk->size, "next's prev_size", owner_of_foot(chunk->state));
  }
  return fmt::format("the chunk of {}: {} bytes, {}\n{}", name, report::grouped(chunk->size),
                     description(chunk->state), table.to_text());
}

}  // namespace tools::explain
