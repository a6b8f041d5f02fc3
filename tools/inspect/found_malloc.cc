// Notes, and the search for a main arena.
#include "tools/inspect/found_malloc.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "allocator/policy.h"
#include "allocator/tcache.h"
#include "tools/inspect/elf_note.h"
#include "tools/inspect/plain_memory.h"

namespace tools::inspect {
namespace {

using allocator::kAlignment;
using allocator::kChunkHeader;

/// What the note of a library says.
struct StateNote {
  MallocKind kind;
  VirtAddr globals;
  std::int64_t thread_record;  ///< from the thread pointer
  std::int64_t thread_state;
};

/// Reads the notes of the ELF file mapped at `base`.
class NoteReader {
 public:
  NoteReader(const Snapshot& snapshot, VirtAddr base) : snapshot_{snapshot}, base_{base} {}

  [[nodiscard]] std::optional<StateNote> read() const {
    const auto note = find_note(snapshot_, base_, "Faultline");
    return note ? decode(note->words, note->type) : std::nullopt;
  }

 private:
  [[nodiscard]] std::optional<StateNote> decode(VirtAddr at, unsigned type) const {
    constexpr std::size_t kFirst = 4, kInstruction = 7;
    const auto record = thread_offset(at + kFirst);
    const auto state = thread_offset(at + kFirst + kInstruction);
    if (type < 1 || type > 2 || !record || !state) return std::nullopt;
    return StateNote{type == 1 ? MallocKind::Ptmalloc : MallocKind::Faultline, at + signed_half(at),
                     *record, *state};
  }
  /// `mov slot(%rip), %rax`, or as the linker of a program makes it, `mov $offset, %rax`.
  [[nodiscard]] std::optional<std::int64_t> thread_offset(VirtAddr at) const {
    constexpr std::array<std::uint8_t, 3> kLoad = {0x48, 0x8b, 0x05},
                                          kConstant = {0x48, 0xc7, 0xc0};
    std::array<std::uint8_t, 3> code{};
    if (!snapshot_.read(at, code.data(), code.size())) return std::nullopt;
    const std::int64_t operand = signed_half(at + code.size());
    if (code == kConstant) return operand;
    if (code != kLoad) return std::nullopt;
    return static_cast<std::int64_t>(snapshot_.word(at + code.size() + 4 + operand));
  }
  [[nodiscard]] std::int64_t signed_half(VirtAddr at) const {
    std::int32_t value = 0;
    snapshot_.read(at, &value, sizeof value);
    return value;
  }

  const Snapshot& snapshot_;
  VirtAddr base_;
};

FoundMalloc from_note(const Snapshot& snapshot, const StateNote& note) {
  constexpr std::size_t kHiddenCacheAt = 8;  // PreloadThread::cache
  FoundMalloc found{.kind = note.kind, .globals = note.globals, .caches = {}};
  for (const std::uint64_t pointer : snapshot.thread_pointers) {
    const VirtAddr tp{pointer};
    std::uint64_t block = snapshot.word(tp + note.thread_record);
    if (block == 0) block = snapshot.word(tp + note.thread_state + kHiddenCacheAt);
    if (block != 0) found.caches.emplace_back(block);
  }
  return found;
}

/// Looks for glibc's state.
class GlibcSearch {
 public:
  explicit GlibcSearch(const Snapshot& snapshot) : snapshot_{snapshot} {}

  [[nodiscard]] std::optional<VirtAddr> main_arena() const {
    VirtAddr data_end;
    for (const Mapping& mapping : snapshot_.mappings) {
      if (!mapping.writable || mapping.shared) continue;
      const bool follows = mapping.name.empty() && mapping.begin == data_end;  // .bss
      if (!mapping.is_file() && !follows) continue;
      data_end = mapping.end;
      if (const auto found = search(mapping)) return found;
    }
    return std::nullopt;
  }

  [[nodiscard]] std::vector<VirtAddr> caches() const {
    std::vector<VirtAddr> found;
    for (const std::uint64_t pointer : snapshot_.thread_pointers) {
      if (const auto block = cache_below(VirtAddr{pointer})) found.push_back(*block);
    }
    return found;
  }

 private:
  using Arena = allocator::Arena<PlainMemory>;

