// malloc-oracle: replays traces on a malloc nobody used before, recording its system calls.
// By itself it asks the C library's; another one can be preloaded.
//
// It allocates nothing itself: no stdio, no C++ library, every buffer in the shared memory of
// malloc_wire.h. For each trace it forks a child, and since the parent never called malloc, the
// child's library is as new. A seccomp filter turns the six system calls by which memory is had
// into a signal, whose handler makes the call and writes it down; the one syscall instruction of
// raw_syscall is let through.
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include <gnu/libc-version.h>
#include <malloc.h>

#include "tests/truth/malloc_wire.h"

extern "C" {
std::int64_t raw_syscall(long number, std::uint64_t a, std::uint64_t b, std::uint64_t c,
                         std::uint64_t d, std::uint64_t e, std::uint64_t f);
void raw_syscall_return();
}
asm(R"(
  .text
  .globl raw_syscall
  .type raw_syscall, @function
raw_syscall:
  mov %rdi, %rax
  mov %rsi, %rdi
  mov %rdx, %rsi
  mov %rcx, %rdx
  mov %r8, %r10
  mov %r9, %r8
  mov 8(%rsp), %r9
  syscall
  .globl raw_syscall_return
raw_syscall_return:
  ret
  .size raw_syscall, .-raw_syscall
)");

