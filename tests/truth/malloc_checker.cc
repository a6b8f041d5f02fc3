// Comparing a run with a trace: addresses by place, everything else by value.
#include "tests/truth/malloc_checker.h"

#include <bit>

namespace truth {

using Kind = SystemCall::Kind;

namespace {

/// The reservation an aligned 64-MiB heap is cut out of.
constexpr std::uint64_t kReservation = 2 * kArenaHeapBytes;

std::string info_text(const std::array<std::uint64_t, 5>& info, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += std::to_string(info[i]) + ' ';
  return text;
}

}  // namespace

Checker::Checker(const Trace& trace, std::uint64_t base, Ends ends)
    : trace_{&trace}, book_{base}, ends_{ends} {}

void Checker::fail(const std::string& what, const std::string& expected,
                   const std::string& got) const {
  const std::string op = op_ < trace_->steps.size() ? to_string(trace_->steps[op_].op) : "the end";
  throw Mismatch{op_, trace_->name + ": op " + std::to_string(op_) + ' ' + op + ": " + what +
                          ": expected " + expected + ", got " + got};
}

bool Checker::same(const Place& expected, std::uint64_t got) const {
  const bool new_heap = expected.base == Place::Base::Arena && expected.index == book_.arenas();
  if (new_heap) return got % kArenaHeapBytes == 0 && book_.name(got).base == Place::Base::Mapping;
  return book_.find(expected, trace_->base) == got;
}

void Checker::begin(std::size_t op) {
  op_ = op;
  call_ = 0;
  unmapped_ = 0;
}

/// One of the two munmaps after a reservation: its start or length follows from the placement.
bool Checker::is_cut_end(const SystemCall& expected) const {
  if (ends_ == Ends::Exact || expected.kind != Kind::Munmap) return false;
  const auto& calls = trace_->steps[op_].result.calls;
  for (std::size_t i = 0; i < call_; ++i) {
    if (calls[i].kind == Kind::Mmap && calls[i].arguments[0] == kReservation) return true;
  }
  return false;
}

bool Checker::same_arguments(const SystemCall& expected, const RawCall& call) const {
  if (expected.kind != call.kind) return false;
  if (is_cut_end(expected)) return true;
  if (expected.kind == Kind::Brk && expected.at.base == Place::Base::Null) return call.at == 0;
  return same(expected.at, call.at) && expected.arguments == call.arguments;
}

SystemCall Checker::named(const RawCall& call) const {
  SystemCall named{.kind = call.kind,
                   .at = book_.name(call.at),
                   .arguments = call.arguments,
                   .error = call.error,
                   .result = {}};
  if (call.kind == Kind::Brk) {
    if (call.at != 0) named.at = {Place::Base::Heap, 0, call.at - book_.base()};
    if (call.result != 0) named.result = {Place::Base::Heap, 0, call.result - book_.base()};
  }
  if (call.kind == Kind::Mmap) named.result = {Place::Base::Mapping, book_.mappings(), 0};
  return named;
}

const SystemCall& Checker::expect(const RawCall& call) {
  const auto& calls = trace_->steps[op_].result.calls;
  const auto number = "system call " + std::to_string(call_);
  if (call_ >= calls.size()) fail(number, "none", to_string(named(call)));
  if (!same_arguments(calls[call_], call)) {
    fail(number, to_string(calls[call_]), to_string(named(call)));
  }
  return calls[call_];
}

Placement Checker::placement() const {
  const Result& result = trace_->steps[op_].result;
  if (call_ >= result.calls.size() || result.calls[call_].kind != Kind::Mmap) return {};
  if (book_.mappings() < trace_->mappings.size()) {
    return {.address = trace_->mappings[book_.mappings()]};
  }
  if (result.calls[call_].arguments[0] ==
      kReservation) {  // the slack cut off below tells the residue
    const bool cut = call_ + 2 < result.calls.size() &&
                     result.calls[call_ + 1].kind == Kind::Munmap &&
                     result.calls[call_ + 2].kind == Kind::Munmap;
    const auto slack = cut ? result.calls[call_ + 1].arguments[0] : 0;
    return {0, kArenaHeapBytes, (kArenaHeapBytes - slack) % kArenaHeapBytes};
  }
  const std::uint64_t asked = alignment_of(trace_->steps[op_].op);
  if (asked > std::uint64_t{1} << 63) return {};  // refused
  const std::uint64_t alignment = std::bit_ceil(asked);
  const bool answer =
      result.pointer.base == Place::Base::Mapping && result.pointer.index == book_.mappings();
  if (answer && alignment > 4096) return {0, alignment, -result.pointer.offset & (alignment - 1)};
  return {};
}

void Checker::made(const RawCall& call) {
  const SystemCall& expected = trace_->steps[op_].result.calls[call_];
  const bool same_outcome =
      expected.error == call.error &&
      (expected.kind != Kind::Brk || book_.base() + expected.result.offset == call.result ||
       (expected.at.base == Place::Base::Null && call.at == 0));
  if (!same_outcome) {
    fail("the outcome of system call " + std::to_string(call_), to_string(expected),
         to_string(named(call)));
  }
  ++call_;
  if (call.kind == Kind::Munmap) unmapped_ += call.arguments[0];
  book_.note(call);
}

void Checker::check_pointer(const Result& expected, const RawResult& got) const {
  if (!same(expected.pointer, got.pointer)) {
    fail("pointer", to_string(expected.pointer), to_string(book_.name(got.pointer)));
  }
  if (expected.usable != got.usable) {
    fail("usable size", std::to_string(expected.usable), std::to_string(got.usable));
  }
  if (got.pointer == 0 && expected.error != got.error) {
    fail("errno", std::to_string(expected.error), std::to_string(got.error));
  }
}

void Checker::check_calls(const Result& expected) const {
  if (call_ < expected.calls.size()) {
    fail("system call " + std::to_string(call_), to_string(expected.calls[call_]), "none");
  }
  std::uint64_t unmapped = 0;
  for (const SystemCall& call : expected.calls) {
    if (call.kind == Kind::Munmap) unmapped += call.arguments[0];
  }
  if (unmapped_ != unmapped) {
    fail("bytes unmapped", std::to_string(unmapped), std::to_string(unmapped_));
  }
}

void Checker::finish(const RawResult& got) {
  const auto& [op, expected] = trace_->steps[op_];
  if (!trace_->abort.empty() && op_ == trace_->abort_op) {
    fail("the library", trace_->abort, "no abort");
  }
  check_calls(expected);
  if (allocates(op.verb)) check_pointer(expected, got);
  const bool is_sbrk = op.verb == Verb::Sbrk;
  const auto value =
      is_sbrk && got.value != -1 ? got.value - static_cast<std::int64_t>(book_.base()) : got.value;
  if ((is_sbrk || op.verb == Verb::Trim || op.verb == Verb::Mallopt) && value != expected.value) {
    fail("returned", std::to_string(expected.value), std::to_string(value));
  }
  const std::size_t fields = op.verb == Verb::Info ? 5 : op.verb == Verb::MappedInfo ? 4 : 0;
  if (info_text(expected.info, fields) != info_text(got.info, fields)) {
    fail("mallinfo2", info_text(expected.info, fields), info_text(got.info, fields));
  }
}

void Checker::died(const std::string& message) {
  const bool here = !trace_->abort.empty() && op_ == trace_->abort_op;
  if (!here || trace_->abort != message) {
    fail("the library", here ? trace_->abort : "alive", message);
  }
  check_calls(trace_->steps[op_].result);
}

}  // namespace truth
