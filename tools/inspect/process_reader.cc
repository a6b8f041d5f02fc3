// Maps, page map and memory of a stopped process.
#include "tools/inspect/process_reader.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>

#include "tools/inspect/process_memory.h"
#include "tools/inspect/rest.h"
#include "tools/inspect/skim.h"
#include "tools/inspect/stopped_process.h"
#include "tools/measure/page_map.h"

namespace tools::inspect {
namespace {

using Clock = std::chrono::steady_clock;
using measure::PageEntry;

/// A page map that is closed again.
struct OpenPageMap : measure::PageMap {
  explicit OpenPageMap(const std::string& path) { open(path.c_str()); }
  ~OpenPageMap() { close(); }
  OpenPageMap(const OpenPageMap&) = delete;
  OpenPageMap& operator=(const OpenPageMap&) = delete;
};

PageState small_state(PageEntry entry) {
  if (entry.guard()) return PageState::Guard;
  if (entry.swapped()) return PageState::Swap;
  if (!entry.present()) return PageState::Absent;
  if (entry.file()) return PageState::File;
  return entry.exclusive() ? PageState::Anon : PageState::AnonShared;
}

PageState state_of(PageEntry entry, bool zero, bool huge) {
  const PageState state = small_state(entry);
  if (state != PageState::Anon && state != PageState::AnonShared) return state;
  if (zero) return huge ? PageState::HugeZero : PageState::Zero;
  if (!huge) return state;
  return state == PageState::Anon ? PageState::Huge : PageState::HugeShared;
}

/// Before others on the processors, while a process is held still, as far as this user may.
class Hurry {
 public:
  Hurry() noexcept : before_{::getpriority(PRIO_PROCESS, 0)} {
    (void)::setpriority(PRIO_PROCESS, 0, kFirst);
  }
  ~Hurry() { (void)::setpriority(PRIO_PROCESS, 0, before_); }
  Hurry(const Hurry&) = delete;
  Hurry& operator=(const Hurry&) = delete;

 private:
  static constexpr int kFirst = -20;
  int before_;
};

/// Aligned, since the kernel copies much faster to where a line begins.
struct alignas(kPage) PageBytes {
  std::array<std::byte, kPage> bytes;
};

/// Reads one process, stopped.
class ProcessReader {
 public:
  explicit ProcessReader(pid_t pid)
      : pid_{pid}, page_map_{fmt::format("/proc/{}/pagemap", pid)}, memory_{pid}, rest_{pid} {}

  /// What is to be read, and room for it. If all threads wait, reads it too: it is what read()
  /// gives if none has run until the process was stopped.
  void prepare() {
    mappings_ = measure::read_maps(pid_);
    copied_ = rest_.all_wait();
    for (const Mapping& mapping : mappings_) {
      if (!is_wanted(mapping)) continue;
      SavedArea area = make_area(mapping);
      if (copied_) {
        read_area(area);
      } else {
        area.bytes.reserve(area.pages.size() * kLinesExpected);
      }
      prepared_.push_back(std::move(area));
    }
  }

  /// Of the stopped process.
  void read(Snapshot& snapshot) {
    snapshot.mappings = measure::read_maps(pid_);
    snapshot.knows_pages = page_map_.is_open();
    snapshot.copied_at_rest = copied_ && is_unchanged(snapshot.mappings);
    if (snapshot.copied_at_rest) {
      snapshot.areas = std::move(prepared_);
    } else {
      read_all(snapshot);
    }
    snapshot.tells_zero_page = tells_zero_page_;
  }

  /// The thread's own words in libraries, which lie below its pointer, wherever its stack lies.
  void keep_thread_words(Snapshot& snapshot, VirtAddr pointer) {
    constexpr std::size_t kReach = 4 * kPage;
    for (VirtAddr page = (pointer - kReach).align_down(kPage); page <= pointer; page += kPage) {
      for (SavedArea& area : snapshot.areas) {
        if (area.begin <= page && page < area.end) keep_whole(area, (page - area.begin) / kPage);
      }
    }
  }

