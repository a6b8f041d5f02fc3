// The summary at exit and the map around a broken place.
#include "allocator/preload_report.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstring>

#include "allocator/preload_text.h"
#include "allocator/walk.h"

namespace allocator {
namespace {

using ProcessChunk = Chunk<ProcessMemory>;
constexpr std::size_t kPage = 4096;
constexpr std::size_t kSmallFreeHeader = 32;  // up to bk
constexpr std::size_t kLargeFreeHeader = 48;  // up to bk_nextsize

/// Pages of heaps that are present, and those of them where nothing but chunk headers and feet, and
/// the links of free chunks in lists, is other than zero.
struct HeapPages {
  std::size_t resident = 0;
  std::size_t headers_only = 0;
};

/// Counts the pages of one segment, whose chunks come in ascending order.
class PageCounter {
 public:
  explicit PageCounter(HeapPages& pages) noexcept : pages_{&pages} {}

  /// The contents of a chunk: [from, to).
  void contents(VirtAddr from, VirtAddr to) noexcept {
    while (from < to) {
      const VirtAddr page = from.align_down(kPage);
      enter(page);
      const VirtAddr stop = to < page + kPage ? to : page + kPage;
      if (present_ && headers_only_) headers_only_ = is_zero(from, stop);
      from = stop;
    }
  }
  /// A header, which has its page present.
  void header(VirtAddr at) noexcept { enter(at.align_down(kPage)); }
  void finish() noexcept {
    if (!page_.is_null() && present_) {
      ++pages_->resident;
      pages_->headers_only += headers_only_ ? 1 : 0;
    }
    page_ = VirtAddr{};
  }

 private:
  void enter(VirtAddr page) noexcept {
    if (page == page_) return;
    finish();
    page_ = page;
    headers_only_ = true;
    unsigned char core = 0;
    present_ = ::mincore(to_pointer(page), kPage, &core) == 0 && (core & 1) != 0;
  }
  static bool is_zero(VirtAddr from, VirtAddr to) noexcept {
    const auto* const bytes = static_cast<const char*>(to_pointer(from));
    return std::all_of(bytes, bytes + (to - from), [](char byte) { return byte == 0; });
  }

  HeapPages* pages_;
  VirtAddr page_;
  bool present_ = false;
  bool headers_only_ = true;
};

HeapPages count_pages() noexcept {
  HeapPages pages;
  for_each_segment<ProcessMemory, ProcessPolicy>(ProcessMemory{}, [&pages](Segment segment) {
    PageCounter counter{pages};
    for_each_chunk(ProcessMemory{}, segment, [&](ProcessChunk p, std::size_t size) {
      const VirtAddr end = p.at() + size;
      counter.header(p.at() + kWord);
      if (end == segment.end) {
        counter.contents(p.user(), end);  // top
      } else if (p.inuse(ChunkSize::of(size))) {
        counter.contents(p.user(), end + kWord);
      } else {
        counter.contents(p.at() + (size < kMinLarge ? kSmallFreeHeader : kLargeFreeHeader), end);
      }
      return true;
    });
    counter.finish();
  });
  return pages;
}

constexpr std::size_t kColumn = 16;

void add_calls(Text& text, const Usage& usage) noexcept {
  static constexpr Name kNames[kOperations]{
      {"malloc"}, {"calloc"}, {"realloc"}, {"aligned"}, {"free"}};
  text << "  operations";
  text.column(kColumn) << usage.all_calls << " (";
  for (std::size_t i = 0; i < kOperations; ++i) {
    text << (i == 0 ? "" : ", ") << kNames[i].view() << " " << usage.calls[i];
  }
  text << ")\n";
}

/// The chunks of a segment near `at`: the ones before, the one that holds it, the ones behind.
class Map {
 public:
  Map(Segment segment, VirtAddr at) noexcept : segment_{segment}, at_{at} {}

  void print() noexcept {
    const std::size_t centre = find_centre();
    Text text;
    text << "     chunk";
    text.column(kSizeColumn) << "size";
    text.column(kFlagsColumn) << "flags\n";
    std::size_t index = 0;
    VirtAddr reached = segment_.begin;
    for_each_chunk(m_, segment_, [&](ProcessChunk p, std::size_t size) {
      ++index;
      reached = p.at() + size;
      if (index + kAround >= centre) add_chunk(text, p, size);
      return index < centre + kAround;
    });
    if (index < centre + kAround && reached < segment_.end) add_bad_header(text, reached);
    text.print();
  }

 private:
  static constexpr std::size_t kAround = 4;
  static constexpr std::size_t kSizeColumn = 26;
  static constexpr std::size_t kFlagsColumn = 38;

  /// The number of the chunk that holds the place, or of the last one that can be reached.
  std::size_t find_centre() const noexcept {
    std::size_t index = 0;
    for_each_chunk(m_, segment_, [&](ProcessChunk p, std::size_t size) {
      ++index;
      return at_ >= p.at() + size;
    });
    return index;
  }
  void add_chunk(Text& text, ProcessChunk p, std::size_t size) const noexcept {
    const std::uint64_t head = p.head();
    const bool is_last = p.at() + size == segment_.end;
    text << (p.at() <= at_ && at_ < p.at() + size ? "  -> " : "     ");
    text.hex(p.at().raw()).column(kSizeColumn) << size;
    text.column(kFlagsColumn) << ((head & kPrevInuse) != 0 ? 'P' : '-')
                              << ((head & kIsMmapped) != 0 ? 'M' : '-')
                              << ((head & kNonMainArena) != 0 ? 'N' : '-') << "  ";
    const bool in_use = !is_last && p.inuse(ChunkSize::of(size));
    text << (is_last ? "top" : in_use ? "in use, or cached" : "free") << '\n';
  }
  void add_bad_header(Text& text, VirtAddr at) const noexcept {
    text << "  -> ";
    text.hex(at.raw()).column(kSizeColumn).hex(ProcessChunk{m_, at}.head()) << " is no size\n";
  }

  [[no_unique_address]] ProcessMemory m_;
  Segment segment_;
  VirtAddr at_;
};

}  // namespace

void report_usage(const Usage& usage) noexcept {
  rusage kernel{};
  ::getrusage(RUSAGE_SELF, &kernel);
  const HeapPages pages = count_pages();
  Text text;
  text << "faultline: " << program_invocation_short_name << ", process "
       << static_cast<std::uint64_t>(::getpid()) << '\n';
  text << "  faults";
  text.column(kColumn) << static_cast<std::uint64_t>(kernel.ru_minflt) << " minor, "
                       << static_cast<std::uint64_t>(kernel.ru_majflt) << " major\n";
  add_calls(text, usage);
  text << "  bytes";
  text.column(kColumn) << usage.bytes << " in use, " << usage.peak_bytes << " at the peak\n";
  text << "  heap pages";
  text.column(kColumn) << pages.resident << " present, " << pages.headers_only
                       << " of them touched by headers alone\n";
  text.print();
}

void report_broken(const HeapCheck& check) noexcept {
  Text text;
  text << "faultline: the heap is broken: " << check.broken << ", at ";
  text.hex(check.at.raw()) << '\n';
  text.print();
  for_each_segment<ProcessMemory, ProcessPolicy>(ProcessMemory{}, [&check](Segment segment) {
    if (segment.contains(check.at)) Map{segment, check.at}.print();
  });
}

}  // namespace allocator
