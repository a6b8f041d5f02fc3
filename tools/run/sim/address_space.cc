// System calls that change the address space, on the simulated machine.
#include <sys/mman.h>

#include <algorithm>

#include "pagesim/sim_memory.h"
#include "pagesim/uapi.h"
#include "tools/run/sim/run.h"

namespace tools::run::sim {
namespace {

using pagesim::VirtAddr;
using script::Op;
using script::Verb;
namespace flag = script::flag;

struct FlagPair {
  std::uint32_t script;
  int linux;
};

int translate(std::uint32_t flags, std::initializer_list<FlagPair> pairs) {
  int result = 0;
  for (const FlagPair& pair : pairs) {
    if ((flags & pair.script) != 0) result |= pair.linux;
  }
  return result;
}

int mmap_flags(std::uint32_t flags) {
  return ((flags & flag::Shared) != 0 ? MAP_SHARED : MAP_PRIVATE) |
         translate(flags, {{flag::Anonymous, MAP_ANONYMOUS},
                           {flag::Populate, MAP_POPULATE},
                           {flag::Noreserve, MAP_NORESERVE},
                           {flag::Locked, MAP_LOCKED},
                           {flag::Growsdown, MAP_GROWSDOWN},
                           {flag::Hugetlb, MAP_HUGETLB},
                           {flag::Nonblock, MAP_NONBLOCK},
                           {flag::Fixed, MAP_FIXED}});
}

int mremap_flags(std::uint32_t flags) {
  // mremap(2): a fixed address and DONTUNMAP both need MAYMOVE.
  return translate(flags, {{flag::Maymove, pagesim::kMremapMaymove},
                           {flag::HasAddress, pagesim::kMremapMaymove | pagesim::kMremapFixed},
                           {flag::Dontunmap, pagesim::kMremapMaymove | pagesim::kMremapDontunmap}});
}

void bind(Call& call, const pagesim::SysResult<VirtAddr>& mapped) {
  if (!mapped) call.result->error = mapped.error();
  call.result->address = mapped ? mapped->raw() : 0;
  if (call.op.result != script::kNone) {
    call.space.names[call.op.result] = Block{call.result->address, call.op.n};
  }
}

void mmap(Call& call) {
  const VirtAddr hint = (call.op.flags & flag::HasAddress) != 0 ? call.from : VirtAddr{};
  bind(call, call.task.mmap(hint, call.op.n, call.op.prot, mmap_flags(call.op.flags), call.file,
                            call.op.m));
}

void mremap(Call& call) {
  bind(call,
       call.task.mremap(call.to, call.length, call.op.n, mremap_flags(call.op.flags), call.from));
}

void brk(Call& call) {
  const pagesim::SimMemory memory{call.task};
  const VirtAddr old = memory.sbrk(static_cast<std::ptrdiff_t>(call.op.n));
  call.result->address = old.raw();
  if (!old.is_null()) return;
  call.result->error = memory.error();
  call.result->returned = -1;
}

/// Calls f(address, bytes) for the range as a whole, or for each of its pages if it has a step;
/// stops at the first refusal.
template <class F>
void for_each_part(Call& call, F f) {
  if (call.op.step == 1) return take_error(call, f(call.to, call.length));
  const std::uint64_t page = call.task.machine().config().geometry.page_size();
  for (std::int64_t i = 0; i < call.op.pages && call.result->error == 0; i += call.op.step) {
    take_error(call, f(call.to + static_cast<std::uint64_t>(i) * page, page));
  }
}

pagesim::SysResult<pagesim::Done> mincore(Call& call, VirtAddr at, std::size_t bytes) {
  const auto resident = call.task.mincore(at, bytes);
  if (!resident) return pagesim::Unexpected{resident.error()};
  call.result->returned += std::count_if(resident->begin(), resident->end(),
                                         [](std::uint8_t page) { return (page & 1) != 0; });
  return pagesim::Done{};
}

pagesim::SysResult<pagesim::Done> call_on(Call& call, VirtAddr at, std::size_t bytes) {
  pagesim::Task& task = call.task;
  switch (call.op.verb) {
    case Verb::Munmap:
      return task.munmap(at, bytes);
    case Verb::Mprotect:
      return task.mprotect(at, bytes, call.op.prot);
    case Verb::Madvise:
      return task.madvise(at, bytes, call.op.advice);
    case Verb::Mlock: {
      const bool onfault = (call.op.flags & flag::Onfault) != 0;
      return task.mlock2(at, bytes, onfault ? pagesim::kMlockOnfault : 0);
    }
    case Verb::Munlock:
      return task.munlock(at, bytes);
    case Verb::Msync:
      return task.msync(at, bytes);
    default:
      return mincore(call, at, bytes);
  }
}

}  // namespace

void run_address_space(Call& call) {
  switch (call.op.verb) {
    case Verb::Mmap:
      return mmap(call);
    case Verb::Mremap:
      return mremap(call);
    case Verb::Brk:
      return brk(call);
    default:
      for_each_part(call, [&call](VirtAddr at, std::size_t n) { return call_on(call, at, n); });
  }
}

}  // namespace tools::run::sim
