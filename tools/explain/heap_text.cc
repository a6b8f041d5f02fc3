// Drawing a heap for a terminal.
#include "tools/explain/heap_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "tools/explain/fold.h"
#include "tools/report/table.h"

namespace tools::explain {
namespace {

using heap::ChunkState;
using heap::HeapPicture;
using heap::Region;
using pagesim::VirtAddr;
using report::grouped;

/// Of a row: a chunk's name, its bytes and its state, and what is left for its pages.
struct Columns {
  std::size_t chunk = 24;
  std::size_t bytes = 12;
  std::size_t state = 18;
  std::size_t pages = 16;
};

/// Beside those come blanks, flags and the mark: ten columns.
Columns row_columns(const Style& style) {
  Columns columns;
  if (style.width < kWidth) return {14, 8, 0, kWidth};
  columns.pages = style.width - (columns.chunk + columns.bytes + columns.state + 10);
  return columns;
}

Paint paint_of(ChunkState state) {
  switch (state) {
    case ChunkState::InUse:
    case ChunkState::Mmapped:
      return Paint::Green;
    case ChunkState::CacheBlock:
    case ChunkState::Fence:
      return Paint::Dim;
    case ChunkState::Broken:
    case ChunkState::Unlisted:
      return Paint::Red;
    case ChunkState::Top:
      return Paint::Bold;
    default:
      return Paint::Blue;
  }
}

bool alike(const heap::Chunk& a, const heap::Chunk& b) {
  return a.size == b.size && a.flags == b.flags && a.state == b.state && a.number == b.number;
}

/// Whether the broken rule was found at the chunk: at its header, or its first byte behind it.
bool is_broken(const HeapPicture& picture, const heap::Chunk& chunk) {
  return picture.broken && (chunk.at == picture.broken->at || chunk.user() == picture.broken->at);
}

/// Whether the chunk has a row of its own, however many there are.
bool stands_out(const HeapPicture& picture, const HeapWords& words, const heap::Chunk& chunk) {
  return is_broken(picture, chunk) || chunk.at == words.marked;
}

/// How many of the chunks, from the first on, share its row: all that are alike, or one.
std::size_t rows_share(const HeapPicture& picture, const HeapWords& words,
                       std::span<const heap::Chunk> chunks) {
  constexpr std::size_t kFew = 8;
  const auto ends = [&](const heap::Chunk& chunk) {
    return !alike(chunk, chunks.front()) || stands_out(picture, words, chunk);
  };
  const auto n = std::find_if(chunks.begin(), chunks.end(), ends) - chunks.begin();
  return n >= static_cast<std::ptrdiff_t>(kFew) ? static_cast<std::size_t>(n) : 1;
}

std::string row(const heap::Chunk& first, std::size_t times, VirtAddr end, const HeapWords& words,
                const Style& style) {
  const Columns columns = row_columns(style);
  const std::string many = times == 1 ? "" : fmt::format(" x {}", grouped(times));
  const std::string size = first.state == ChunkState::Broken ? "?" : grouped(first.size);
  std::string text = fmt::format("{} {:<{}} {:>{}} {} ", first.at == words.marked ? '>' : ' ',
                                 words.chunk(first.at), columns.chunk, size, columns.bytes,
                                 flags_text(first.flags));
  text += style.paint(paint_of(first.state),
                      fmt::format("{:<{}} ", state_text(first) + many, columns.state));
  if (words.pages && first.state != ChunkState::Fence) {
    const VirtAddr last = std::max(end, first.at + 1);
    text += runs_text(words.pages(first.at, last), columns.pages, style);
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text + '\n';
}

std::string rule_row(const HeapPicture& picture, const Style& style) {
  return style.paint(Paint::Red, "    broken here: " + picture.broken->rule) + '\n';
}

std::string region_title(const Region& region, const HeapWords& words, const Style& style) {
  const std::string whose = region.mapped       ? "mapped chunk"
                            : region.arena == 0 ? "main arena"
                                                : fmt::format("arena {}", region.arena);
  return style.paint(Paint::Bold,
                     fmt::format("  {}: {}, {} bytes\n", whose, words.address(region.begin),
                                 grouped(region.end - region.begin)));
}

/// The chunk to go on with after the last row that fits: one that stands out, or none.
std::size_t next_shown(const HeapPicture& picture, const HeapWords& words,
                       const std::vector<heap::Chunk>& chunks, std::size_t from) {
  while (from < chunks.size() && !stands_out(picture, words, chunks[from])) ++from;
  return from;
}

std::string left_out(const std::vector<heap::Chunk>& chunks, std::size_t from, std::size_t to) {
  if (from == to) return {};
  return fmt::format("  ... {} more chunks, {} bytes\n", grouped(to - from),
                     grouped(chunks[to - 1].end() - chunks[from].at));
}

std::string region_text(const HeapPicture& picture, const Region& region, const HeapWords& words,
                        const Style& style) {
  std::string text = region.mapped ? "" : region_title(region, words, style);
  const auto& chunks = region.chunks;
  std::size_t rows = 0;
  for (std::size_t i = 0; i < chunks.size();) {
    if (++rows >= words.most_rows && !stands_out(picture, words, chunks[i])) {
      const std::size_t shown = next_shown(picture, words, chunks, i);
      text += left_out(chunks, i, shown);
      i = shown;
      continue;
    }
    const std::size_t n = rows_share(picture, words, std::span{chunks}.subspan(i));
    text += row(chunks[i], n, chunks[i + n - 1].end(), words, style);
    if (is_broken(picture, chunks[i])) text += rule_row(picture, style);
    i += n;
  }
  return text;
}

std::string known(const char* name, const std::optional<std::uint64_t>& value) {
  return value ? fmt::format("{} {}; ", name, grouped(*value)) : std::string{};
}

}  // namespace

std::string state_text(const heap::Chunk& chunk) {
  switch (chunk.state) {
    case ChunkState::ThreadCache:
    case ChunkState::Depot:
    case ChunkState::Fast:
    case ChunkState::Small:
    case ChunkState::Large:
      return fmt::format("{} {}", to_string(chunk.state), chunk.number);
    default:
      return std::string{to_string(chunk.state)};
  }
}

std::string flags_text(std::uint8_t flags) {
  std::string text = "---";
  if ((flags & allocator::kPrevInuse) != 0) text[0] = 'P';
  if ((flags & allocator::kIsMmapped) != 0) text[1] = 'M';
  if ((flags & allocator::kNonMainArena) != 0) text[2] = 'A';
  return text;
}

std::string chunk_text(const heap::Chunk& chunk, const HeapWords& words, const Style& style) {
  return row(chunk, 1, chunk.end(), words, style);
}

std::string regions_text(const HeapPicture& picture, const HeapWords& words, const Style& style) {
  const Columns columns = row_columns(style);
  std::string text = fmt::format("  {:<{}} {:>{}} PMA {:<{}} {}", "chunk", columns.chunk, "bytes",
                                 columns.bytes, "state", columns.state, words.pages ? "pages" : "");
  text.erase(text.find_last_not_of(' ') + 1);
  text += '\n';
  for (const Region& region : picture.regions) text += region_text(picture, region, words, style);
  return text;
}

std::string lists_text(const HeapPicture& picture, const HeapWords& words, const Style& style) {
  constexpr std::size_t kMost = 8;
  std::string text;
  for (const heap::List& list : picture.lists) {
    std::string members;
    for (std::size_t i = 0; i < list.chunks.size() && i < kMost; ++i) {
      members += (i == 0 ? "" : ", ") + words.chunk(list.chunks[i]);
    }
    if (list.chunks.size() > kMost) members += ", ...";
    const std::string name = list.kind == heap::ListKind::Unsorted
                                 ? "unsorted"
                                 : fmt::format("{} {}", heap::to_string(list.kind), list.number);
    const std::string count = list.chunks.size() == 1 ? "" : grouped(list.chunks.size()) + ": ";
    text += hang(fmt::format("  {:<16} ", name), count + members, style.width);
  }
  return text;
}

std::string arenas_text(const HeapPicture& picture, const HeapWords& words, const Style& style) {
  std::string text;
  for (std::size_t i = 0; i < picture.arenas.size(); ++i) {
    const heap::ArenaPicture& arena = picture.arenas[i];
    const std::string name = i == 0 ? "main arena" : fmt::format("arena {}", i);
    std::string facts = fmt::format("{} bytes of system memory", grouped(arena.system_mem));
    if (!arena.top.is_null()) facts += ", top " + words.address(arena.top);
    if (!arena.last_remainder.is_null()) {
      facts += ", last remainder " + words.chunk(arena.last_remainder);
    }
    text += hang(fmt::format("  {:<16} ", name), facts, style.width);
  }
  return text;
}

std::string thresholds_text(const heap::Thresholds& thresholds, const Style& style) {
  std::string text =
      known("mmap_threshold", thresholds.mmap_threshold) +
      known("trim_threshold", thresholds.trim_threshold) + known("top_pad", thresholds.top_pad) +
      known("max_fast", thresholds.max_fast) + known("tcache_count", thresholds.tcache_count) +
      known("n_mmaps", thresholds.n_mmaps) + known("mmapped_mem", thresholds.mmapped_mem);
  const std::string facts = text.empty() ? "unknown: this malloc does not say where they are"
                                         : text.substr(0, text.size() - 2);
  return hang(fmt::format("  {:<16} ", "thresholds"), facts, style.width);
}

std::string broken_text(const HeapPicture& picture, const HeapWords& words, const Style& style) {
  if (!picture.broken) return {};
  return style.paint(Paint::Red, fmt::format("  broken: {}, at {}", picture.broken->rule,
                                             words.chunk(picture.broken->at))) +
         '\n';
}

std::string heap_text(const HeapPicture& picture, const HeapWords& words, const Style& style) {
  if (!picture.initialized) return "  heap: malloc was not called yet\n";
  return regions_text(picture, words, style) + lists_text(picture, words, style) +
         arenas_text(picture, words, style) + thresholds_text(picture.thresholds, style) +
         broken_text(picture, words, style);
}

}  // namespace tools::explain
