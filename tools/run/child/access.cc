// The single instructions.
#include "tools/run/child/access.h"

#include "tools/script/op.h"

namespace tools::run::child {
namespace {
constexpr std::uint64_t kBytes = 0x0101'0101'0101'0101u * script::kStoredByte;
}

void load(std::uint64_t address, std::uint64_t bytes) noexcept {
  std::uint64_t value;
  switch (bytes) {
    case 1:
      asm volatile("movb (%1), %b0" : "=q"(value) : "r"(address));
      return;
    case 2:
      asm volatile("movw (%1), %w0" : "=r"(value) : "r"(address));
      return;
    case 4:
      asm volatile("movl (%1), %k0" : "=r"(value) : "r"(address));
      return;
    case 8:
      asm volatile("movq (%1), %0" : "=r"(value) : "r"(address));
      return;
    case 16:
      asm volatile("movups (%0), %%xmm0" : : "r"(address) : "xmm0");
      return;
    default:
      asm volatile("rep lodsb" : "+S"(address), "+c"(bytes) : : "rax", "memory");
  }
}

void store(std::uint64_t address, std::uint64_t bytes) noexcept {
  switch (bytes) {
    case 1:
      asm volatile("movb %b1, (%0)" : : "r"(address), "q"(kBytes) : "memory");
      return;
    case 2:
      asm volatile("movw %w1, (%0)" : : "r"(address), "r"(kBytes) : "memory");
      return;
    case 4:
      asm volatile("movl %k1, (%0)" : : "r"(address), "r"(kBytes) : "memory");
      return;
    case 8:
      asm volatile("movq %1, (%0)" : : "r"(address), "r"(kBytes) : "memory");
      return;
    case 16:
      asm volatile("movq %1, %%xmm0\n\tpunpcklqdq %%xmm0, %%xmm0\n\tmovups %%xmm0, (%0)"
                   :
                   : "r"(address), "r"(kBytes)
                   : "xmm0", "memory");
      return;
    default:
      fill(address, bytes);
  }
}

void update(std::uint64_t address) noexcept {
  asm volatile("incb (%0)" : : "r"(address) : "memory", "cc");
}

void cas_fail(std::uint64_t address) noexcept {
  // The comparison fails against a value the byte does not hold, without reading it before: with
  // what it holds unknown, the new value equals the expected one, so either way nothing changes.
  asm volatile("lock cmpxchgb %b1, (%0)" : : "r"(address), "q"(0xff), "a"(0xff) : "memory", "cc");
}

void prefetch(std::uint64_t address) noexcept { asm volatile("prefetcht0 (%0)" : : "r"(address)); }

void copy(std::uint64_t to, std::uint64_t from, std::uint64_t bytes) noexcept {
  asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
}

void fill(std::uint64_t address, std::uint64_t bytes) noexcept {
  asm volatile("rep stosb" : "+D"(address), "+c"(bytes) : "a"(script::kStoredByte) : "memory");
}

void execute(std::uint64_t address, std::uint64_t scratch) noexcept {
  // The trap flag stops the processor after the jump and after one instruction more.
  asm volatile(
      "mov %1, %%rax\n\tmov %1, %%rbx\n\tmov %1, %%rcx\n\tmov %1, %%rdx\n\t"
      "mov %1, %%rsi\n\tmov %1, %%rbp\n\tmov %1, %%r8\n\tmov %0, %%r9\n\tmov %1, %%rdi\n\t"
      "pushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\tjmp *%%r9"
      :
      : "r"(address), "r"(scratch)
      : "memory");
  __builtin_unreachable();
}

}  // namespace tools::run::child
