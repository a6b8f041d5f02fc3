// The view "chunk": the words of a block's chunk, and whose each of them is now.
#include <fmt/format.h>

#include "allocator/chunk.h"
#include "allocator/params.h"
#include "tools/explain/view.h"
#include "tools/report/table.h"

namespace tools::explain {
namespace {

using pagesim::VirtAddr;

enum class Life : std::uint8_t { InUse, Mapped, Cached, Fast, Listed, Large };

/// The words around one chunk, read without an access.
class ChunkWords {
 public:
  ChunkWords(const pagesim::Task& task, VirtAddr user, VirtAddr globals)
      : task_{task}, at_{user - allocator::kChunkHeader}, globals_{globals} {}

  /// Nothing where no byte of it is in memory.
  [[nodiscard]] std::optional<std::uint64_t> word(std::size_t offset) const {
    return word_at(at_ + offset);
  }
  [[nodiscard]] std::uint64_t head() const { return word(8).value_or(0); }
  [[nodiscard]] std::size_t size() const { return head() & ~allocator::kSizeBits; }
  [[nodiscard]] bool below_in_use() const { return (head() & allocator::kPrevInuse) != 0; }
  [[nodiscard]] Life life(bool freed) const;

 private:
  [[nodiscard]] std::optional<std::uint64_t> word_at(VirtAddr at) const {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < 8; ++i) {
      const auto byte = task_.peek(at + i);
      if (!byte) return std::nullopt;
      value |= std::uint64_t{*byte} << (8 * i);
    }
    return value;
  }

  const pagesim::Task& task_;
  VirtAddr at_;
  VirtAddr globals_;
};

Life ChunkWords::life(bool freed) const {
  if ((head() & allocator::kIsMmapped) != 0) return Life::Mapped;
  const std::uint64_t next_head = word(size() + 8).value_or(allocator::kPrevInuse);
  if ((next_head & allocator::kPrevInuse) == 0) {
    return allocator::ChunkSize::of(size()).is_large() ? Life::Large : Life::Listed;
  }
  if (!freed) return Life::InUse;
  // The cache's key stands in the second word of every chunk it holds.
  return word(24) == word_at(globals_ + allocator::kParamsAt) ? Life::Cached : Life::Fast;
}

std::string_view description(Life life) {
  switch (life) {
    case Life::InUse:
      return "in use";
    case Life::Mapped:
      return "in use, a mapping of its own";
    case Life::Cached:
      return "free, in the thread's cache";
    case Life::Fast:
      return "free, in a fastbin";
    case Life::Listed:
      return "free, in a doubly linked list";
    case Life::Large:
      return "free, in a list of large chunks";
  }
  return "";
}

/// Whose the words behind the header are.
std::string owner(Life life, std::size_t offset, std::size_t size) {
  const bool foot = offset == size;
  switch (life) {
    case Life::InUse:
      return foot ? "the program: its last 8 bytes" : "the program";
    case Life::Mapped:
      return foot ? "nobody: the mapping ends here" : "the program";
    case Life::Cached:
      return offset == 16   ? "malloc: next, mangled"
             : offset == 24 ? "malloc: the cache's key"
                            : "nobody: what the program left";
    case Life::Fast:
      return offset == 16 ? "malloc: next, mangled" : "nobody: what the program left";
    default:
      if (foot) return "malloc: this chunk's size again";
      if (offset == 16) return "malloc: next in the list";
      if (offset == 24) return "malloc: previous in the list";
      return life == Life::Large ? "malloc: a chunk of another size"
                                 : "nobody: what the program left";
  }
}

std::string flags(std::uint64_t head) {
  return fmt::format("size {}, N={} M={} P={}", head & ~allocator::kSizeBits,
                     (head & allocator::kNonMainArena) != 0 ? 1 : 0,
                     (head & allocator::kIsMmapped) != 0 ? 1 : 0,
                     (head & allocator::kPrevInuse) != 0 ? 1 : 0);
}

bool was_freed(const script::Program& program, const ViewRequest& request) {
  bool freed = false;
  for (std::size_t i = 0; i <= request.op; ++i) {
    const script::Op& op = program.ops[i];
    if (op.verb == script::Verb::Free && op.to.name == request.place.name) freed = true;
    if (op.result == request.place.name) freed = false;
  }
  return freed;
}

}  // namespace

std::string show_chunk(const ViewRequest& request, const Look& look) {
  const VirtAddr user = look.run.address(request.process, request.place);
  const ChunkWords chunk{*look.run.task(request.process), user,
                         VirtAddr{look.run.so_far().globals_base}};
  const Life life = chunk.life(was_freed(look.program, request));
  const std::size_t size = chunk.size();
  report::Table table{{{"bytes", report::Align::Left},
                       {"word", report::Align::Left},
                       {"value", report::Align::Left},
                       {"whose", report::Align::Left}}};
  const auto add = [&](std::size_t offset, const char* name, const std::string& whose) {
    const auto value = chunk.word(offset);
    const auto from_user = static_cast<std::int64_t>(offset) - 16;
    table.add({fmt::format("{}{:+}", request.place_text, from_user), name,
               value ? fmt::format("{:#x}", *value) : "not in memory", whose});
  };
  add(0, "prev_size",
      chunk.below_in_use()   ? "the program: the block below"
      : life == Life::Mapped ? "malloc: bytes before it"
                             : "malloc: the size below");
  add(8, "size", "malloc: " + flags(chunk.head()));
  constexpr const char* kWords[] = {"fd", "bk", "fd_nextsize", "bk_nextsize"};
  for (std::size_t i = 0; i < 4 && 16 + 8 * i < size; ++i) {
    const std::size_t offset = 16 + 8 * i;
    const bool unsorted = life == Life::Large && i >= 2 && chunk.word(offset) == 0;
    add(offset, kWords[i], unsorted ? "malloc: not sorted by size yet" : owner(life, offset, size));
  }
  if (life != Life::Mapped) add(size, "next's prev_size", owner(life, size, size));
  return fmt::format("the chunk of {}: {} bytes, {}\n{}", request.place_text, report::grouped(size),
                     description(life), table.to_text());
}

}  // namespace tools::explain
