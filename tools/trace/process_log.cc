// One recorded process: its threads' calls in one order, its blocks by number.
#include "tools/trace/process_log.h"

#include <algorithm>

namespace tools::trace {
namespace {

using script::Verb;
using wire::Call;

Verb verb_of(Call call) {
  switch (call) {
    case Call::Calloc:
      return Verb::Calloc;
    case Call::Memalign:
      return Verb::Memalign;
    case Call::AlignedAlloc:
      return Verb::AlignedAlloc;
    case Call::PosixMemalign:
      return Verb::PosixMemalign;
    case Call::Valloc:
      return Verb::Valloc;
    case Call::Pvalloc:
      return Verb::Pvalloc;
    case Call::MallocTrim:
      return Verb::MallocTrim;
    case Call::Mallopt:
      return Verb::Mallopt;
    case Call::Fork:
      return Verb::Fork;
    default:
      return Verb::Malloc;
  }
}

std::uint64_t whole_pages(std::uint64_t bytes) {
  return (bytes + Stretch::kSmallestPage - 1) / Stretch::kSmallestPage * Stretch::kSmallestPage;
}

bool hands_out(Call call) {
  return call == Call::ReallocEnd ||
         (call != Call::Free && call != Call::ReallocBegin && allocates(verb_of(call)));
}

}  // namespace

void ProcessLog::add(std::uint32_t thread, const RawStream& calls) {
  if (thread >= streams_.size()) streams_.resize(thread + 1);
  streams_[thread].calls = calls;
  alive_.push_back(thread);
}

bool ProcessLog::is_drained(std::uint32_t thread) {
  return streams_[thread].calls->peek() == nullptr;
}

void ProcessLog::release(std::uint32_t thread) {
  streams_[thread].calls->release();
  streams_[thread].calls.reset();
  std::erase(alive_, thread);
}

bool ProcessLog::has_calls_before(std::uint64_t epoch) {
  return std::any_of(alive_.begin(), alive_.end(),
                     [&](std::uint32_t t) { return streams_[t].ready(epoch); });
}

void ProcessLog::merge(std::uint64_t epoch) {
  for (;;) {
    ready_.clear();
    for (const std::uint32_t t : alive_) {
      if (streams_[t].ready(epoch)) ready_.push_back(t);
    }
    if (ready_.empty()) return;
    if (ready_.size() == 1) {
      run(ready_[0], epoch);
    } else {
      merge_epoch(epoch);
    }
  }
}

/// Merges the earliest epoch of several threads.
void ProcessLog::merge_epoch(std::uint64_t end) {
  std::uint64_t first = end, second = end;
  for (const std::uint32_t t : ready_) {
    const std::uint64_t epoch = streams_[t].calls->peek()->epoch;
    second = std::min(second, std::max(first, epoch));
    first = std::min(first, epoch);
  }
  std::erase_if(ready_, [&](std::uint32_t t) { return !streams_[t].ready(first + 1); });
  if (ready_.size() == 1) return run(ready_[0], second);
  merging_ = true;
  const bool is_timed = streams_[ready_[0]].calls->peek()->time != 0;
  is_timed ? merge_by_time(first) : merge_as_possible(first);
  merging_ = false;
  settle();
}

void ProcessLog::merge_by_time(std::uint64_t epoch) {
  const auto time = [this](std::uint32_t t) { return streams_[t].calls->peek()->time; };
  while (!ready_.empty()) {
    apply_head(
        *std::min_element(ready_.begin(), ready_.end(),
                          [&](std::uint32_t a, std::uint32_t b) { return time(a) < time(b); }));
    std::erase_if(ready_, [&](std::uint32_t t) { return !streams_[t].ready(epoch + 1); });
  }
}

void ProcessLog::merge_as_possible(std::uint64_t epoch) {
  while (!ready_.empty()) {
    bool moved = false;
    for (const std::uint32_t t : ready_) moved |= run_possible(t, epoch);
    if (!moved) apply_head(ready_[0]);
    std::erase_if(ready_, [&](std::uint32_t t) { return !streams_[t].ready(epoch + 1); });
  }
}

void ProcessLog::run(std::uint32_t thread, std::uint64_t end_epoch) {
  RawStream& calls = *streams_[thread].calls;
  for (const RawCall* call = calls.peek(); call != nullptr && call->epoch < end_epoch;
       call = calls.peek()) {
    apply(thread, *call);
    calls.pop();
  }
}

bool ProcessLog::run_possible(std::uint32_t thread, std::uint64_t epoch) {
  bool moved = false;
  while (streams_[thread].ready(epoch + 1) && possible(*streams_[thread].calls->peek())) {
    apply_head(thread);
    moved = true;
  }
  return moved;
}

void ProcessLog::apply_head(std::uint32_t thread) {
  RawStream& calls = *streams_[thread].calls;
  apply(thread, *calls.peek());
  calls.pop();
}

bool ProcessLog::possible(const RawCall& call) const {
  if (call.call == Call::Free || call.call == Call::ReallocBegin) {
    return heap.live.find(call.address) != kNoBlock;
  }
  return !hands_out(call.call) || heap.live.find(call.address) == kNoBlock;
}

void ProcessLog::apply(std::uint32_t thread, const RawCall& call) {
  now_ = call.time;
  switch (call.call) {
    case Call::Free:
      return give_back(thread, call.address);
    case Call::ReallocBegin:
      return begin_realloc(streams_[thread], thread, call.address);
    case Call::ReallocEnd:
      return apply_realloc(thread, call);
    case Call::Mmap:
      return map(thread, call);
    case Call::Munmap:
      return unmap(thread, call);
    case Call::Mprotect:
      return change(thread, Verb::Mprotect, call);
    case Call::Madvise:
      return change(thread, Verb::Madvise, call);
    case Call::MremapFrom:
      streams_[thread].moved = call;
      return;
    case Call::MremapTo:
      return remap(thread, streams_[thread].moved, call);
    default:
      break;
  }
  Event event{.verb = verb_of(call.call), .thread = thread, .n = call.n, .m = call.m};
  if (hands_out(call.call)) {
    event.block = take_up(thread, call.address);
    event.address = call.address;
  }
  if (call.call == Call::Fork) event.n = 0;
  emit(event);
  if (event.block != kNoBlock) pay(call.address);
  if (call.call == Call::Fork) listener_->on_fork(call.n, heap);
}

/// What lay there before was unmapped, or replaced.
void ProcessLog::map(std::uint32_t thread, const RawCall& call) {
  unmap(thread, {.n = call.n, .m = now_, .address = call.address});
  emit({.verb = Verb::Mmap,
        .thread = thread,
        .block = add_mapping(call),
        .n = call.n,
        .m = call.m,
        .address = call.address});
}

/// The number of the block that a call's memory is from now on.
BlockNumber ProcessLog::add_mapping(const RawCall& call) {
  const BlockNumber block = heap.next_block++;
  heap.mappings.add(call.address, whole_pages(call.n), block, now_);
  return block;
}

/// What was mapped after the call was made lies where it made room: see wire::Call::Munmap.
void ProcessLog::unmap(std::uint32_t thread, const RawCall& call) {
  for (const Mappings::Part& part : mapped_in(call)) {
    if (part.added > call.m) continue;
    tell(thread, Verb::Munmap, part, 0);
    heap.mappings.remove(part.address, part.bytes);
  }
}

/// Memory that is no whole mapping, all its own, is followed no further.
void ProcessLog::remap(std::uint32_t thread, const RawCall& from, const RawCall& to) {
  const std::vector<Mappings::Part> parts = mapped_in(from);
  const bool moves = to.address != from.address;
  const bool follows = parts.size() == 1 && parts.front().bytes == whole_pages(from.n) &&
                       parts.front().added <= from.m && heap.mappings.is_whole(parts.front());
  if (!follows) unmap(thread, from);
  if (moves) unmap(thread, {.n = to.n, .m = from.m, .address = to.address});
  if (!follows) return;
  const Mappings::Part& old = parts.front();
  heap.mappings.remove(old.address, old.bytes);
  emit({.verb = Verb::Mremap,
        .thread = thread,
        .block = add_mapping(to),
        .old_block = old.block,
        .n = to.n,
        .m = Stretch{old.bytes, 0}.packed(),
        .address = to.address});
}

void ProcessLog::change(std::uint32_t thread, Verb verb, const RawCall& call) {
  if (call.m >= Stretch::kSmallestPage) return;  // the kernel knows no such value
  for (const Mappings::Part& part : mapped_in(call)) tell(thread, verb, part, call.m);
}

/// The program's mappings in a call's range.
std::vector<Mappings::Part> ProcessLog::mapped_in(const RawCall& call) const {
  const std::uint64_t bytes = whole_pages(call.n);
  const bool fits = call.n <= bytes && bytes <= ~call.address;
  if (!fits || call.address % Stretch::kSmallestPage != 0) return {};
  return heap.mappings.in(call.address, bytes);
}

void ProcessLog::tell(std::uint32_t thread, Verb verb, const Mappings::Part& part,
                      std::uint64_t value) {
  emit({.verb = verb,
        .thread = thread,
        .block = part.block,
        .n = part.offset,
        .m = Stretch{part.bytes, value}.packed()});
}

void ProcessLog::begin_realloc(Stream& stream, std::uint32_t thread, std::uint64_t address) {
  stream.given_up = take_live(address);
  stream.given_up_address = address;
  if (stream.given_up == kNoBlock) owe(thread, address);
}

void ProcessLog::give_back(std::uint32_t thread, std::uint64_t address) {
  const BlockNumber block = take_live(address);
  if (block == kNoBlock) {
    owe(thread, address);
  } else {
    emit({.verb = Verb::Free, .thread = thread, .block = block});
  }
}

/// Who has lived there longest.
BlockNumber ProcessLog::take_live(std::uint64_t address) {
  const auto first = std::find_if(overlaid_.begin(), overlaid_.end(),
                                  [&](const Overlaid& o) { return o.address == address; });
  if (first == overlaid_.end()) return heap.live.take(address);
  const BlockNumber block = first->block;
  overlaid_.erase(first);
  return block;
}

/// Nobody lives there: whoever moves in is given back at once, see pay().
void ProcessLog::owe(std::uint32_t thread, std::uint64_t address) {
  if (merging_) {
    debts_.push_back({thread, address});
  } else {
    ++unmatched_frees;
  }
}

void ProcessLog::pay(std::uint64_t address) {
  const auto debt = std::find_if(debts_.begin(), debts_.end(),
                                 [&](const Debt& d) { return d.address == address; });
  if (debt == debts_.end()) return;
  const std::uint32_t thread = debt->thread;
  debts_.erase(debt);
  emit({.verb = Verb::Free, .thread = thread, .block = take_live(address)});
}

/// The end of an epoch: what was not put right is left as it is.
void ProcessLog::settle() {
  unmatched_frees += debts_.size();
  debts_.clear();
  inferred_frees += overlaid_.size();
  for (const Overlaid& gone : overlaid_) {
    emit({.verb = Verb::Free, .inferred = true, .thread = gone.thread, .block = gone.block});
  }
  overlaid_.clear();
}

void ProcessLog::apply_realloc(std::uint32_t thread, const RawCall& call) {
  Stream& stream = streams_[thread];
  const BlockNumber old = stream.given_up;
  const bool refused = call.address == 0 && call.n != 0;
  if (refused && old != kNoBlock) heap.live.put(stream.given_up_address, old);
  stream.given_up = kNoBlock;
  const BlockNumber block = take_up(thread, call.address);
  emit({.verb = Verb::Realloc,
        .thread = thread,
        .block = block,
        .old_block = old,
        .n = call.n,
        .address = call.address});
  if (block != kNoBlock) pay(call.address);
}

/// The number of the block now at `address`. Whoever was there must have gone, seen or not.
BlockNumber ProcessLog::take_up(std::uint32_t thread, std::uint64_t address) {
  if (address == 0) return kNoBlock;
  if (const BlockNumber gone = heap.live.take(address); gone != kNoBlock) {
    overlaid_.push_back({thread, address, gone});
    if (!merging_) settle();
  }
  heap.live.put(address, heap.next_block);
  return heap.next_block++;
}

void ProcessLog::emit(const Event& event) {
  ++merged;
  Event timed = event;
  timed.time = now_;
  listener_->on_event(timed);
}

}  // namespace tools::trace