  [[nodiscard]] std::optional<VirtAddr> search(const Mapping& mapping) const {
    for (VirtAddr at = mapping.begin; at + allocator::kArenaBytes < mapping.end; at += 8) {
      if (is_arena(at)) return at;
    }
    return std::nullopt;
  }
  [[nodiscard]] bool is_arena(VirtAddr at) const {
    const PlainMemory memory{snapshot_};
    const Arena arena{memory, at};
    if (arena.top().is_null() || !is_bin(arena.bin(1))) return false;
    for (std::size_t i = 2; i < allocator::kBins; ++i) {
      if (!is_bin(arena.bin(i))) return false;
    }
    return !arena.next().at().is_null();
  }
  [[nodiscard]] static bool is_bin(allocator::Chunk<PlainMemory> bin) {
    const auto first = bin.fd(), last = bin.bk();
    if (first.is_null() || last.is_null()) return false;
    return first == bin ? last == bin : first.bk() == bin && last.fd() == bin;
  }

  /// The thread's words in the C library, and in others that a program starts with, lie there.
  [[nodiscard]] std::optional<VirtAddr> cache_below(VirtAddr tp) const {
    constexpr std::size_t kReach = 4096;
    std::optional<VirtAddr> empty;
    for (VirtAddr at = tp - 8; at >= tp - kReach; at = at - 8) {
      const VirtAddr block{snapshot_.word(at)};
      if (!is_cache(block)) continue;
      if (holds_any(block)) return block;
      if (!empty) empty = block;
    }
    return empty;
  }
  [[nodiscard]] bool is_cache(VirtAddr block) const {
    constexpr auto kSize = allocator::padded_size(allocator::Glibc236::kTcacheBlock);
    if (block.is_null() || !block.is_aligned(kAlignment)) return false;
    if (snapshot_.area_at(block - kChunkHeader) == nullptr) return false;
    const PlainMemory memory{snapshot_};
    const auto chunk = allocator::Chunk<PlainMemory>::of_user(memory, block);
    if (chunk.size() != kSize) return false;
    const allocator::Tcache<PlainMemory> cache{memory, block};
    for (std::size_t i = 0; i < allocator::Glibc236::kTcacheBins; ++i) {
      const VirtAddr head = cache.head(i);
      if ((cache.count(i) == 0) != head.is_null()) return false;
      if (!head.is_null() && snapshot_.area_at(head) == nullptr) return false;
    }
    return true;
  }
  [[nodiscard]] bool holds_any(VirtAddr block) const {
    const allocator::Tcache<PlainMemory> cache{PlainMemory{snapshot_}, block};
    for (std::size_t i = 0; i < allocator::Glibc236::kTcacheBins; ++i) {
      if (cache.count(i) != 0) return true;
    }
    return false;
  }

  const Snapshot& snapshot_;
};

/// "libjemalloc.so.2": a library of a malloc that cannot be read.
std::string other_malloc(const Snapshot& snapshot) {
  for (const Mapping& mapping : snapshot.mappings) {
    std::string file = mapping.name.substr(mapping.name.rfind('/') + 1);
    for (const std::string_view name : {"jemalloc", "tcmalloc", "mimalloc", "hoard", "snmalloc"}) {
      if (file.find(name) != std::string::npos) return file;
    }
  }
  return {};
}

}  // namespace

std::string_view to_string(MallocKind kind) noexcept {
  constexpr std::array<std::string_view, 3> kNames = {"glibc", "ptmalloc", "faultline"};
  return kNames[static_cast<std::size_t>(kind)];
}

FoundMalloc find_malloc(const Snapshot& snapshot) {
  for (const Mapping& mapping : snapshot.mappings) {
    if (!mapping.is_file() || mapping.offset != 0) continue;
    if (const auto note = NoteReader{snapshot, mapping.begin}.read()) {
      return from_note(snapshot, *note);
    }
  }
  const GlibcSearch search{snapshot};
  if (const auto arena = search.main_arena()) {
    return {.kind = MallocKind::Glibc, .globals = *arena, .caches = search.caches()};
  }
  const std::string other = other_malloc(snapshot);
  throw CannotInspect{fmt::format(
      "{} {}: its heap is none of glibc, libptmalloc.so or libfaultline.so.", snapshot.name,
      other.empty() ? "has called no malloc that is known" : "has the malloc of " + other)};
}

}  // namespace tools::inspect
