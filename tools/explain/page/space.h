// Space: an address space as the page shows it, looked at after each operation.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>

#include "pagesim/hardware/machine.h"
#include "pagesim/layout.h"
#include "pagesim/task.h"
#include "tools/explain/page/rows.h"

namespace tools::explain {

/// What changed in all spaces. `texts`: what areas, pages and entries are.
struct SpaceChanges {
  Texts texts;
  /// An area [at, end), as /proc/PID/maps has it; it ended if `end` is 0.
  Rows areas{{"space"}, {"at", true}, {"end", true}, {"text"}};
  /// `run` pages from page number `at` on.
  Rows pages{{"space"}, {"at", true}, {"run"}, {"state"}};
  /// `run` entries of a level; `at`: the address bits above what the first maps. The frames they
  /// name ascend by `step`. `text`: the bits besides the frame, the kind, and the bits' names.
  Rows entries{{"space"},       {"level"}, {"at", true},    {"run"},
               {"frame", true}, {"step"},  {"table", true}, {"text"}};
  /// 8 bytes at `at`. `wide`: 1 where the value is the number of a text.
  Rows words{{"space"}, {"at", true}, {"wide"}, {"value"}};

  void end_step();
};

/// Every look compares with the last one and adds what differs to `changes`.
class Space {
 public:
  Space(std::int64_t number, SpaceChanges& changes) : number_{number}, changes_{&changes} {}
  /// The space of a fork's child, not looked at yet; it knows the same words.
  [[nodiscard]] Space forked(std::int64_t number) const;

  void look_at_areas(const pagesim::Task& task, const pagesim::Layout& layout);
  /// All pages that have an entry, or had one.
  void look_at_pages(const pagesim::Task& task);
  void look_at_page(const pagesim::Task& task, pagesim::VirtAddr at);
  /// The pages seen in [at, at + bytes).
  void look_at_pages_in(const pagesim::Task& task, pagesim::VirtAddr at, std::uint64_t bytes);
  /// The aligned 8 bytes that hold `at`.
  void look_at_word(const pagesim::Task& task, pagesim::VirtAddr at);
  /// A word looked at or put before, as it was then; else 0.
  [[nodiscard]] std::uint64_t known_word(pagesim::VirtAddr at) const;
  /// What a store of at most 8 bytes left there, in one word. The page knows it: it is told
  /// nowhere.
  void put(pagesim::VirtAddr at, std::uint64_t bytes, std::uint64_t value);
  /// All words looked at before.
  void look_at_known_words(const pagesim::Task& task);
  /// Those of them that lie in [at, at + bytes), in part or whole.
  void look_at_words_in(const pagesim::Task& task, pagesim::VirtAddr at, std::uint64_t bytes);

 private:
  struct Area {
    std::uint64_t end = 0;
    std::int64_t text = 0;
    friend bool operator==(const Area&, const Area&) = default;
  };
  struct Entry {
    std::int64_t frame = 0, table = 0, text = 0;
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  struct EntryKey {
    unsigned level = 0;
    std::uint64_t prefix = 0;
    friend auto operator<=>(const EntryKey&, const EntryKey&) = default;
  };
  using Pages = std::map<std::uint64_t, std::int64_t>;
  using Entries = std::map<EntryKey, Entry>;

  void read_page(const pagesim::Task& task, std::uint64_t page, Pages& pages, Entries& entries);
  void tell_pages(const Pages& changed);
  void tell_entries(const Entries& changed);

  std::int64_t number_;
  SpaceChanges* changes_;
  std::map<std::uint64_t, Area> areas_;
  Pages pages_;      ///< by page number; absent ones are left out
  Entries entries_;  ///< the empty ones are left out
  std::unordered_map<std::uint64_t, std::uint64_t> words_;
};

}  // namespace tools::explain
