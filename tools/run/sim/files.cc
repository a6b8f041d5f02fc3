// Files on the simulated machine: made, cached, evicted, cut, written back.
#include "tools/run/sim/run.h"

namespace tools::run::sim {
namespace {

using pagesim::Machine;
using pagesim::kernel::File;
using pagesim::kernel::FileSystem;
using pagesim::kernel::PageRange;
using script::Verb;
namespace flag = script::flag;

/// The pages of the file an operation names.
PageRange pages_of(const script::Op& op, const Machine& machine) {
  if ((op.flags & flag::WholeFile) != 0) return {};
  const std::uint64_t page = machine.config().geometry.page_size();
  const std::uint64_t first = static_cast<std::uint64_t>(op.to.offset) / page;
  return {first, first + static_cast<std::uint64_t>(op.pages) - 1};
}

}  // namespace

std::shared_ptr<File> create_file(Machine& machine, const std::string& name, const script::Op& op) {
  const bool tmpfs = (op.flags & flag::Tmpfs) != 0;
  if (!tmpfs && (op.flags & flag::Bulk) != 0) return machine.create_bulk_file(name, op.n);
  return machine.create_file(name, op.n, tmpfs ? FileSystem::Tmpfs : FileSystem::Disk,
                             (op.flags & flag::Sparse) != 0);
}

void run_file(Call& call, Machine& machine) {
  if (call.op.verb == Verb::Sync) return machine.sync();
  File& file = *call.file;
  switch (call.op.verb) {
    case Verb::Cache:
      return machine.cache(file, pages_of(call.op, machine));
    case Verb::Evict:
      return machine.evict(file, pages_of(call.op, machine));
    case Verb::Punch:
      return machine.punch(file, pages_of(call.op, machine));
    case Verb::Truncate:
      return machine.truncate(file, call.op.n);
    case Verb::Fsync:
      return machine.fsync(file);
    default:
      return machine.rewrite(file, call.op.n);
  }
}

}  // namespace tools::run::sim