 private:
  static constexpr std::size_t kLinesExpected = 8;  ///< of a page of a heap

  static SavedArea make_area(const Mapping& mapping) {
    SavedArea area;
    area.begin = mapping.begin;
    area.end = wanted_end(mapping);
    area.bytes = SparseBytes{(area.end - area.begin) / kPage};
    area.pages.resize((area.end - area.begin) / kPage);
    return area;
  }

  void read_all(Snapshot& snapshot) {
    for (const Mapping& mapping : snapshot.mappings) {
      if (!is_wanted(mapping)) continue;
      snapshot.areas.push_back(prepared_or_new(mapping));
      read_area(snapshot.areas.back());
    }
  }

  /// No thread ran since prepare(), as the kernel counts; and the allocators' records, which lie in
  /// files' data or where a heap begins, are as they were copied.
  [[nodiscard]] bool is_unchanged(const std::vector<Mapping>& mappings) const {
    return mappings == mappings_ && Rest{pid_}.is_as_stopped_since(rest_) &&
           std::all_of(prepared_.begin(), prepared_.end(),
                       [this](const SavedArea& area) { return begins_as_copied(area); });
  }

  [[nodiscard]] bool begins_as_copied(const SavedArea& area) const {
    std::array<std::byte, kPage> then, now;
    for (std::size_t i = 0; i < std::min(area.pages.size(), kWholeAtFirst); ++i) {
      const Way way = way_of(area.pages[i]);
      if (way == Way::Not) continue;
      const std::size_t at = i * kPage;
      if (memory_.copy(way, area.begin + at, now.data(), kPage) != kPage) return false;
      area.bytes.read(at, then.data(), kPage);
      if (then != now) return false;
    }
    return true;
  }

  SavedArea prepared_or_new(const Mapping& mapping) {
    for (SavedArea& area : prepared_) {
      const bool fits = area.begin == mapping.begin && area.end == wanted_end(mapping);
      if (fits && !copied_) return std::move(area);
    }
    return make_area(mapping);
  }

  void read_area(SavedArea& area) {
    read_states(area);
    read_bytes(area);
  }

  void read_states(SavedArea& area) {
    entries_.resize(area.pages.size());
    const std::uint64_t first = area.begin.raw() / kPage;
    std::size_t got = 0;
    while (got < entries_.size()) {
      const std::size_t n = page_map_.read(first + got, &entries_[got], entries_.size() - got);
      if (n == 0) break;
      got += n;
    }
    std::fill(entries_.begin() + static_cast<std::ptrdiff_t>(got), entries_.end(), 0);
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      area.pages[i] = state_of(PageEntry{entries_[i]}, false, false);
    }
    tell_kinds(area);
  }

  /// Zero pages and huge ones.
  void tell_kinds(SavedArea& area) {
    auto tell = [&](const measure::PagesOfKind& kind) {
      const std::size_t end = (kind.end - area.begin.raw()) / kPage;
      for (std::size_t i = (kind.begin - area.begin.raw()) / kPage; i < end; ++i) {
        area.pages[i] = state_of(PageEntry{entries_[i]}, kind.zero, kind.huge);
      }
    };
    const auto visit = [](void* context, const measure::PagesOfKind& kind) {
      (*static_cast<decltype(&tell)>(context))(kind);
    };
    const bool known =
        measure::scan_pages(page_map_, area.begin.raw(), area.end.raw(), visit, &tell);
    tells_zero_page_ = tells_zero_page_ && known;
  }

  /// Calls visit(way, first page, end) for each run of pages that are read alike.
  template <class Visit>
  static void for_each_run(const SavedArea& area, Visit visit) {
    for (std::size_t i = 0; i < area.pages.size();) {
      const Way way = way_of(area.pages[i]);
      std::size_t end = i + 1;
      while (end < area.pages.size() && way_of(area.pages[end]) == way) ++end;
      visit(way, i, end);
      i = end;
    }
  }

