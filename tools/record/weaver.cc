// Weaving faults into recorded calls.
#include "tools/record/weaver.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "tools/record/living_blocks.h"

namespace tools::record {
namespace {

using trace::Event;
using trace::ImageTimes;
using trace::ProcessInfo;
using trace::TraceReader;
using trace::TraceWriter;

/// One process's events on their way to the file.
class Sink {
 public:
  Sink(TraceWriter& to, std::uint32_t process, trace::BlockNumber first_block, bool addresses)
      : to_{to}, encoder_{process, addresses}, next_block_{first_block} {
    encoder_.begin(0, first_block);
  }

  void put(const Event& event) {
    encoder_.put(event);
    ++events_;
    if (trace::allocates(event.verb) && event.block != trace::kNoBlock)
      next_block_ = event.block + 1;
    if (encoder_.size() == trace::kChunkEvents) flush();
  }
  void flush() {
    if (encoder_.size() != 0) to_.write(encoder_);
    encoder_.begin(events_, next_block_);
  }
  [[nodiscard]] std::uint64_t events() const noexcept { return events_; }

 private:
  TraceWriter& to_;
  trace::ChunkEncoder encoder_;
  trace::BlockNumber next_block_;
  std::uint64_t events_ = 0;
};

/// Which touches are whose: each belongs to the image its process was at that time.
class TouchesByImage {
 public:
  TouchesByImage(const TraceReader& calls, const std::map<std::uint32_t, ImageTimes>& times,
                 const std::vector<Touch>& touches, const std::vector<Exec>& execs) {
    for (const auto& [index, image] : times)
      images_.emplace(calls.processes()[index].pid, Image{image.joined, index});
    for (const Exec& exec : execs) execs_.emplace(exec.pid, exec.time);
    for (const Touch& touch : touches) {
      if (const auto index = image_of(touch)) {
        of_[*index].push_back(touch);
      } else {
        ++strangers_;
      }
    }
  }

  [[nodiscard]] const std::vector<Touch>& of(std::uint32_t image) { return of_[image]; }
  /// Of processes, or times, that no call was recorded of.
  [[nodiscard]] std::uint64_t strangers() const noexcept { return strangers_; }

 private:
  struct Image {
    std::uint64_t joined = 0;
    std::uint32_t index = 0;
  };

  /// The image that joined last before the touch, unless another program took its place since.
  [[nodiscard]] std::optional<std::uint32_t> image_of(const Touch& touch) const {
    const Image* last = nullptr;
    const auto [first, end] = images_.equal_range(touch.pid);
    for (auto at = first; at != end; ++at) {
      const Image& image = at->second;
      if (image.joined <= touch.time && (last == nullptr || image.joined > last->joined))
        last = &image;
    }
    if (last == nullptr) return std::nullopt;
    const auto [exec, last_exec] = execs_.equal_range(touch.pid);
    const bool replaced = std::any_of(exec, last_exec, [&](const auto& each) {
      return each.second > last->joined && each.second <= touch.time;
    });
    return replaced ? std::nullopt : std::optional{last->index};
  }

  std::multimap<std::int32_t, Image> images_;
  std::multimap<std::int32_t, std::uint64_t> execs_;
  std::map<std::uint32_t, std::vector<Touch>> of_;
  std::uint64_t strangers_ = 0;
};

class Weaver {
 public:
  Weaver(const TraceReader& calls, const std::map<std::uint32_t, ImageTimes>& times,
         TouchesByImage touches, TraceWriter& to, bool keep_addresses)
      : calls_{calls},
        times_{times},
        touches_{std::move(touches)},
        to_{to},
        keep_addresses_{keep_addresses},
        forks_(calls.processes().size()) {}

  WovenCounts run() {
    std::uint64_t events = 0;
    counts_.elsewhere = touches_.strangers();
    for (std::uint32_t i = 0; i < calls_.processes().size(); ++i) events += weave_process(i);
    to_.finish(events, calls_.losses());
    return counts_;
  }

 private:
  /// What a child starts with.
  struct Fork {
    LivingBlocks live;
    std::uint64_t event = 0;
  };

  std::uint64_t weave_process(std::uint32_t index) {
    ProcessInfo info = calls_.processes()[index];
    info.fork_event = forks_[index].event;
    live_ = std::move(forks_[index].live);
    to_.write(index, info);
    Sink sink{to_, index, info.first_block, keep_addresses_};
    const std::vector<Touch>& touches = touches_.of(index);
    auto touch = touches.begin();
    trace::EventCursor cursor{calls_, index};
    children_ = children_of(index);
    tell_children(0, sink);
    std::uint64_t at = 0;
    for (const Event* event = cursor.next(); event != nullptr; event = cursor.next()) {
      const std::uint64_t time = time_of(index, at);
      for (; touch != touches.end() && touch->time < time; ++touch) put(*touch, sink);
      sink.put(*event);
      live_.apply(*event);
      thread_ = event->thread;
      tell_children(++at, sink);
    }
    for (; touch != touches.end(); ++touch) put(*touch, sink);
    sink.flush();
    return sink.events();
  }

  /// A call without a time comes at once.
  [[nodiscard]] std::uint64_t time_of(std::uint32_t index, std::uint64_t event) const {
    const auto found = times_.find(index);
    if (found == times_.end() || event >= found->second.events.size()) return 0;
    return found->second.events[event];
  }

  void put(const Touch& touch, Sink& sink) {
    const auto found = live_.find(touch.address);
    ++(found ? counts_.touches : counts_.elsewhere);
    if (!found) return;
    sink.put({.verb = touch.writes ? script::Verb::Write : script::Verb::Read,
              .thread = thread_,
              .block = found->block,
              .n = found->offset});
  }

  /// Children forked after so many of the calls start with what lives now.
  void tell_children(std::uint64_t calls, const Sink& sink) {
    const auto [first, last] = children_.equal_range(calls);
    for (auto child = first; child != last; ++child) forks_[child->second] = {live_, sink.events()};
  }

  /// By how many of the parent's calls came before.
  [[nodiscard]] std::multimap<std::uint64_t, std::uint32_t> children_of(
      std::uint32_t parent) const {
    std::multimap<std::uint64_t, std::uint32_t> children;
    for (std::uint32_t i = parent + 1; i < forks_.size(); ++i) {
      const ProcessInfo& child = calls_.processes()[i];
      if (child.forked_from == parent) children.emplace(child.fork_event, i);
    }
    return children;
  }

  const TraceReader& calls_;
  const std::map<std::uint32_t, ImageTimes>& times_;
  TouchesByImage touches_;
  TraceWriter& to_;
  bool keep_addresses_;
  std::vector<Fork> forks_;                               ///< by process
  std::multimap<std::uint64_t, std::uint32_t> children_;  ///< of the process at hand
  LivingBlocks live_;
  std::uint32_t thread_ = 0;  ///< of the call before
  WovenCounts counts_;
};

}  // namespace

WovenCounts weave(const TraceReader& calls, const std::map<std::uint32_t, ImageTimes>& times,
                  const std::vector<Touch>& touches, const std::vector<Exec>& execs,
                  TraceWriter& to, bool keep_addresses) {
  return Weaver{calls, times, TouchesByImage{calls, times, touches, execs}, to, keep_addresses}
      .run();
}

}  // namespace tools::record
