// stress SECONDS SEED: threads that allocate, hand blocks to each other, end, start others and
// fork, all at once. Every block carries a pattern that nobody else may change.
#include <malloc.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kThreads = 8;
constexpr std::size_t kSlots = 4'000;
constexpr int kTurnsOfAThread = 3'000;
constexpr int kTurnsOfAChild = 500;

struct Block {
  std::size_t size;  // of the whole block
  std::uint64_t seed;
};

std::array<std::atomic<Block*>, kSlots> slots;
std::atomic<bool> stopping;
std::atomic<std::uint64_t> operations;
std::atomic<std::uint64_t> ended;
std::atomic<std::uint64_t> forks;
std::atomic<std::uint64_t> next_seed;

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_{seed * 2 + 1} {}
  std::uint64_t operator()(std::uint64_t below) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_ % below;
  }

 private:
  std::uint64_t state_;
};

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "stress: %s\n", what);
  std::abort();
}

unsigned char pattern(const Block* block) { return static_cast<unsigned char>(block->seed); }
unsigned char* contents(Block* block) { return reinterpret_cast<unsigned char*>(block + 1); }

/// The first and the last bytes tell: every byte would take the time of hundreds of operations.
constexpr std::size_t kEdge = 64;
std::size_t edge_of(std::size_t n) { return n < kEdge ? n : kEdge; }
std::size_t contents_size(const Block* block) { return block->size - sizeof(Block); }

void write_edges(Block* block) {
  const std::size_t n = contents_size(block);
  std::memset(contents(block), pattern(block), edge_of(n));
  std::memset(contents(block) + n - edge_of(n), pattern(block), edge_of(n));
}
void check_bytes(const unsigned char* at, std::size_t n, unsigned char expected) {
  for (std::size_t i = 0; i < n; ++i) {
    if (at[i] != expected) fail("a block's contents changed");
  }
}
void check_edges(Block* block) {
  const std::size_t n = contents_size(block);
  if (block->size > malloc_usable_size(block)) fail("a block is too small");
  check_bytes(contents(block), edge_of(n), pattern(block));
  check_bytes(contents(block) + n - edge_of(n), edge_of(n), pattern(block));
}

std::size_t draw_size(Random& random) {
  const std::size_t least = sizeof(Block) + 1;
  switch (random(20)) {
    case 0:
      return least + random(300'000);
    case 1:
    case 2:
      return least + random(20'000);
    case 3:
    case 4:
    case 5:
      return least + random(2'000);
    default:
      return least + random(200);
  }
}

Block* allocate(Random& random) {
  const std::size_t n = draw_size(random);
  void* p = nullptr;
  switch (random(8)) {
    case 0:
      p = calloc(1, n);
      if (p != nullptr) check_bytes(static_cast<unsigned char*>(p), n, 0);
      break;
    case 1:
      p = memalign(std::size_t{16} << random(9), n);
      break;
    default:
      p = malloc(n);
  }
  if (p == nullptr) fail("no memory");
  auto* const block = static_cast<Block*>(p);
  block->size = n;
  block->seed = random(256);
  write_edges(block);
  return block;
}

Block* resize(Block* block, Random& random) {
  const std::size_t n = draw_size(random);
  const std::size_t kept = (n < block->size ? n : block->size) - sizeof(Block);
  block = static_cast<Block*>(realloc(block, n));
  if (block == nullptr) fail("no memory");
  check_bytes(contents(block), edge_of(kept), pattern(block));
  block->size = n;
  write_edges(block);
  return block;
}

/// Takes what is in a slot, whoever put it there, and leaves another block or none.
void turn(Random& random) {
  auto& slot = slots[random(kSlots)];
  Block* block = slot.exchange(nullptr);
  if (block == nullptr) {
    block = allocate(random);
  } else {
    check_edges(block);
    if (random(4) == 0) {
      block = resize(block, random);
    } else {
      free(block);
      block = nullptr;
    }
  }
  if (block != nullptr) {
    Block* const evicted = slot.exchange(block);
    free(evicted);
  }
  operations.fetch_add(1, std::memory_order_relaxed);
}

void report(Random& random) {
  static FILE* const kNowhere = std::fopen("/dev/null", "w");
  switch (random(4)) {
    case 0:
      malloc_trim(random(10'000));
      return;
    case 1:
      malloc_info(0, kNowhere);
      return;
    case 2:
      mallopt(M_MXFAST, static_cast<int>(random(160)));
      return;
    default:
      if (mallinfo2().arena == 0) fail("no arena");
  }
}

[[maybe_unused]] void* end_at_once(void*) {
  free(malloc(100));
  return nullptr;
}

/// The sanitizers cannot: their own locks may be held when another thread forks.
void start_a_thread() {
#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
  pthread_t thread{};
  if (pthread_create(&thread, nullptr, end_at_once, nullptr) == 0) pthread_join(thread, nullptr);
#endif
}

/// The child has all blocks to itself, and threads of its own.
void fork_and_go_on(Random& random) {
  const pid_t child = fork();
  if (child < 0) return;
  if (child == 0) {
    for (int i = 0; i < kTurnsOfAChild; ++i) turn(random);
    start_a_thread();
    for (int i = 0; i < kTurnsOfAChild; ++i) turn(random);
    _exit(0);
  }
  int status = 0;
  if (waitpid(child, &status, 0) != child || status != 0) fail("a forked child died");
  forks.fetch_add(1);
}

void* live(void*) {
  Random random{next_seed.fetch_add(1)};
  for (int i = 0; i < kTurnsOfAThread && !stopping; ++i) {
    turn(random);
    if (random(500) == 0) report(random);
    if (random(3'000) == 0) fork_and_go_on(random);
  }
  ended.fetch_add(1);
  return nullptr;
}

/// What other libraries do: allocate in fork handlers.
void allocate_around_fork() {
  static thread_local void* kept;
  free(kept);
  kept = malloc(2'000);
  if (kept == nullptr) fail("no memory in a fork handler");
}

void run_until(Clock::time_point end) {
  std::array<pthread_t, kThreads> threads{};
  const auto start = [&](pthread_t& thread) {
    if (pthread_create(&thread, nullptr, live, nullptr) != 0) fail("no thread");
  };
  for (pthread_t& thread : threads) start(thread);
  for (std::size_t i = 0; Clock::now() < end; i = (i + 1) % kThreads) {
    pthread_join(threads[i], nullptr);
    start(threads[i]);
  }
  stopping = true;
  for (const pthread_t thread : threads) pthread_join(thread, nullptr);
}

void free_all() {
  for (auto& slot : slots) {
    if (Block* const block = slot.exchange(nullptr)) {
      check_edges(block);
      free(block);
    }
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) return 2;
  pthread_atfork(allocate_around_fork, allocate_around_fork, allocate_around_fork);
  const auto seconds = std::chrono::duration<double>(std::atof(arguments[1]));
  next_seed = std::strtoull(arguments[2], nullptr, 0) * 1'000'000;
  run_until(Clock::now() + std::chrono::duration_cast<Clock::duration>(seconds));
  free_all();
  std::printf("%lu operations, %lu threads ended, %lu forks\n", operations.load(), ended.load(),
              forks.load());
  return 0;
}
