// The oracle's raw results: told by place, or held against a trace.
#include <sys/syscall.h>

#include <stdexcept>

#include "tests/truth/malloc_checker.h"
#include "tests/truth/oracle_client.h"

namespace truth {
namespace {

using Kind = SystemCall::Kind;

RawCall raw_of(const WireCall& call) {
  const auto& [arguments, result, number] = call;
  RawCall raw{.kind = Kind::Brk, .at = arguments[0], .arguments = {}, .error = 0, .result = 0};
  const bool failed = result < 0 && result > -4096;
  raw.error = failed && number != SYS_brk ? static_cast<int>(-result) : 0;
  raw.result = failed ? 0 : static_cast<std::uint64_t>(result);
  if (number == SYS_brk) return raw;
  raw.arguments = {arguments[1], 0, 0};
  if (number == SYS_munmap) {
    raw.kind = Kind::Munmap;
    return raw;
  }
  raw.arguments[1] = arguments[2];
  raw.kind = number == SYS_mremap    ? Kind::Mremap
             : number == SYS_madvise ? Kind::Madvise
                                     : Kind::Mprotect;
  if (number != SYS_mmap) return raw;
  raw.kind = Kind::Mmap;
  raw.arguments[2] = arguments[3];
  return raw;
}

RawResult raw_of(const WireResult& result) {
  RawResult raw{.pointer = result.pointer,
                .usable = result.usable,
                .error = result.error,
                .value = result.value,
                .info = {}};
  for (std::size_t i = 0; i < raw.info.size(); ++i) raw.info[i] = result.info[i];
  return raw;
}

/// The calls of an operation. A dying library maps a page to keep its message in: not malloc's.
std::vector<RawCall> calls_of(const OracleAnswer& answer, std::size_t op) {
  const Wire& wire = *answer.wire;
  const bool died = op == wire.done;
  const std::size_t last = died ? wire.calls_made : wire.result[op].last_call;
  std::vector<RawCall> calls;
  for (std::size_t i = wire.result[op].first_call; i < last; ++i) {
    calls.push_back(raw_of(wire.call[i]));
  }
  if (died && !calls.empty() && calls.back().kind == Kind::Mmap) calls.pop_back();
  return calls;
}

/// Follows an answer from its start, naming what it meets.
class Namer {
 public:
  explicit Namer(std::uint64_t base) : book_{base} {}

  SystemCall name(const RawCall& raw) {
    SystemCall call{.kind = raw.kind,
                    .at = book_.name(raw.at),
                    .arguments = raw.arguments,
                    .error = raw.error,
                    .result = {}};
    switch (raw.kind) {
      case Kind::Brk:
        if (raw.at != 0) call.at = {Place::Base::Heap, 0, raw.at - book_.base()};
        call.result = {Place::Base::Heap, 0, raw.result - book_.base()};
        break;
      case Kind::Mmap:
        if (raw.error == 0) call.result = {Place::Base::Mapping, book_.mappings(), 0};
        break;
      default:
        break;
    }
    book_.note(raw);
    if (raw.kind == Kind::Mprotect) call.at = book_.name(raw.at);  // a heap from now on
    return call;
  }

  Result name(const Op& op, const RawResult& raw) const {
    Result result;
    if (allocates(op.verb)) {
      result.pointer = book_.name(raw.pointer);
      result.usable = raw.usable;
      if (raw.pointer == 0) result.error = raw.error;
    }
    if (op.verb == Verb::Info || op.verb == Verb::MappedInfo) result.info = raw.info;
    if (op.verb == Verb::Trim || op.verb == Verb::Mallopt) result.value = raw.value;
    if (op.verb == Verb::Sbrk) {
      result.value = raw.value == -1 ? -1 : raw.value - static_cast<std::int64_t>(book_.base());
    }
    return result;
  }

 private:
  AddressBook book_;
};

PageRuns resident_runs(const Wire& wire) {
  constexpr std::uint64_t kPage = 4096;
  const std::uint64_t pages = (wire.brk - wire.base + kPage - 1) / kPage;
  PageRuns runs;
  for (std::uint64_t page = 0; page < pages; ++page) {
    if ((wire.resident[page] & 1) == 0) continue;
    if (!runs.empty() && runs.back().second == page) {
      ++runs.back().second;
    } else {
      runs.emplace_back(page, page + 1);
    }
  }
  return runs;
}

}  // namespace

Trace answered(const Trace& question, const OracleAnswer& answer) {
  const Wire& wire = *answer.wire;
  Trace trace = question;
  trace.glibc = wire.glibc;
  trace.base = wire.base;
  trace.abort = answer.said;
  trace.abort_op = answer.said.empty() ? 0 : wire.done;
  trace.mappings.clear();
  trace.steps.resize(wire.begun);
  Namer namer{wire.base};
  for (std::size_t i = 0; i < wire.begun; ++i) {
    Step& step = trace.steps[i];
    step.result = {};
    std::vector<SystemCall> calls;
    for (const RawCall& call : calls_of(answer, i)) {
      calls.push_back(namer.name(call));
      if (call.kind == Kind::Mmap) trace.mappings.push_back(call.error == 0 ? call.result : 0);
    }
    if (i < wire.done) step.result = namer.name(step.op, raw_of(wire.result[i]));
    step.result.calls = std::move(calls);
  }
  if (answer.said.empty() && !trace.thread) trace.resident = resident_runs(wire);
  return trace;
}

void check_answer(const Trace& trace, const OracleAnswer& answer) {
  const Wire& wire = *answer.wire;
  Checker checker{trace, wire.base, Checker::Ends::Sum};
  for (std::size_t i = 0; i < wire.begun; ++i) {
    checker.begin(i);
    for (const RawCall& call : calls_of(answer, i)) {
      checker.expect(call);
      checker.made(call);
    }
    if (i == wire.done) return checker.died(answer.said);
    checker.finish(raw_of(wire.result[i]));
  }
  if (!trace.resident) return;
  const PageRuns runs = resident_runs(wire);
  if (*trace.resident != runs) {
    throw Mismatch{wire.done, trace.name + ": the resident pages differ: expected " +
                                  to_string(*trace.resident) + ", got " + to_string(runs)};
  }
}

}  // namespace truth
