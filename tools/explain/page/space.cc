// Looking at an address space, and telling what differs from the last look.
#include "tools/explain/page/space.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "pagesim/machine.h"
#include "pagesim/process.h"

namespace tools::explain {
namespace {

using pagesim::Task;
using pagesim::VirtAddr;

unsigned page_shift(const Task& task) { return task.process().mm().page_shift(); }

std::string protection(int prot, bool shared) {
  return fmt::format("{}{}{}{}", (prot & 1) != 0 ? 'r' : '-', (prot & 2) != 0 ? 'w' : '-',
                     (prot & 4) != 0 ? 'x' : '-', shared ? 's' : 'p');
}

/// What lies there, in a word: the kernel knows the heap, the stack and files by name.
std::string area_name(const pagesim::MapLine& line, const pagesim::Layout& layout) {
  if (line.start == layout.text) return "[text]";
  if (!line.name.empty()) return line.name;
  if (line.start == layout.globals) return "[globals]";
  return line.start == layout.thread_locals ? "[thread]" : "";
}

/// "27 page P R/W US A": the bits besides the frame, what kind of entry, the names of its bits.
std::string entry_text(const pagesim::WalkStep& step, unsigned shift) {
  const std::uint64_t rest = step.entry ^ (step.frame.value_or(0) << shift);
  std::string text = fmt::format("{:x} {}", rest, to_string(step.kind));
  for (const std::string& bit : step.bits) text += ' ' + bit;
  return text;
}

/// The entries of `now` that differ from `before`, and those that are gone with an empty value.
template <class Map>
Map difference(const Map& before, const Map& now, typename Map::mapped_type gone) {
  Map changed;
  for (const auto& [key, value] : now) {
    const auto found = before.find(key);
    if (found == before.end() || found->second != value)
      changed.emplace_hint(changed.end(), key, value);
  }
  for (const auto& [key, value] : before) {
    if (!now.contains(key)) changed.emplace(key, gone);
  }
  return changed;
}

}  // namespace

void SpaceChanges::end_step() {
  for (Rows* rows : {&areas, &pages, &entries, &words}) rows->end_step();
}

Space Space::forked(std::int64_t number) const {
  Space child{number, *changes_};
  for (const auto& [at, value] : words_) child.words_.emplace(at, 0);
  return child;
}

void Space::look_at_areas(const Task& task, const pagesim::Layout& layout) {
  std::map<std::uint64_t, Area> now;
  for (const pagesim::MapLine& line : task.maps()) {
    const std::string text = protection(line.prot, line.shared) + ' ' + area_name(line, layout);
    now[line.start.raw()] = {line.end.raw(), changes_->texts.number(text)};
  }
  for (const auto& [at, area] : difference(areas_, now, {})) {
    changes_->areas.add(
        {number_, static_cast<std::int64_t>(at), static_cast<std::int64_t>(area.end), area.text});
  }
  areas_ = std::move(now);
}

void Space::read_page(const Task& task, std::uint64_t page, Pages& pages, Entries& entries) {
  const unsigned shift = page_shift(task);
  const VirtAddr at{page << shift};
  const pagesim::PageState state = task.page_state(at);
  if (state != pagesim::PageState::Absent) {
    pages[page] = changes_->texts.number(to_string(state));
  }
  const auto& geometry = task.machine().config().geometry;
  for (const pagesim::WalkStep& step : task.walk(at)) {
    if (step.kind == pagesim::EntryKind::Empty) break;
    entries[{step.level, at.raw() >> geometry.shift(step.level)}] = {
        static_cast<std::int64_t>(step.frame.value_or(0)),
        static_cast<std::int64_t>(step.table >> shift),
        changes_->texts.number(entry_text(step, shift))};
  }
}

void Space::look_at_pages(const Task& task) {
  Pages pages;
  Entries entries;
  for (const pagesim::PageRun& run : task.touched_pages()) {
    const auto last = static_cast<std::uint64_t>(run.last);
    for (auto page = static_cast<std::uint64_t>(run.first); page <= last; ++page) {
      read_page(task, page, pages, entries);
    }
  }
  tell_pages(difference(pages_, pages, -1));
  tell_entries(difference(entries_, entries, {.text = -1}));
  pages_ = std::move(pages);
  entries_ = std::move(entries);
}

void Space::look_at_page(const Task& task, VirtAddr at) {
  Pages pages;
  Entries entries;
  const std::uint64_t page = at.raw() >> page_shift(task);
  read_page(task, page, pages, entries);
  const auto known = pages_.find(page);
  const std::int64_t before = known == pages_.end() ? -1 : known->second;
  const std::int64_t now = pages.empty() ? -1 : pages.begin()->second;
  if (now != before) tell_pages({{page, now}});
  if (now < 0) pages_.erase(page);
  if (now >= 0) pages_[page] = now;
  const auto& geometry = task.machine().config().geometry;
  for (unsigned level = 0; level < geometry.levels; ++level) {
    const EntryKey key{level, at.raw() >> geometry.shift(level)};
    const auto old = entries_.find(key);
    const auto fresh = entries.find(key);
    if (fresh == entries.end() && old != entries_.end()) {
      tell_entries({{key, {.text = -1}}});
      entries_.erase(old);
    } else if (fresh != entries.end() && (old == entries_.end() || old->second != fresh->second)) {
      tell_entries({*fresh});
      entries_[key] = fresh->second;
    }
  }
}

void Space::look_at_pages_in(const Task& task, VirtAddr at, std::uint64_t bytes) {
  const unsigned shift = page_shift(task);
  std::vector<std::uint64_t> seen;
  for (auto page = pages_.lower_bound(at.raw() >> shift);
       page != pages_.end() && page->first << shift < at.raw() + bytes; ++page) {
    seen.push_back(page->first);
  }
  for (const std::uint64_t page : seen) look_at_page(task, VirtAddr{page << shift});
}

void Space::tell_pages(const Pages& changed) {
  for (auto first = changed.begin(); first != changed.end();) {
    std::int64_t run = 0;
    auto next = first;
    for (; next != changed.end() && next->second == first->second &&
           next->first == first->first + static_cast<std::uint64_t>(run);
         ++next) {
      ++run;
    }
    changes_->pages.add({number_, static_cast<std::int64_t>(first->first), run, first->second});
    first = next;
  }
}

void Space::tell_entries(const Entries& changed) {
  for (auto first = changed.begin(); first != changed.end();) {
    const auto& [key, entry] = *first;
    std::int64_t run = 0, step = 0;
    auto next = first;
    for (; next != changed.end() && next->first.level == key.level &&
           next->first.prefix == key.prefix + static_cast<std::uint64_t>(run) &&
           next->second.table == entry.table && next->second.text == entry.text;
         ++next) {
      if (run == 1) step = next->second.frame - entry.frame;
      if (next->second.frame != entry.frame + run * step) break;
      ++run;
    }
    changes_->entries.add({number_, key.level, static_cast<std::int64_t>(key.prefix), run,
                           entry.frame, step, entry.table, entry.text});
    first = next;
  }
}

void Space::look_at_word(const Task& task, VirtAddr at) {
  const VirtAddr word = at.align_down(8);
  std::uint64_t value = 0;
  if (!task.peek(word, &value, sizeof value)) value = 0;
  std::uint64_t& last = words_[word.raw()];
  if (last == value) return;
  last = value;
  const bool wide = value > static_cast<std::uint64_t>(kExact);
  const auto told =
      wide ? changes_->texts.number(fmt::format("{:x}", value)) : static_cast<std::int64_t>(value);
  changes_->words.add({number_, static_cast<std::int64_t>(word.raw()), wide ? 1 : 0, told});
}

std::uint64_t Space::known_word(VirtAddr at) const {
  const auto found = words_.find(at.raw());
  return found == words_.end() ? 0 : found->second;
}

void Space::put(VirtAddr at, std::uint64_t bytes, std::uint64_t value) {
  const VirtAddr word = at.align_down(8);
  const std::uint64_t ones = bytes == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * bytes)) - 1;
  const std::uint64_t shift = 8 * (at - word);
  std::uint64_t& known = words_[word.raw()];
  known = (known & ~(ones << shift)) | value << shift;
}

void Space::look_at_known_words(const Task& task) {
  std::vector<std::uint64_t> known;
  for (const auto& [at, value] : words_) known.push_back(at);
  std::sort(known.begin(), known.end());
  for (const std::uint64_t at : known) look_at_word(task, VirtAddr{at});
}

void Space::look_at_words_in(const Task& task, VirtAddr at, std::uint64_t bytes) {
  const std::uint64_t first = at.raw() & ~std::uint64_t{7};
  const std::uint64_t end = at.raw() + bytes;
  std::vector<std::uint64_t> known;
  if (bytes / 8 > words_.size()) {
    for (const auto& [word, value] : words_) {
      if (word >= first && word < end) known.push_back(word);
    }
    std::sort(known.begin(), known.end());
  } else {
    for (std::uint64_t word = first; word < end; word += 8) {
      if (words_.contains(word)) known.push_back(word);
    }
  }
  for (const std::uint64_t word : known) look_at_word(task, VirtAddr{word});
}

}  // namespace tools::explain
