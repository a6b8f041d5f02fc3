// Rules for libseccomp, compiled to the kernel's filter language.
#include "tools/compare/syscall_filter.h"

#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <initializer_list>
#include <memory>

#include "tools/run/owned_fd.h"

namespace tools::compare {
namespace {

struct Release {
  void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, Release>;

/// The call with argument `index`, of which the bits of `mask` are `value`.
bool notify(const Filter& filter, int call, unsigned index, std::uint64_t mask,
            std::uint64_t value) {
  const scmp_arg_cmp test{index, SCMP_CMP_MASKED_EQ, mask, value};
  return seccomp_rule_add_array(filter.get(), SCMP_ACT_NOTIFY, call, 1, &test) == 0;
}

bool notify(const Filter& filter, std::initializer_list<int> calls) {
  bool added = true;
  for (const int call : calls) {
    added &= seccomp_rule_add_array(filter.get(), SCMP_ACT_NOTIFY, call, 0, nullptr) == 0;
  }
  return added;
}

bool add_rules(const Filter& filter) {
  bool added =
      notify(filter, {SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(mlock),
                      SCMP_SYS(mlock2), SCMP_SYS(munlock), SCMP_SYS(mlockall), SCMP_SYS(munlockall),
                      SCMP_SYS(brk), SCMP_SYS(vfork), SCMP_SYS(clone3)});
  constexpr unsigned kMmapFlags = 3, kCloneFlags = 0;
  for (const int flags : {MAP_POPULATE, MAP_LOCKED, MAP_GROWSDOWN, MAP_FIXED | MAP_ANONYMOUS}) {
    const auto bits = static_cast<std::uint64_t>(flags);
    added &= notify(filter, SCMP_SYS(mmap), kMmapFlags, bits, bits);
  }
  return added && notify(filter, SCMP_SYS(clone), kCloneFlags, CLONE_THREAD, 0);
}

LaunchFilter compiled(const Filter& filter) {
  LaunchFilter result{};
  const run::OwnedFd file{memfd_create("filter", MFD_CLOEXEC)};
  if (!file.is_open() || seccomp_export_bpf(filter.get(), file.get()) != 0) return result;
  const ssize_t bytes = pread(file.get(), result.instructions, sizeof result.instructions, 0);
  const off_t all = lseek(file.get(), 0, SEEK_END);
  if (bytes <= 0 || bytes != all) return result;
  result.length =
      static_cast<unsigned short>(static_cast<std::size_t>(bytes) / sizeof(sock_filter));
  return result;
}

/// Programs of another architecture run on: what their calls do is not heard.
LaunchFilter filter_of(bool (*add)(const Filter&)) {
  const Filter filter{seccomp_init(SCMP_ACT_ALLOW)};
  if (filter == nullptr) return {};
  seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW);
  return add(filter) ? compiled(filter) : LaunchFilter{};
}

}  // namespace

LaunchFilter address_space_filter() { return filter_of(add_rules); }

LaunchFilter exit_filter() {
  return filter_of([](const Filter& filter) { return notify(filter, {SCMP_SYS(exit_group)}); });
}

}  // namespace tools::compare
