// What an operation did, from the log of its accesses and decisions.
#include "tools/explain/step.h"

#include <fmt/format.h>

#include <algorithm>

#include "allocator/chunk.h"
#include "tools/explain/why.h"

namespace tools::explain {
namespace {

using pagesim::Access;
using pagesim::FaultRecord;
using pagesim::PageState;
using pagesim::VirtAddr;
using run::sim::LoggedAccess;

/// Joins `next` to the line if it continues it.
bool joins(ReceiptLine& line, const ReceiptLine& next) {
  if (line.access != next.access || line.writer != next.writer || line.bytes != next.bytes) {
    return false;
  }
  const VirtAddr last = line.at + line.apart * (line.times - 1);
  const auto apart = static_cast<std::int64_t>(next.at.raw() - last.raw());
  if (line.times > 1 && apart != line.apart) return false;
  if (line.times == 1 && apart != static_cast<std::int64_t>(line.bytes) && line.bytes != 1) {
    return false;
  }
  line.apart = apart;
  ++line.times;
  line.faults.insert(line.faults.end(), next.faults.begin(), next.faults.end());
  return true;
}

/// Whether a strip of it is shown: the heap, the allocator's state, memory without a file.
bool is_shown(const pagesim::MapLine& line, const run::RunOutcome& outcome) {
  if (line.name == "[heap]") return true;
  return line.name.empty() && line.start.raw() != outcome.text_base;
}

/// Of a mapping, given the process's pages that have an entry.
std::vector<PagesAlike> states(const pagesim::Task& task, const pagesim::MapLine& line,
                               unsigned shift, const std::vector<pagesim::PageRun>& touched) {
  std::vector<PagesAlike> runs;
  const std::uint64_t end = line.end.raw() >> shift;
  std::uint64_t page = line.start.raw() >> shift;
  for (const pagesim::PageRun& run : touched) {
    const std::uint64_t first = std::max(page, static_cast<std::uint64_t>(run.first));
    const std::uint64_t last = std::min(end, static_cast<std::uint64_t>(run.last) + 1);
    if (first >= last) continue;
    append(runs, first - page, PageState::Absent);
    for (page = first; page < last; ++page) {
      append(runs, 1, task.page_state(VirtAddr{page << shift}));
    }
  }
  append(runs, end - page, PageState::Absent);
  return runs;
}

}  // namespace

std::span<const FaultRecord> Step::faults() const noexcept {
  const run::OpOutcome& done = outcome();
  return {run_->so_far().faults.data() + done.first_fault, done.fault_count};
}

bool Step::is_in(const FaultRecord& fault, const LoggedAccess& access) const {
  const bool same = !fault.access || *fault.access == access.access;
  return same && fault.address >= access.at && fault.address < access.at + access.bytes;
}

std::vector<const FaultRecord*> Step::faults_in(const LoggedAccess& access) const {
  std::vector<const FaultRecord*> found;
  for (std::size_t i = access.first_fault; i < access.end_fault && i < faults().size(); ++i) {
    if (is_in(faults()[i], access)) found.push_back(&faults()[i]);
  }
  return found;
}

std::vector<ReceiptLine> Step::receipt(bool loads) const {
  std::vector<ReceiptLine> lines;
  for (const LoggedAccess& access : accesses()) {
    ReceiptLine line{.at = access.at,
                     .bytes = access.bytes,
                     .access = access.access,
                     .writer = allocator::writer_of(access.tag),
                     .faults = faults_in(access)};
    if (access.access == Access::Read && line.faults.empty() && !loads) continue;
    if (lines.empty() || !joins(lines.back(), line)) lines.push_back(std::move(line));
  }
  return lines;
}

bool Step::is_in_heap(VirtAddr at) const {
  constexpr std::uint64_t kFar = std::uint64_t{1} << 40;
  const std::uint64_t heap = run_->so_far().heap_base;
  return at.raw() >= heap && at.raw() - heap < kFar;
}

std::string Step::address_text(VirtAddr at) const {
  return is_in_heap(at) ? fmt::format("heap+{:#x}", at.raw() - run_->so_far().heap_base)
                        : places_->text(op().process, at);
}

std::uint32_t Step::name_of_chunk(VirtAddr at) const {
  const VirtAddr user = at + allocator::kChunkHeader;
  if (op().verb == script::Verb::Free && op().to.base == script::Base::Name &&
      places_->resolve(op().process, op().to) == user) {
    return op().to.name;
  }
  const run::Location block = places_->locate(op().process, user);
  const bool named = block.region == run::Location::Region::Name && block.offset == 0;
  return named ? block.name : script::kNone;
}

std::string Step::chunk_text(VirtAddr at) const {
  const std::uint32_t name = name_of_chunk(at);
  return name == script::kNone ? address_text(at)
                               : fmt::format("{} ({})", address_text(at), program_->names[name]);
}

std::string Step::fault_text(const FaultRecord& fault) const {
  return fmt::format("{} {} at {} faults: {}", to_string(allocator::writer_of(fault.tag)),
                     fault.access ? to_string(*fault.access) : "access",
                     address_text(fault.address), to_string(fault.cause));
}

/// Of the accesses' faults; the first few, since a fill can have thousands.
std::string Step::faults_text(std::size_t first_access, std::size_t end_access) const {
  constexpr std::size_t kMost = 3;
  if (first_access >= end_access) return {};
  const std::size_t first = accesses()[first_access].first_fault;
  const std::size_t end =
      std::min<std::size_t>(accesses()[end_access - 1].end_fault, faults().size());
  std::string text;
  for (std::size_t i = first; i < end; ++i) {
    if (i - first == kMost) {
      text += fmt::format("; {} more faults", end - i);
      break;
    }
    text += (text.empty() ? "" : "; ") + fault_text(faults()[i]);
  }
  return text.empty() ? text : " [" + text + ']';
}

std::string Step::clause(const run::sim::Note& note) const {
  return in_words(note, [this](std::uint64_t at) { return chunk_text(VirtAddr{at}); });
}

std::string Step::clause_of(std::size_t access) const {
  const auto later = [access](const run::sim::Note& note) { return note.before > access; };
  const auto after = std::find_if(notes().begin(), notes().end(), later);
  if (notes().empty()) return {};
  return clause(after == notes().begin() ? notes().front() : *std::prev(after));
}

std::vector<std::string> Step::why() const {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < notes().size(); ++i) {
    const std::size_t first = i == 0 ? 0 : notes()[i].before;
    const std::size_t end = i + 1 < notes().size() ? notes()[i + 1].before : accesses().size();
    std::string line = clause(notes()[i]) + faults_text(first, end);
    if (lines.empty() || lines.back() != line) lines.push_back(std::move(line));
  }
  if (notes().empty()) {
    for (const FaultRecord& fault : faults()) lines.push_back(fault_text(fault));
  }
  return lines;
}

