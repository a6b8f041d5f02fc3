// The guard's landing and the signal handlers.
#include "tools/run/child/guard.h"

#include <csignal>

#include <ucontext.h>

#include "tools/measure/raw_syscall.h"

// Saves the callee-saved registers and the stack pointer, calls, and returns 0. The handler puts
// the saved stack pointer back and continues at guard_landing, which returns 1.
extern "C" int guarded_call(void (*act)(tools::run::child::Call&), tools::run::child::Call& call,
                            void** landing) noexcept;
extern "C" void guard_landing() noexcept;
asm(R"(
.pushsection .text
.globl guarded_call
.type guarded_call, @function
guarded_call:
  push %rbx
  push %rbp
  push %r12
  push %r13
  push %r14
  push %r15
  sub $8, %rsp
  mov %rsp, (%rdx)
  mov %rdi, %rax
  mov %rsi, %rdi
  call *%rax
  xor %eax, %eax
  jmp 1f
.globl guard_landing
.type guard_landing, @function
guard_landing:
  mov $1, %eax
1:
  add $8, %rsp
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %rbp
  pop %rbx
  ret
.popsection
)");

namespace tools::run::child {

namespace {

thread_local constinit bool stepping = false;
thread_local constinit void* landing = nullptr;
thread_local constinit int steps = 0;
thread_local constinit bool signalled = false;
thread_local constinit pagesim::SignalInfo signal_info{};

constexpr long kTrapFlag = 0x100;
constexpr long kDirectionFlag = 0x400;

void land(ucontext_t& context) {
  context.uc_mcontext.gregs[REG_RSP] = reinterpret_cast<greg_t>(landing);
  context.uc_mcontext.gregs[REG_RIP] = reinterpret_cast<greg_t>(&guard_landing);
  context.uc_mcontext.gregs[REG_EFL] &= ~(kTrapFlag | kDirectionFlag);
  landing = nullptr;
}

/// Outside a guarded piece the fault is the child's own: the default action tells the runner.
void die_of(int number) {
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  sigaction(number, &action, nullptr);
}

void on_signal(int number, siginfo_t* info, void* raw_context) {
  auto& context = *static_cast<ucontext_t*>(raw_context);
  if (landing == nullptr) return die_of(number);
  const bool step = number == SIGTRAP || number == SIGILL;
  if (step && stepping) {
    // The first trap comes after the jump, before the instruction; the second after it.
    if (number == SIGTRAP && steps++ == 0) return;
    return land(context);
  }
  signalled = true;
  signal_info.number = number;
  signal_info.code = info->si_code;
  signal_info.address = pagesim::VirtAddr{reinterpret_cast<std::uint64_t>(info->si_addr)};
  const bool fault = number == SIGSEGV || number == SIGBUS;
  if (!fault) signal_info.address = pagesim::VirtAddr{0};
  signal_info.trap = fault ? static_cast<std::uint32_t>(context.uc_mcontext.gregs[REG_TRAPNO]) : 0;
  signal_info.error_code =
      fault ? static_cast<std::uint32_t>(context.uc_mcontext.gregs[REG_ERR]) : 0;
  land(context);
}

}  // namespace

bool guarded(Act act, Call& call) noexcept {
  signalled = false;
  steps = 0;
  guarded_call(act, call, &landing);
  landing = nullptr;
  stepping = false;
  return !signalled;
}

void step_once() noexcept { stepping = true; }

const pagesim::SignalInfo& last_signal() noexcept { return signal_info; }

void install_handlers() noexcept {
  struct sigaction action = {};
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  for (const int number : {SIGSEGV, SIGBUS, SIGABRT, SIGTRAP, SIGILL, SIGFPE})
    sigaction(number, &action, nullptr);
  action.sa_handler = SIG_IGN;
  action.sa_flags = 0;
  sigaction(SIGPIPE, &action, nullptr);
  sigaction(SIGCHLD, &action, nullptr);  // ended children are not waited for
}

void install_signal_stack(Task& task) noexcept {
  stack_t stack = {};
  stack.ss_sp = task.signal_stack;
  stack.ss_size = sizeof task.signal_stack;
  measure::raw_syscall(SYS_sigaltstack, measure::arg(&stack), 0);
}

}  // namespace tools::run::child
