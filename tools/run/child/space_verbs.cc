// The address-space calls.
#include <cerrno>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/measure/raw_syscall.h"
#include "tools/run/child/observer.h"
#include "tools/run/child/verbs.h"

namespace tools::run::child {
namespace {

using measure::arg;
using measure::raw_syscall;
using script::Op;
using script::Verb;
namespace flag = script::flag;

/// A call that needs its file, or takes a range; nothing else to prepare.
void prepare_mmap(Call& call) {
  if ((call.op->flags & flag::Anonymous) == 0) call.fd = reopen_file(call, O_RDWR);
}

int mmap_flags(std::uint32_t flags) {
  const auto when = [flags](std::uint32_t wanted, int bit) {
    return (flags & wanted) != 0 ? bit : 0;
  };
  return ((flags & flag::Shared) != 0 ? MAP_SHARED : MAP_PRIVATE) |
         when(flag::Anonymous, MAP_ANONYMOUS) | when(flag::Populate, MAP_POPULATE) |
         when(flag::Noreserve, MAP_NORESERVE) | when(flag::Locked, MAP_LOCKED) |
         when(flag::Growsdown, MAP_GROWSDOWN) | when(flag::Hugetlb, MAP_HUGETLB) |
         when(flag::Nonblock, MAP_NONBLOCK) | when(flag::Fixed, MAP_FIXED);
}

void file_address(Call& call, long result) {
  call.error = static_cast<std::int32_t>(result < 0 ? -result : 0);
  call.address = result < 0 ? 0 : static_cast<std::uint64_t>(result);
}

void act_mmap(Call& call) {
  const Op& op = *call.op;
  const std::uint64_t at = (op.flags & flag::HasAddress) != 0 ? call.from : 0;
  file_address(call, raw_syscall(SYS_mmap, arg(at), arg(op.n), op.prot, mmap_flags(op.flags),
                                 call.fd, arg(op.m)));
}

void act_mremap(Call& call) {
  const Op& op = *call.op;
  const bool has_address = (op.flags & flag::HasAddress) != 0;
  int flags = (op.flags & flag::Maymove) != 0 ? MREMAP_MAYMOVE : 0;
  if (has_address) flags |= MREMAP_MAYMOVE | MREMAP_FIXED;
  if ((op.flags & flag::Dontunmap) != 0) flags |= MREMAP_MAYMOVE | MREMAP_DONTUNMAP;
  file_address(call, raw_syscall(SYS_mremap, arg(call.to), arg(call.length), arg(op.n), flags,
                                 arg(has_address ? call.from : 0)));
}

void finish_mapping(Call& call) {
  close_file(call);
  bind_result(call, call.op->n);
  maps_changed();
}

/// Makes the call on the range, or with a step on each of its pages; the first error ends it.
template <class Kernel>
void each(Call& call, Kernel kernel) {
  if (call.op->step <= 1) return call.take(kernel(call.to, call.length));
  for (std::int64_t page = 0; page < call.pages && call.error == 0; page += call.op->step)
    call.take(kernel(call.to + static_cast<std::uint64_t>(page) * kPage, kPage));
}

void act_munmap(Call& call) {
  each(call,
       [](std::uint64_t at, std::uint64_t n) { return raw_syscall(SYS_munmap, arg(at), arg(n)); });
}
void act_mprotect(Call& call) {
  const int prot = call.op->prot;
  each(call, [prot](std::uint64_t at, std::uint64_t n) {
    return raw_syscall(SYS_mprotect, arg(at), arg(n), prot);
  });
}
void act_madvise(Call& call) {
  const int advice = call.op->advice;
  each(call, [advice](std::uint64_t at, std::uint64_t n) {
    return raw_syscall(SYS_madvise, arg(at), arg(n), advice);
  });
}
void act_mlock(Call& call) {
  const int flags = (call.op->flags & flag::Onfault) != 0 ? MLOCK_ONFAULT : 0;
  each(call, [flags](std::uint64_t at, std::uint64_t n) {
    return raw_syscall(SYS_mlock2, arg(at), arg(n), flags);
  });
}
void act_munlock(Call& call) {
  each(call,
       [](std::uint64_t at, std::uint64_t n) { return raw_syscall(SYS_munlock, arg(at), arg(n)); });
}
void act_msync(Call& call) {
  each(call, [](std::uint64_t at, std::uint64_t n) {
    return raw_syscall(SYS_msync, arg(at), arg(n), MS_SYNC);
  });
}
void prepare_mincore(Call& call) {
  if (call.length / kPage > kBufferBytes)
    refuse(call.index, "mincore takes at most 262144 pages here");
}
void act_mincore(Call& call) {
  std::int64_t resident = 0;
  each(call, [&resident](std::uint64_t at, std::uint64_t n) {
    const long result = raw_syscall(SYS_mincore, arg(at), arg(n), arg(own_buffer()));
    for (std::uint64_t page = 0; result == 0 && page * kPage < n; ++page)
      resident += own_buffer()[page] & 1;
    return result;
  });
  if (call.error == 0) call.returned = resident;
}
/// The C library remembers the break; it is asked, so that the allocators see it move. What lies
/// below the heap's first page is not the script's: the kernel leaves the break alone there, and
/// for the C library a break higher than asked for is no error.
void act_brk(Call& call) {
  call.address = reinterpret_cast<std::uint64_t>(sbrk(0));
  if (call.address + call.op->n < shared.header->heap_base) return;
  call.address = 0;
  void* const at = sbrk(static_cast<std::intptr_t>(call.op->n));
  if (arg(at) == -1) return call.take(-errno);
  call.address = reinterpret_cast<std::uint64_t>(at);
}

void finish_changed(Call&) { maps_changed(); }
/// Pages on their way to swap count otherwise than those that have arrived.
void finish_madvise(Call& call) {
  maps_changed();
  if (call.op->advice == kPageout && shared.header->has_swap != 0) measure::rest(kSwapRestNs);
}

}  // namespace

VerbSteps space_verb(Verb verb) noexcept {
  switch (verb) {
    case Verb::Mmap:
      return {prepare_mmap, act_mmap, finish_mapping};
    case Verb::Mremap:
      return {nullptr, act_mremap, finish_mapping};
    case Verb::Munmap:
      return {nullptr, act_munmap, finish_changed};
    case Verb::Mprotect:
      return {nullptr, act_mprotect, finish_changed};
    case Verb::Madvise:
      return {nullptr, act_madvise, finish_madvise};
    case Verb::Mlock:
      return {nullptr, act_mlock, nullptr};
    case Verb::Munlock:
      return {nullptr, act_munlock, nullptr};
    case Verb::Msync:
      return {nullptr, act_msync, nullptr};
    case Verb::Mincore:
      return {prepare_mincore, act_mincore, nullptr};
    case Verb::Brk:
      return {nullptr, act_brk, nullptr};
    default:
      return {};
  }
}

}  // namespace tools::run::child
