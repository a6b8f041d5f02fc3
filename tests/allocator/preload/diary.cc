// diary SEED OPERATIONS [THREADS]: random calls of malloc(3), and what each gave, one line each.
//
// Threads take turns, so that there is one order of events. They free each other's blocks, end and
// are followed by new ones; now and then one forks, and the child goes on alone for a while.
#include <malloc.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>

namespace {

constexpr std::uint64_t kHeapBytes = 64 << 20;  // of an arena other than the main one
constexpr std::uint64_t kIsMmapped = 2;         // in the word before a block
constexpr std::size_t kSlots = 400;
constexpr std::size_t kMaxThreads = 24;
constexpr std::size_t kStackBytes = 256 << 10;

std::uint64_t state;  // NOLINT: the program is its global state
std::uint64_t base;   // NOLINT: the break before the first call
std::array<void*, kSlots> slots;
int operations_left;

struct Thread {
  pthread_t id;
  sem_t turn;
  bool ended;
};
std::array<Thread, kMaxThreads> threads;
sem_t turn_over;

/// Xorshift.
std::uint64_t draw(std::uint64_t below) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state % below;
}

std::size_t draw_size() {
  switch (draw(16)) {
    case 0:
      return draw(400'000);
    case 1:
    case 2:
      return draw(20'000);
    case 3:
    case 4:
      return draw(2'000);
    default:
      return draw(200);
  }
}

/// A block by its place: in the heap, in an arena's heap, or in a mapping of its own, whose address
/// is the kernel's choice.
void write_place(void* p) {
  const auto at = reinterpret_cast<std::uint64_t>(p);
  const auto end = reinterpret_cast<std::uint64_t>(sbrk(0));
  if (p == nullptr) {
    std::printf("null, error %d", errno);
  } else if (at >= base && at < end) {
    std::printf("%" PRIu64, at - base);
  } else if ((static_cast<std::uint64_t*>(p)[-1] & kIsMmapped) != 0) {
    std::printf("mapping");
  } else {
    std::printf("arena + %" PRIu64, at % kHeapBytes);
  }
  std::printf(" (%zu)\n", malloc_usable_size(p));
}

void* draw_block() {
  const std::size_t n = draw_size();
  void* p = nullptr;
  errno = 0;
  switch (draw(12)) {
    case 0:
      return calloc(1 + draw(4), n / 4);
    case 1:
      return memalign(std::size_t{1} << draw(13), n);
    case 2:
      errno = posix_memalign(&p, std::size_t{8} << draw(8), n);
      return p;
    case 3:
      return aligned_alloc(64, n);
    case 4:
      return draw(8) == 0 ? pvalloc(n) : valloc(n);
    case 5:
      return draw(16) == 0 ? malloc(SIZE_MAX - n) : malloc(n);
    default:
      return malloc(n);
  }
}

void write_usage() {
  const struct mallinfo2 info = mallinfo2();
  std::printf("mallinfo2 %zu %zu %zu %zu %zu %zu %zu %zu %zu\n", info.arena, info.ordblks,
              info.smblks, info.hblks, info.hblkhd, info.fsmblks, info.uordblks, info.fordblks,
              info.keepcost);
}

void report() {
  switch (draw(8)) {
    case 0:
      std::printf("trim %d\n", malloc_trim(draw(2) * 5'000));
      return;
    case 1:
      std::fflush(stdout);
      malloc_stats();
      return;
    case 2:
      malloc_info(0, stdout);
      return;
    case 3:
      std::printf("mallopt %d\n", mallopt(M_MXFAST, static_cast<int>(draw(180))));
      return;
    default:
      write_usage();
  }
}

void operate() {
  --operations_left;
  void*& slot = slots[draw(kSlots)];
  if (draw(100) == 0) return report();
  if (slot == nullptr) {
    write_place(slot = draw_block());
  } else if (draw(4) == 0) {
    const std::size_t n = draw_size() + 1;
    errno = 0;
    if (void* const p = realloc(slot, n)) slot = p;
    write_place(slot);
  } else {
    free(slot);
    slot = nullptr;
  }
}

/// The child has the parent's heap, one thread, and a while to live.
void fork_and_operate() {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    for (int i = 0; i < 200; ++i) operate();
    std::printf("child ends\n");
    std::fflush(stdout);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  std::printf("child ended: %d\n", status);
}

void take_turn() {
  const auto calls = 1 + draw(40);
  for (std::uint64_t i = 0; i < calls; ++i) operate();
  if (draw(200) == 0) fork_and_operate();
}

void* live(void* argument) {
  auto& thread = *static_cast<Thread*>(argument);
  while (!thread.ended) {
    sem_wait(&thread.turn);
    take_turn();
    thread.ended = draw(30) == 0;
    sem_post(&turn_over);
  }
  return nullptr;
}

void start(Thread& thread) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  thread.ended = false;
  if (pthread_create(&thread.id, &attributes, live, &thread) != 0) std::abort();
}

/// One turn of a thread; one that ends is followed by another.
void let(Thread& thread) {
  sem_post(&thread.turn);
  sem_wait(&turn_over);
  if (!thread.ended) return;
  pthread_join(thread.id, nullptr);
  std::printf("thread ended\n");
  start(thread);
}

void run(std::uint64_t thread_count) {
  sem_init(&turn_over, 0, 0);
  for (std::uint64_t i = 0; i < thread_count; ++i) {
    sem_init(&threads[i].turn, 0, 0);
    start(threads[i]);
  }
  while (operations_left > 0) {
    const std::uint64_t next = draw(thread_count + 1);
    if (next == thread_count) {
      take_turn();
    } else {
      let(threads[next]);
    }
  }
}

}  // namespace

int main(int count, char** arguments) {
  const auto number = [&](int i) {
    return i < count ? std::strtoull(arguments[i], nullptr, 0) : 0;
  };
  base = reinterpret_cast<std::uint64_t>(sbrk(0));
  state = number(1) * 2 + 1;
  operations_left = static_cast<int>(number(2));
  run(number(3));
  std::fflush(stdout);
  _exit(0);
}
