// Producers and consumers: every block is freed by another thread than the one that made it.
#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>

#include "bench/workload/workload.h"

namespace bench {
namespace {

using Batch = std::array<void*, 200>;

/// A queue of batches, short, so that neither side runs far ahead.
class Channel {
 public:
  void send(const Batch& batch) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return batches_.size() < kMost; });
    batches_.push_back(batch);
    changed_.notify_all();
  }
  Batch receive() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return !batches_.empty(); });
    const Batch batch = batches_.front();
    batches_.pop_front();
    changed_.notify_all();
    return batch;
  }

 private:
  static constexpr std::size_t kMost = 8;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Batch> batches_;
};

std::uint64_t produce(Channel& channel, unsigned seed, unsigned batches) {
  Random random{seed + 300};
  for (unsigned i = 0; i < batches; ++i) {
    Batch batch{};
    for (void*& block : batch) block = make_block(random.between(16, 512));
    channel.send(batch);
  }
  return 0;
}

std::uint64_t consume(Channel& channel, unsigned batches) {
  std::uint64_t sum = 0;
  for (unsigned i = 0; i < batches; ++i) {
    for (void* block : channel.receive()) sum += free_block(block);
  }
  return sum;
}

}  // namespace

std::uint64_t run_handoff(unsigned threads) {
  const unsigned pairs = threads / 2;
  const unsigned batches = 20'000 / pairs;
  std::vector<Channel> channels(pairs);
  return in_threads(threads, [&](unsigned thread) {
    Channel& channel = channels[thread / 2];
    return thread % 2 == 0 ? produce(channel, thread, batches) : consume(channel, batches);
  });
}

}  // namespace bench