namespace truth {
namespace {

constexpr std::uint64_t kPage = 4096;
/// Address space of the process the golden vectors were recorded in, before their first operation:
/// a limit on the address space means the same here once this process's own excess is added. Found
/// from the vectors: all with limits hold for 3.2 to 3.7 million bytes.
constexpr std::uint64_t kRecorderBytes = 3'482'240;
/// A thread's stack, small for the same reason.
constexpr std::size_t kStackBytes = 256 << 10;

Wire* wire;                     // NOLINT: the handler has no other way to it
std::uint64_t own_bytes;        // NOLINT: address space of this process before the first operation
volatile bool recording;        // NOLINT: the replaying thread is inside an operation
std::uint64_t calls_to_let;     // NOLINT: until the first that is refused
std::uint64_t calls_to_refuse;  // NOLINT

void record(std::uint64_t number, const greg_t* registers, std::int64_t result) {
  if (wire->calls_made == kWireCalls) {
    wire->overflow = 1;
    return;
  }
  WireCall& call = wire->call[wire->calls_made++];
  call.number = number;
  call.arguments[0] = static_cast<std::uint64_t>(registers[REG_RDI]);
  call.arguments[1] = static_cast<std::uint64_t>(registers[REG_RSI]);
  call.arguments[2] = static_cast<std::uint64_t>(registers[REG_RDX]);
  call.arguments[3] = static_cast<std::uint64_t>(registers[REG_R10]);
  call.result = result;
}

/// The hint to make an mmap with that came with `hint`.
std::uint64_t placed(std::uint64_t hint, std::uint64_t length) {
  constexpr std::uint64_t kMost = 1ULL << 40;  // more is refused anywhere
  if (!recording || wire->ceiling == 0 || hint != 0 || length > kMost) return hint;
  wire->ceiling -= (length + kPage - 1) & ~(kPage - 1);
  return wire->ceiling;
}

/// Whether it is the turn of a system call to be refused. brk(0) only asks, and always may.
bool is_refused(long number, std::uint64_t first) {
  const bool programs_own = wire->op[wire->done].verb == 'b' || wire->op[wire->done].verb == 'B';
  if (!recording || programs_own || calls_to_refuse == 0) return false;
  if (number == SYS_brk && first == 0) return false;
  if (calls_to_let > 0) {
    --calls_to_let;
    return false;
  }
  --calls_to_refuse;
  return true;
}

/// As a kernel without memory: brk leaves the break where it is.
std::int64_t refuse(long number) {
  return number == SYS_brk ? raw_syscall(SYS_brk, 0, 0, 0, 0, 0, 0) : -ENOMEM;
}

std::int64_t make(long number, const greg_t* registers) {
  const auto argument = [registers](int which) {
    return static_cast<std::uint64_t>(registers[which]);
  };
  if (is_refused(number, argument(REG_RDI))) return refuse(number);
  const std::uint64_t first =
      number == SYS_mmap ? placed(argument(REG_RDI), argument(REG_RSI)) : argument(REG_RDI);
  return raw_syscall(number, first, argument(REG_RSI), argument(REG_RDX), argument(REG_R10),
                     argument(REG_R8), argument(REG_R9));
}

/// The filter stopped a system call: make it here, and write it down.
void on_system_call(int, siginfo_t* info, void* context) {
  greg_t* const registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  const std::int64_t result = make(info->si_syscall, registers);
  registers[REG_RAX] = result;
  if (recording) record(static_cast<std::uint64_t>(info->si_syscall), registers, result);
}

/// Allows everything but the six calls made anywhere else than in raw_syscall.
bool install_filter() {
  const auto at = reinterpret_cast<std::uintptr_t>(raw_syscall_return);
  const auto low = static_cast<std::uint32_t>(at);
  const auto high = static_cast<std::uint32_t>(at >> 32);
  const auto word = [](std::size_t offset) {
    return sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
  };
  const auto equal = [](std::uint32_t value, std::uint8_t yes, std::uint8_t no) {
    return sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, yes, no);
  };
  constexpr std::size_t kIp = offsetof(seccomp_data, instruction_pointer);
  sock_filter program[] = {word(offsetof(seccomp_data, nr)),
                           equal(SYS_brk, 6, 0),
                           equal(SYS_mmap, 5, 0),
                           equal(SYS_munmap, 4, 0),
                           equal(SYS_mremap, 3, 0),
                           equal(SYS_madvise, 2, 0),
                           equal(SYS_mprotect, 1, 0),
                           BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
                           word(kIp),
                           equal(low, 0, 3),
                           word(kIp + 4),
                           equal(high, 0, 1),
                           BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
                           BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP)};
  const sock_fprog filter = {sizeof program / sizeof *program, program};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

bool catch_system_calls() {
  struct sigaction action = {};
  action.sa_sigaction = on_system_call;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  return sigaction(SIGSYS, &action, nullptr) == 0 && install_filter();
}

std::uint64_t current_break() {
  return static_cast<std::uint64_t>(raw_syscall(SYS_brk, 0, 0, 0, 0, 0, 0));
}

/// The wire carries addresses as numbers.
void* pointer(std::uint64_t address) {
  return reinterpret_cast<void*>(address);  // NOLINT(performance-no-int-to-ptr): its purpose
}

/// Any allocating operation but posix_memalign.
void* allocate(const WireOp& op, void* old) {
  switch (op.verb) {
    case 'm':
      return malloc(op.n);
    case 'c':
      return calloc(op.n, op.m);
    case 'r':
      return realloc(old, op.n);
    case 'a':
      return memalign(op.m, op.n);
    case 'A':
      return aligned_alloc(op.m, op.n);
    case 'v':
      return valloc(op.n);
    default:
      return pvalloc(op.n);
  }
}

void allocate_into_slot(const WireOp& op, WireResult& result) {
  std::uint64_t& slot = wire->slot[op.slot];
  void* p = nullptr;
  if (op.verb == 'p') {
    result.error = posix_memalign(&p, op.m, op.n);
  } else {
    p = allocate(op, pointer(slot));
    result.error = errno;
  }
  result.pointer = reinterpret_cast<std::uint64_t>(p);
  result.usable = malloc_usable_size(p);
  const bool kept = op.verb == 'r' && p == nullptr && op.n > 0;
  if (!kept) slot = result.pointer;
}

void report_usage(char verb, WireResult& result) {
  const struct mallinfo2 info = mallinfo2();
  const std::uint64_t usage[5] = {info.uordblks, info.fordblks, info.ordblks, info.smblks,
                                  info.arena};
  const std::uint64_t mapped[5] = {info.hblks, info.hblkhd, info.fsmblks, info.keepcost, 0};
  for (int i = 0; i < 5; ++i) result.info[i] = verb == 'i' ? usage[i] : mapped[i];
}

void block_break(std::uint64_t distance) {
  const std::uint64_t edge = (current_break() + kPage - 1) & ~(kPage - 1);
  (void)mmap(pointer(edge + distance), kPage, PROT_NONE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
}

void limit_address_space(std::uint64_t bytes) {
  struct rlimit limit = {};
  getrlimit(RLIMIT_AS, &limit);
  limit.rlim_cur = bytes + own_bytes - kRecorderBytes;
  setrlimit(RLIMIT_AS, &limit);
}

void perform(const WireOp& op, WireResult& result) {
  switch (op.verb) {
    case 'f':
      free(pointer(wire->slot[op.slot]));
      wire->slot[op.slot] = 0;
      return;
    case 't':
      result.value = malloc_trim(op.n);
      return;
    case 'o':
      result.value = mallopt(static_cast<int>(op.n), static_cast<int>(op.m));
      return;
    case 'b':
      result.value = reinterpret_cast<std::int64_t>(sbrk(static_cast<std::intptr_t>(op.n)));
      return;
    case 'B':
      return block_break(op.n);
    case 'L':
      return limit_address_space(op.n);
    case 'F':
      calls_to_let = op.n;
      calls_to_refuse = op.m;
      return;
    case 'i':
    case 'j':
      return report_usage(op.verb, result);
    default:
      return allocate_into_slot(op, result);
  }
}

void replay() {
  for (std::uint32_t i = 0; i < wire->ops; ++i) {
    WireResult& result = wire->result[i];
    wire->begun = i + 1;
    result.first_call = wire->calls_made;
    errno = 0;
    recording = true;
    perform(wire->op[i], result);
    recording = false;
    result.last_call = wire->calls_made;
    wire->done = i + 1;
  }
}

/// The first number of /proc/self/statm, pages.
bool measure_self() {
  char text[64] = {};
  const int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (file < 0 || read(file, text, sizeof text - 1) <= 0) return false;
  close(file);
  std::uint64_t pages = 0;
  for (const char* digit = text; *digit >= '0' && *digit <= '9'; ++digit) {
    pages = pages * 10 + static_cast<std::uint64_t>(*digit - '0');
  }
  own_bytes = pages * kPage;
  return true;
}

/// Moves the break up until it is `base_offset` modulo 2 MiB.
void place_base() {
  constexpr std::uint64_t kGrain = 1 << 21;
  const std::uint64_t now = current_break();
  const std::uint64_t up = (wire->base_offset - now) & (kGrain - 1);
  if (up != 0) raw_syscall(SYS_brk, now + up, 0, 0, 0, 0, 0);
  own_bytes += up;
  wire->base = now + up;
}

void find_resident_pages() {
  wire->brk = current_break();
  const std::uint64_t length = wire->brk - wire->base;
  if (length / kPage + 1 > kWirePages) {
    wire->overflow = 1;
    return;
  }
  mincore(pointer(wire->base), length, wire->resident);
}

/// Ends the process from the replaying thread: an exiting one blocks the signal and gives its stack
/// back.
void* replay_and_exit(void*) {
  replay();
  find_resident_pages();
  _exit(0);
}

[[noreturn]] void run_child() {
  place_base();
  if (wire->in_thread == 0) replay_and_exit(nullptr);
  pthread_t thread = {};
  pthread_attr_t attributes = {};
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  const int error = pthread_create(&thread, &attributes, replay_and_exit, nullptr);
  if (error == 0) pthread_join(thread, nullptr);
  _exit(2);
}

int serve() {
  char command = 0;
  while (read(0, &command, 1) == 1) {
    const pid_t child = _Fork();
    if (child == 0) run_child();
    int status = -1;
    if (child < 0 || waitpid(child, &status, 0) != child) return 2;
    if (write(1, &status, sizeof status) != sizeof status) return 2;
  }
  return 0;
}

void name_library() {
  const char* version = gnu_get_libc_version();
  for (std::size_t i = 0; i + 1 < sizeof wire->glibc && version[i] != 0; ++i) {
    wire->glibc[i] = version[i];
  }
}

}  // namespace
}  // namespace truth

int main() {
  const rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  void* const shared = mmap(nullptr, sizeof(truth::Wire), PROT_READ | PROT_WRITE, MAP_SHARED,
                            truth::kWireDescriptor, 0);
  if (shared == MAP_FAILED || !truth::measure_self()) return 4;
  if (!truth::catch_system_calls()) return 3;
  truth::wire = static_cast<truth::Wire*>(shared);
  truth::name_library();
  return truth::serve();
}
