// A trace as a program, ready to be run like a script.
#include "tools/trace/program.h"

#include <sys/mman.h>

#include <bit>
#include <string>
#include <unordered_map>
#include <vector>

#include "tools/trace/block_map.h"

namespace tools::trace {
namespace {

using script::Base;
using script::Op;
using script::Verb;

/// Names for live blocks. A name is used again when its block is gone.
class Names {
 public:
  std::uint32_t bind(BlockNumber block) {
    std::uint32_t name = spare();
    names_.put(block, name + kOffset);
    return name;
  }
  [[nodiscard]] std::uint32_t find(BlockNumber block) const {
    return block == kNoBlock ? script::kNone : without_offset(names_.find(block));
  }
  std::uint32_t release(BlockNumber block) {
    const std::uint32_t name = without_offset(names_.take(block));
    if (name != script::kNone) free_.push_back(name);
    return name;
  }
  /// A name for the result of a call that failed.
  [[nodiscard]] std::uint32_t scratch() {
    const std::uint32_t name = spare();
    free_.push_back(name);
    return name;
  }
  [[nodiscard]] std::uint32_t count() const noexcept { return count_; }

 private:
  static constexpr std::uint32_t kOffset = 1;  // the map's 0 is: none
  static std::uint32_t without_offset(std::uint64_t found) {
    return found == 0 ? script::kNone : static_cast<std::uint32_t>(found) - kOffset;
  }

  std::uint32_t spare() {
    if (free_.empty()) return count_++;
    const std::uint32_t name = free_.back();
    free_.pop_back();
    return name;
  }

  BlockMap names_;  ///< block -> name + kOffset
  std::vector<std::uint32_t> free_;
  std::uint32_t count_ = 0;
};

class Converter {
 public:
  Converter(const TraceReader& reader, TouchPolicy touch) : reader_{reader}, touch_{touch} {
    program_.path = reader.path();
    program_.page_shift = static_cast<unsigned>(std::countr_zero(reader.info().page_size));
    program_.processes.push_back({.name = "main", .parent = script::kNone, .is_thread = false});
  }

  /// The calls of the last of the lineage, after those of its ancestors up to the forks.
  script::Program convert(const std::vector<std::uint32_t>& lineage) {
    program_.ops.reserve(reader_.processes()[lineage.back()].events + 1);
    for (std::size_t i = 0; i < lineage.size(); ++i) {
      const bool last = i + 1 == lineage.size();
      if (i != 0) fork("p" + std::to_string(lineage[i]));
      add(lineage[i], last ? ~std::uint64_t{0} : reader_.processes()[lineage[i + 1]].fork_event);
    }
    program_.names.resize(names_.count());
    return std::move(program_);
  }

 private:
  void add(std::uint32_t process, std::uint64_t events) {
    EventCursor cursor{reader_, process};
    for (std::uint64_t i = 0; i < events; ++i) {
      const Event* event = cursor.next();
      if (event == nullptr) return;
      ++line_;
      add_event(*event);
    }
  }

  void fork(std::string name) {
    const auto child = static_cast<std::uint32_t>(program_.processes.size());
    append(Verb::Fork).peer = child;
    program_.processes.push_back({.name = std::move(name), .parent = task_, .is_thread = false});
    task_ = static_cast<std::uint16_t>(child);
  }

  void add_event(const Event& event) {
    switch (event.verb) {
      case Verb::Fork:
        return;
      case Verb::Free:
        return free(event.block);
      case Verb::Read:
      case Verb::Write:
        if (touch_ != TouchPolicy::Recorded) return;
        return access(event.verb, names_.find(event.block), static_cast<std::int64_t>(event.n));
      case Verb::Realloc:
        return reallocate(event);
      case Verb::Mmap:
        return map(event);
      case Verb::Mremap:
        return remap(event);
      case Verb::Munmap:
      case Verb::Mprotect:
      case Verb::Madvise:
        return change(event);
      case Verb::MallocTrim:
      case Verb::Mallopt: {
        Op& op = append(event.verb);
        op.n = event.n;
        op.m = event.m;
        return;
      }
      default:
        return allocate(event, event.verb);
    }
  }

  void allocate(const Event& event, Verb verb) {
    Op& op = append(verb);
    op.n = event.n;
    op.m = event.m;
    op.result = result_name(event);
    if (event.block != kNoBlock) touch(op.result, event.bytes_asked());
  }

  void reallocate(const Event& event) {
    const std::uint32_t old = names_.find(event.old_block);
    if (old == script::kNone) return allocate(event, Verb::Malloc);
    if (event.block == kNoBlock && event.n == 0) return free(event.old_block);
    Op& op = append(Verb::Realloc);
    op.n = event.n;
    op.to = {.base = Base::Name, .name = old};
    // The old name is free for the result if the call gave the block up.
    if (event.block != kNoBlock) names_.release(event.old_block);
    op.result = result_name(event);
    if (event.block != kNoBlock) touch(op.result, event.n);
  }

  std::uint32_t result_name(const Event& event) {
    return event.block == kNoBlock ? names_.scratch() : names_.bind(event.block);
  }

