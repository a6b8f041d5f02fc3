// Taking down decisions and stores: first what was done where, then the values and names.
#include "tools/explain/page/deeds.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "allocator/chunk.h"
#include "tools/explain/why.h"

namespace tools::explain {
namespace {

using pagesim::Access;
using pagesim::VirtAddr;
using run::sim::LoggedAccess;
using run::sim::Note;

// How a store is told.
constexpr int kPlain = 0, kValued = 1, kFolded = 2, kLoadThatFaulted = 3;
// Which of an item's numbers: its arguments, or a place's name and text behind the place's own.
constexpr int kAt = 0, kBytes = 1, kTimes = 2, kApart = 3, kFaults = 4, kValue = 5, kReturned = 6;
constexpr int kName = 3, kText = 6;

constexpr std::size_t kMostSince = 30;  ///< items told apart after a decision

std::int64_t number_of(const Note& note, char letter) {
  const char which = static_cast<char>(std::tolower(letter));
  return static_cast<std::int64_t>(which == 'a' ? note.a : which == 'b' ? note.b : note.c);
}

/// Each letter once.
std::string letters_of(std::string_view words) {
  std::string letters;
  each_part(
      words, [](std::string_view) {},
      [&](char letter) {
        if (letters.find(letter) == std::string::npos) letters += letter;
      });
  return letters;
}

bool is_place(char letter) { return letter < 'a'; }

/// A value of a chunk's word, a link and the like lies in one word of memory.
bool has_value(const LoggedAccess& access) {
  return is_word(access) && access.at.raw() % 8 + access.bytes <= 8;
}

/// Of at most 8; zero where there is none.
std::uint64_t bytes_at(const pagesim::Task& task, VirtAddr at, std::uint64_t bytes) {
  std::uint64_t value = 0;
  return task.peek(at, &value, bytes) ? value : 0;
}

}  // namespace

bool is_word(const LoggedAccess& access) {
  const allocator::Writer writer = allocator::writer_of(access.tag);
  return access.bytes <= 8 && writer != allocator::Writer::User &&
         writer != allocator::Writer::Kernel;
}

Deeds::Deeds(const script::Program& program, Texts& texts)
    : program_{program}, texts_{texts}, bound_(program.names.size()) {}

void Deeds::take(const Step& step, const LineWords& line, std::int64_t ended, Space& space) {
  space_ = &space;
  const std::int64_t operand =
      line.operand < 0 ? 0 : bound_[static_cast<std::size_t>(line.operand)];
  numbers_ = {line.amount, operand};
  if (step.notes().empty()) {
    take_lines(step);
  } else {
    take_accesses(step);
  }
  item_ = since_ = 0;
  tell(kReturned, static_cast<std::int64_t>(step.outcome().address));
  if (step.task() != nullptr) take_values(*step.task());
  bind(step, ended);
  for (const auto& [at, left] : left_) {
    space.put(VirtAddr{static_cast<std::uint64_t>(at)}, left.bytes, left.value);
  }
  end();
}

/// Without decisions: the program's own accesses, and the kernel's.
void Deeds::take_lines(const Step& step) {
  for (const ReceiptLine& line : step.receipt()) {
    if (line.access != Access::Write) continue;
    begin_item(kind_of_store(static_cast<std::uint64_t>(line.writer), 0, 0, kFolded));
    tell(kAt, static_cast<std::int64_t>(line.at.raw()));
    tell(kBytes, static_cast<std::int64_t>(line.bytes));
    tell(kTimes, static_cast<std::int64_t>(line.times));
    tell(kApart, line.apart);
    tell(kFaults, static_cast<std::int64_t>(line.faults.size()));
  }
}

void Deeds::take_accesses(const Step& step) {
  stores_.clear();
  for (const LoggedAccess& access : step.accesses()) {
    if (access.access == Access::Write && is_word(access)) {
      stores_.push_back(static_cast<std::int64_t>(access.at.raw()));
    }
  }
  auto note = step.notes().begin();
  for (std::size_t i = 0; i <= step.accesses().size(); ++i) {
    for (; note != step.notes().end() && note->before <= i; ++note) take_note(*note);
    if (i < step.accesses().size()) take_access(step, step.accesses()[i]);
  }
}

void Deeds::take_note(const Note& note) {
  const std::size_t kind = kind_of(note);
  begin_item(kind);
  since_ = 0;
  for (const char letter : kinds_[kind].letters) {
    const int argument = std::tolower(letter) - 'a';
    if (is_place(letter)) names_.push_back({key(argument), numbers_.size()});
    tell(argument, number_of(note, letter));
  }
  decision_ = item_;
}

void Deeds::take_access(const Step& step, const LoggedAccess& access) {
  const std::uint64_t faults = step.faults_in(access).size();
  if (access.access != Access::Write) {
    if (faults != 0) begin_item(kind_of_store(0, 0, 0, kLoadThatFaulted));
    return;
  }
  const bool valued = step.task() != nullptr && has_value(access);
  const auto writer = static_cast<std::uint64_t>(allocator::writer_of(access.tag));
  begin_item(kind_of_store(writer, valued ? access.bytes : 0, faults, valued ? kValued : kPlain));
  if (valued) values_.push_back({key(kValue), numbers_.size(), access.bytes});
  tell(kAt, static_cast<std::int64_t>(access.at.raw()));
  if (!valued) tell(kBytes, static_cast<std::int64_t>(access.bytes));
  ++since_;
}

/// From the last one on: of several stores to one place only the last is still there.
void Deeds::take_values(const pagesim::Task& task) {
  for (std::size_t i = values_.size(); i-- > 0;) {
    const auto& [key, here, bytes] = values_[i];
    const std::int64_t at = numbers_[here];
    const std::uint64_t value = bytes_at(task, VirtAddr{static_cast<std::uint64_t>(at)}, bytes);
    if (!left_.try_emplace(at, Left{bytes, value}).second) continue;
    const bool exact = value <= static_cast<std::uint64_t>(kExact);
    const std::int64_t number =
        exact ? static_cast<std::int64_t>(value) : -1 - texts_.number(fmt::format("{:x}", value));
    Sight seen = sight(here + 1);
    seen.own = at;
    seen.own_bytes = static_cast<std::int64_t>(bytes);
    forecasts_[key].tell(number, seen);
  }
}

/// The new name stands for its address already, the ended one still does.
void Deeds::bind(const Step& step, std::int64_t ended) {
  const auto address = static_cast<std::int64_t>(step.outcome().address);
  const std::uint32_t name = step.op().result;
  const bool binds = name != script::kNone && address != 0;
  if (binds) labels_[address] = name;
  take_names(step);
  if (ended >= 0) labels_.erase(bound_[static_cast<std::size_t>(ended)]);
  if (!binds) return;
  labels_[address] = name;
  bound_[name] = address;
}

/// Told as 0 where it is as expected; else 1: none, or two more than the name.
void Deeds::take_names(const Step& step) {
  for (const Later& place : names_) {
    const VirtAddr at{static_cast<std::uint64_t>(numbers_[place.here])};
    const std::uint32_t name = step.name_of_chunk(at);
    const std::int64_t now = name == script::kNone ? -1 : static_cast<std::int64_t>(name);
    const auto expected =
        labels_.find(numbers_[place.here] + std::int64_t{allocator::kChunkHeader});
    const bool as_expected = now == (expected == labels_.end() ? -1 : expected->second);
    Forecasts::Key key = place.key;
    key[3] += kName;
    forecasts_[key].tell(as_expected ? 0 : now + 2, sight(place.here + 1));
    if (step.is_in_heap(at)) continue;
    key[3] += kText - kName;
    forecasts_[key].tell(texts_.number(step.address_text(at)), sight(place.here + 1));
  }
}

void Deeds::end() {
  const auto [found, is_new] = shapes_.try_emplace(shape_, shapes_.size());
  if (is_new) shape_list_ += (shape_list_.empty() ? "[" : ",[") + shape_ + ']';
  append_number(shape_of_step_, static_cast<std::int64_t>(found->second));
  shape_.clear();
  decision_ = since_ = 0;
  values_.clear();
  names_.clear();
  left_.clear();
}

Forecasts::Key Deeds::key(int argument) const {
  return {static_cast<std::int64_t>(decision_),
          static_cast<std::int64_t>(std::min(since_, kMostSince)), static_cast<std::int64_t>(item_),
          argument};
}

void Deeds::tell(int argument, std::int64_t number) {
  forecasts_[key(argument)].tell(number, sight(numbers_.size()));
  numbers_.push_back(number);
}

void Deeds::begin_item(std::size_t kind) {
  append_number(shape_, static_cast<std::int64_t>(kind));
  item_ = kind + 1;
}

std::size_t Deeds::kind_of(const Note& note) {
  const std::string_view words = words_of(note);
  const auto [found, is_new] = note_kinds_.try_emplace(words, kinds_.size());
  if (is_new) kinds_.push_back({nlohmann::json(words).dump(), letters_of(words)});
  return found->second;
}

std::size_t Deeds::kind_of_store(std::uint64_t writer, std::uint64_t bytes, std::uint64_t faults,
                                 int form) {
  const std::uint64_t packed =
      faults << 16 | writer << 8 | bytes << 4 | static_cast<std::uint64_t>(form);
  const auto [found, is_new] = store_kinds_.try_emplace(packed, kinds_.size());
  if (is_new) kinds_.push_back({fmt::format("[{},{},{},{}]", writer, bytes, faults, form)});
  return found->second;
}

std::string Deeds::json() const {
  std::string kinds;
  for (const Kind& kind : kinds_) kinds += (kinds.empty() ? "" : ",") + kind.json;
  return fmt::format("{{\"kinds\":[{}],\"shapes\":[{}],\"shape\":[{}],\"forecasts\":{}}}", kinds,
                     shape_list_, shape_of_step_, forecasts_.json());
}

}  // namespace tools::explain