  /// By way of a window that stays in the processor's cache.
  void read_bytes(SavedArea& area) {
    Skim skim{area.begin, area.end};
    for_each_run(area, [&](Way way, std::size_t first, std::size_t end) {
      if (way == Way::Not) return;
      for (std::size_t page = first; page < end;) {
        const std::size_t pages = fill_window(area, way, page, end);
        if (pages == 0) return;
        skim.look(page, window_.front().bytes.data(), pages);
        for (std::size_t i = 0; i < pages; ++i) {
          area.bytes.keep(page + i, window_[i].bytes.data(), skim.lines(page + i));
        }
        page += pages;
      }
    });
  }
  /// How many pages from `first` on it holds; 0: they can be read no longer.
  std::size_t fill_window(const SavedArea& area, Way way, std::size_t first, std::size_t end) {
    const std::size_t bytes = std::min(window_.size(), end - first) * kPage;
    return memory_.copy(way, area.begin + first * kPage, window_.front().bytes.data(), bytes) /
           kPage;
  }
  void keep_whole(SavedArea& area, std::size_t page) {
    const Way way = way_of(area.pages[page]);
    if (way == Way::Not || area.bytes.kept(page) == kAllLines) return;
    if (fill_window(area, way, page, page + 1) == 1) {
      area.bytes.keep(page, window_.front().bytes.data(), kAllLines);
    }
  }

  pid_t pid_;
  OpenPageMap page_map_;
  ProcessMemory memory_;
  Rest rest_;  ///< before anything was read
  std::vector<Mapping> mappings_;
  std::vector<SavedArea> prepared_;
  bool copied_ = false;  ///< they hold the bytes too
  std::vector<std::uint64_t> entries_;
  std::vector<PageBytes> window_ = std::vector<PageBytes>(64);
  bool tells_zero_page_ = true;
};

}  // namespace

bool is_too_large(const Mapping& mapping) {
  constexpr std::size_t kMost = std::size_t{1} << 36;
  return mapping.end - mapping.begin > kMost && mapping.readable && mapping.writable &&
         !mapping.shared && mapping.is_anonymous();
}

bool is_wanted(const Mapping& mapping) {
  if (!mapping.readable || mapping.shared || is_too_large(mapping)) return false;
  if (mapping.is_anonymous()) return mapping.writable;
  return mapping.is_file() && (mapping.writable || mapping.offset == 0);
}

VirtAddr wanted_end(const Mapping& mapping) {
  return mapping.writable ? mapping.end : mapping.begin + kPage;
}

Snapshot read_process(pid_t pid) {
  if (pid == ::getpid()) throw CannotInspect{"faultline cannot stop itself; name another process."};
  Snapshot snapshot;
  snapshot.name = fmt::format("process {}", pid);
  std::error_code error;
  snapshot.program = std::filesystem::read_symlink(fmt::format("/proc/{}/exe", pid), error);
  ProcessReader reader{pid};
  reader.prepare();
  if (std::filesystem::exists(fmt::format("/proc/{}", pid), error) && snapshot.program.empty() &&
      measure::read_maps(pid).empty()) {
    throw CannotInspect{fmt::format(
        "process {} has no memory that this user may read: it has ended, or is the kernel's.",
        pid)};
  }
  const Hurry hurry;
  const auto begin = Clock::now();
  {
    const StoppedProcess stopped{pid};
    reader.read(snapshot);
    snapshot.thread_pointers = stopped.thread_pointers();
    for (const std::uint64_t pointer : snapshot.thread_pointers) {
      reader.keep_thread_words(snapshot, VirtAddr{pointer});
    }
  }
  snapshot.stopped_seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  return snapshot;
}

}  // namespace tools::inspect
