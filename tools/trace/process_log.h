// One recorded process: its threads' calls in one order, its blocks by number.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "tools/trace/block_map.h"
#include "tools/trace/event.h"
#include "tools/trace/mappings.h"
#include "tools/trace/raw_stream.h"

namespace tools::trace {

/// Who lives where, and which number comes next: what a fork copies.
struct Heap {
  BlockMap live;
  Mappings mappings;
  BlockNumber next_block = 1;
};

/// Who is told what a process did.
class EventListener {
 public:
  virtual ~EventListener() = default;
  virtual void on_event(const Event& event) = 0;
  /// The process forked; the fork's event was told before. `heap` is what the child starts with.
  virtual void on_fork(std::uint64_t token, const Heap& heap) = 0;
};

/// Joins the rings of a process's threads.
///
/// Calls go by epoch. Within one epoch (128 words of a thread at most) calls of several threads are
/// taken thread by thread as far as addresses allow: nothing is given back before it was handed
/// out, nothing handed out while it is live. That can come to a dead end, as the true order within
/// an epoch is not known: a call is then taken before the one it needs, and put right when that one
/// comes, at the epoch's end at the latest (all that a call follows from is of its epoch or an
/// earlier one). What is still wrong then was done by somebody the recorder did not see.
class ProcessLog {
 public:
  explicit ProcessLog(EventListener& listener) : listener_{&listener} {}

  Heap heap;
  std::uint64_t merged = 0;           ///< events told so far
  std::uint64_t unmatched_frees = 0;  ///< of blocks nobody was seen to allocate; left out
  std::uint64_t inferred_frees = 0;

  void add(std::uint32_t thread, const RawStream& calls);
  /// Whether the thread has no calls left to merge.
  [[nodiscard]] bool is_drained(std::uint32_t thread);
  /// The thread has ended: its stream is let go.
  void release(std::uint32_t thread);
  [[nodiscard]] bool has_calls_before(std::uint64_t epoch);
  [[nodiscard]] std::uint32_t threads() const {
    return static_cast<std::uint32_t>(streams_.size());
  }
  /// Merges all calls of epochs before `epoch` and tells the listener.
  void merge(std::uint64_t epoch);

 private:
  struct Stream {
    std::optional<RawStream> calls;  ///< none: the thread has ended
    // between ReallocBegin and ReallocEnd
    BlockNumber given_up = kNoBlock;
    std::uint64_t given_up_address = 0;
    RawCall moved{};  ///< between MremapFrom and MremapTo

    [[nodiscard]] bool ready(std::uint64_t epoch) {
      const RawCall* head = calls->peek();
      return head != nullptr && head->epoch < epoch;
    }
  };

  void merge_epoch(std::uint64_t epoch);
  void merge_by_time(std::uint64_t epoch);
  void merge_as_possible(std::uint64_t epoch);
  void run(std::uint32_t thread, std::uint64_t end_epoch);
  bool run_possible(std::uint32_t thread, std::uint64_t epoch);
  [[nodiscard]] bool possible(const RawCall& call) const;
  void apply_head(std::uint32_t thread);
  void apply(std::uint32_t thread, const RawCall& call);
  void apply_realloc(std::uint32_t thread, const RawCall& call);
  void begin_realloc(Stream& stream, std::uint32_t thread, std::uint64_t address);
  void give_back(std::uint32_t thread, std::uint64_t address);
  [[nodiscard]] BlockNumber take_live(std::uint64_t address);
  void owe(std::uint32_t thread, std::uint64_t address);
  void pay(std::uint64_t address);
  void settle();
  void map(std::uint32_t thread, const RawCall& call);
  [[nodiscard]] BlockNumber add_mapping(const RawCall& call);
  void unmap(std::uint32_t thread, const RawCall& call);
  void remap(std::uint32_t thread, const RawCall& from, const RawCall& to);
  void change(std::uint32_t thread, script::Verb verb, const RawCall& call);
  [[nodiscard]] std::vector<Mappings::Part> mapped_in(const RawCall& call) const;
  void tell(std::uint32_t thread, script::Verb verb, const Mappings::Part& part,
            std::uint64_t value);
  [[nodiscard]] BlockNumber take_up(std::uint32_t thread, std::uint64_t address);
  void emit(const Event& event);

  std::vector<Stream> streams_;       ///< by thread
  std::vector<std::uint32_t> alive_;  ///< threads that have a stream
  std::vector<std::uint32_t> ready_;  ///< of those, the ones that may go on now
  // Within one epoch of several threads:
  struct Debt {
    std::uint32_t thread = 0;
    std::uint64_t address = 0;
  };
  struct Overlaid {
    std::uint32_t thread = 0;
    std::uint64_t address = 0;
    BlockNumber block = kNoBlock;
  };
  std::uint64_t now_ = 0;  ///< time of the call at hand
  bool merging_ = false;
  std::vector<Debt> debts_;         ///< given back before they were handed out
  std::vector<Overlaid> overlaid_;  ///< live where another block was handed out
  EventListener* listener_;
};

}  // namespace tools::trace
