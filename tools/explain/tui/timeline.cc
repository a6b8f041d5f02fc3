// Taking steps down, and finding them again.
#include "tools/explain/tui/timeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "allocator/chunk.h"
#include "tools/explain/step_text.h"
#include "tools/script/print.h"

namespace tools::explain {
namespace {

using script::Verb;

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

/// A trace has no lines of its own to be shown.
std::string title_of(const Step& step) {
  std::string text = title_text(step, Style{});
  text.pop_back();
  if (!step.program().source.empty()) return text;
  const std::string verb{to_string(step.op().verb)};
  const std::size_t at = text.find(verb);
  return at == std::string::npos
             ? text
             : text.replace(at, verb.size(), script::to_text(step.program(), step.op()));
}

std::string more_of(const Step& step) {
  std::string text;
  if (step.outcome().address != 0) text += fmt::format("{:#x}", step.outcome().address);
  for (const pagesim::FaultRecord& fault : step.faults()) text += '\n' + step.fault_text(fault);
  return lower(std::move(text));
}

bool hands_out(Verb verb) { return verb <= Verb::Pvalloc; }

std::uint64_t requested(const script::Op& op) {
  return op.verb == Verb::Calloc ? op.n * op.m : op.n;
}

std::optional<std::uint64_t> number(std::string_view text, int base) {
  std::uint64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  const bool whole = error == std::errc{} && stop == text.data() + text.size();
  return whole ? std::optional{value} : std::nullopt;
}

/// "0x7f...", or "heap+0x2a0".
std::optional<std::uint64_t> address_in(std::string_view text, std::uint64_t heap_base) {
  constexpr std::string_view kHeap = "heap+0x";
  if (text.starts_with("0x")) return number(text.substr(2), 16);
  if (!text.starts_with(kHeap)) return std::nullopt;
  const auto offset = number(text.substr(kHeap.size()), 16);
  return offset ? std::optional{heap_base + *offset} : std::nullopt;
}

}  // namespace

void Timeline::take(const Step& step) {
  if (!step.outcome().ran) return;
  heap_base_ = step.run().so_far().heap_base;
  take_birth(step);
  take_touched(step);
  steps_.push_back({step.index(), title_of(step), more_of(step), touched_.size()});
}

void Timeline::take_birth(const Step& step) {
  const script::Op& op = step.op();
  if (!hands_out(op.verb) || op.result == script::kNone || step.outcome().address == 0) return;
  const auto chunk = allocator::request2size(requested(op));
  if (!chunk) return;
  births_.push_back({steps_.size(), op.result, step.outcome().address, bytes(*chunk)});
}

void Timeline::take_touched(const Step& step) {
  std::vector<Bytes> all;
  for (const auto& access : step.accesses()) {
    all.push_back({access.at.raw(), access.at.raw() + access.bytes});
  }
  for (const script::Place& place : {step.op().to, step.op().from}) {
    if (place.base != script::Base::Name) continue;
    const std::uint64_t at = step.places().resolve(step.op().process, place).raw();
    if (at != 0) all.push_back({at, at + 1});
  }
  std::sort(all.begin(), all.end(),
            [](const Bytes& a, const Bytes& b) { return a.begin < b.begin; });
  const std::size_t first = touched_.size();
  for (const Bytes& bytes : all) {
    if (touched_.size() == first || touched_.back().end < bytes.begin) {
      touched_.push_back(bytes);
    } else {
      touched_.back().end = std::max(touched_.back().end, bytes.end);
    }
  }
}

std::vector<std::size_t> Timeline::with_text(std::string_view text) const {
  const std::string wanted = lower(std::string{text});
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const bool has = lower(steps_[i].title).find(wanted) != std::string::npos ||
                     steps_[i].more.find(wanted) != std::string::npos;
    if (has) found.push_back(i);
  }
  return found;
}

std::vector<std::size_t> Timeline::touching(const Followed& block) const {
  const std::uint64_t begin = block.user.raw() - allocator::kChunkHeader;
  const std::uint64_t end = begin + block.bytes;
  std::vector<std::size_t> found;
  std::size_t at = 0;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    bool touched = false;
    for (; at < steps_[i].end_touched; ++at) {
      touched |= touched_[at].begin < end && touched_[at].end > begin;
    }
    if (touched) found.push_back(i);
  }
  return found;
}

std::optional<std::size_t> Timeline::at_line(std::uint32_t line) const {
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    if (op(i).line >= line) return i;
  }
  return std::nullopt;
}

std::string Timeline::name_of(std::size_t step) const {
  const script::Op& done = op(step);
  if (done.result != script::kNone) return program_.names[done.result];
  const bool named = done.to.base == script::Base::Name && done.to.name != script::kNone;
  return named ? program_.names[done.to.name] : std::string{};
}

template <class IsIt>
std::optional<Followed> Timeline::block_where(std::size_t step, IsIt is_it) const {
  const Birth* found = nullptr;
  for (const Birth& birth : births_) {
    if (birth.step > step && found != nullptr) break;
    if (is_it(birth)) found = &birth;
  }
  if (found == nullptr) return std::nullopt;
  return Followed{program_.names[found->name], pagesim::VirtAddr{found->user}, found->bytes};
}

std::optional<Followed> Timeline::block(const std::string& text, std::size_t step) const {
  if (const auto at = address_in(text, heap_base_)) {
    return block_where(step, [&](const Birth& birth) {
      const std::uint64_t begin = birth.user - allocator::kChunkHeader;
      return *at >= begin && *at < begin + birth.bytes;
    });
  }
  return block_where(step, [&](const Birth& birth) { return program_.names[birth.name] == text; });
}

}  // namespace tools::explain