  void free(BlockNumber block) {
    const std::uint32_t name = names_.release(block);
    if (name == script::kNone) return;  // its allocation was lost with a torn file's other process
    append(Verb::Free).to = {.base = Base::Name, .name = name};
  }

  void touch(std::uint32_t name, std::uint64_t bytes) {
    if (bytes == 0 || touch_ == TouchPolicy::None || touch_ == TouchPolicy::Recorded) return;
    access(Verb::Write, name, 0);
    if (touch_ == TouchPolicy::All) {
      program_.ops.back().pages = Op::kWholeRange;
      program_.ops.back().n = 0;
    }
  }

  void map(const Event& event) {
    const auto given = static_cast<int>(event.m >> 8);
    Op& op = append(Verb::Mmap);
    op.n = event.n;
    op.prot = static_cast<std::uint8_t>(event.m & 7);
    op.flags = script::flag::Anonymous;
    if ((given & MAP_POPULATE) != 0) op.flags |= script::flag::Populate;
    if ((given & MAP_NORESERVE) != 0) op.flags |= script::flag::Noreserve;
    if ((given & MAP_LOCKED) != 0) op.flags |= script::flag::Locked;
    op.result = names_.bind(event.block);
    mapped_[event.block] = whole_pages(event.n);
  }

  [[nodiscard]] std::uint64_t whole_pages(std::uint64_t bytes) const {
    const std::uint64_t page = std::uint64_t{1} << program_.page_shift;
    return (bytes + page - 1) / page * page;
  }

  void remap(const Event& event) {
    const std::uint32_t name = names_.find(event.old_block);
    if (name == script::kNone || mapped_.erase(event.old_block) == 0) return;
    Op& op = append(Verb::Mremap);
    op.to = {.base = Base::Name, .name = name};
    op.pages = static_cast<std::int64_t>(Stretch::of(event.m).bytes >> program_.page_shift);
    op.n = event.n;
    op.flags = script::flag::Maymove;
    names_.release(event.old_block);
    op.result = names_.bind(event.block);
    mapped_[event.block] = whole_pages(event.n);
  }

  /// A name ends when nothing of its mapping is left.
  void change(const Event& event) {
    const std::uint32_t name = names_.find(event.block);
    const auto mapped = mapped_.find(event.block);
    if (name == script::kNone || mapped == mapped_.end()) return;
    const Stretch stretch = Stretch::of(event.m);
    Op& op = append(event.verb);
    op.to = {.base = Base::Name, .name = name, .offset = static_cast<std::int64_t>(event.n)};
    op.pages = stretch.bytes == mapped->second && event.n == 0
                   ? Op::kWholeRange
                   : static_cast<std::int64_t>(stretch.bytes >> program_.page_shift);
    op.prot = static_cast<std::uint8_t>(event.verb == Verb::Mprotect ? stretch.value & 7 : 0);
    op.advice = event.verb == Verb::Madvise ? static_cast<std::int32_t>(stretch.value) : 0;
    if (event.verb != Verb::Munmap || (mapped->second -= stretch.bytes) != 0) return;
    mapped_.erase(mapped);
    names_.release(event.block);
  }

  void access(Verb verb, std::uint32_t name, std::int64_t offset) {
    if (name == script::kNone) return;
    Op& op = append(verb);
    op.to = {.base = Base::Name, .name = name, .offset = offset};
    op.n = 1;
  }

  /// Valid until the next one is appended.
  Op& append(Verb verb) {
    Op& op = program_.ops.emplace_back();
    op.verb = verb;
    op.process = task_;
    op.line = line_;
    return op;
  }

  const TraceReader& reader_;
  TouchPolicy touch_;
  script::Program program_;
  Names names_;
  std::unordered_map<BlockNumber, std::uint64_t> mapped_;  ///< of mappings: bytes that are left
  std::uint32_t line_ = 0;
  std::uint16_t task_ = 0;
};

/// From the first ancestor to the process itself.
std::vector<std::uint32_t> lineage_of(const TraceReader& reader, std::uint32_t process) {
  std::vector<std::uint32_t> lineage{process};
  for (;;) {
    const std::int64_t parent = reader.processes()[lineage.front()].forked_from;
    if (parent < 0 || parent >= lineage.front()) return lineage;
    lineage.insert(lineage.begin(), static_cast<std::uint32_t>(parent));
  }
}

}  // namespace

std::optional<TouchPolicy> touch_policy(std::string_view word) {
  if (word == "none") return TouchPolicy::None;
  if (word == "recorded") return TouchPolicy::Recorded;
  if (word == "first") return TouchPolicy::First;
  if (word == "all") return TouchPolicy::All;
  return std::nullopt;
}

script::Program to_program(const TraceReader& reader, const ProgramOptions& options) {
  const std::uint32_t process = options.process.value_or(reader.busiest());
  if (process >= reader.processes().size()) {
    throw TraceError(reader.path() + " has no process " + std::to_string(process) + "; it has " +
                     std::to_string(reader.processes().size()) + ", counted from 0");
  }
  return Converter{reader, options.touch}.convert(lineage_of(reader, process));
}

}  // namespace tools::trace