std::vector<PageStrip> Step::strips() const {
  std::vector<PageStrip> strips;
  const pagesim::Task* const actor = task();
  if (actor == nullptr) return strips;
  const std::vector<pagesim::PageRun> touched = actor->touched_pages();
  for (const pagesim::MapLine& line : actor->maps()) {
    if (!is_shown(line, run_->so_far())) continue;
    const bool globals = line.start.raw() == run_->so_far().globals_base;
    strips.push_back({line.start, line.end, globals ? "[globals]" : line.name,
                      states(*actor, line, program_->page_shift, touched)});
  }
  return strips;
}

std::vector<PagesAlike> Step::pages(VirtAddr begin, VirtAddr end) const {
  std::vector<PagesAlike> runs;
  const pagesim::Task* const actor = task();
  if (actor == nullptr) return runs;
  const std::size_t bytes = std::size_t{1} << program_->page_shift;
  for (VirtAddr page = begin.align_down(bytes); page < end; page += bytes) {
    append(runs, 1, actor->page_state(page));
  }
  return runs;
}

void Stepper::after(std::size_t op, const run::sim::Run& run) {
  if (!places_) places_.emplace(program_, run.so_far());
  places_->advance(op);
  look_(Step{program_, run, *places_, op});
}

}  // namespace tools::explain
