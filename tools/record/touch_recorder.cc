// Calls by the recording library, faults by perf, then both in one file.
#include "tools/record/touch_recorder.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/compare/allocator_code.h"
#include "tools/compare/fault_player.h"
#include "tools/compare/fault_stream.h"
#include "tools/compare/perf_ring.h"
#include "tools/compare/unwind_table.h"
#include "tools/record/weaver.h"
#include "tools/trace/trace_reader.h"

namespace tools::record {
namespace {

using compare::Fault;
using compare::Payer;

/// Of glibc: what is not cut from memory that smaller blocks left comes from mmap, since the heap
/// has nothing to spare at its end. Other allocators know nothing of it.
void ask_for_fresh_pages(trace::RecordOptions& options) {
  const char* const before = std::getenv("GLIBC_TUNABLES");
  std::string tunables = before == nullptr ? std::string{} : std::string{before} + ":";
  tunables +=
      "glibc.malloc.top_pad=0:glibc.malloc.mmap_threshold=" + std::to_string(sysconf(_SC_PAGESIZE));
  options.environment.push_back("GLIBC_TUNABLES=" + tunables);
}

bool is_read(pagesim::Cause cause) {
  return cause == pagesim::Cause::ZeroRead || cause == pagesim::Cause::FileMap ||
         cause == pagesim::Cause::FileRead;
}

class Touches {
 public:
  explicit Touches(const compare::FaultList& list) {
    for (const Fault& fault : list.faults) add(fault);
    stats.lost = list.lost;
  }

  std::vector<Touch> all;
  TouchStats stats;

 private:
  void add(const Fault& fault) {
    if (fault.payer == Payer::Malloc) {
      ++stats.in_malloc;
      return;
    }
    bool writes = true;
    if (fault.access) {
      writes = *fault.access == pagesim::Access::Write;
    } else {
      writes = !is_read(fault.cause);
      ++(fault.payer == Payer::Kernel ? stats.by_kernel : stats.guessed);
    }
    all.push_back({fault.time, fault.pid, fault.address, writes});
  }
};

std::vector<Exec> execs_of(const std::vector<compare::StreamEvent>& events) {
  std::vector<Exec> all;
  for (const compare::StreamEvent& event : events) {
    if (const auto* exec = std::get_if<compare::StreamExec>(&event.what))
      all.push_back({event.time, exec->pid});
  }
  return all;
}

}  // namespace

TouchRecording record_touches(trace::RecordOptions options, const TouchOptions& touch) {
  const std::string output = std::exchange(options.output, options.output + ".calls");
  const bool keep_addresses = std::exchange(options.addresses, true);
  if (!options.replace && access(output.c_str(), F_OK) == 0)
    throw trace::TraceError(output + " is there already; --force replaces it");
  if (touch.fresh_pages) ask_for_fresh_pages(options);
  options.replace = true;
  options.timed = true;
  compare::PerfRings rings;
  std::unique_ptr<compare::FaultStream> stream;
  options.before_exec = [&](pid_t program) {
    rings = compare::make_rings();
    stream = std::make_unique<compare::FaultStream>(program, rings, compare::StreamOptions{});
  };
  TouchRecording recording;
  recording.calls = trace::record(options);
  stream->end();
  std::vector<compare::StreamEvent> events = stream->events();
  const std::vector<Exec> execs = execs_of(events);
  compare::CodeFiles code_files;
  const compare::AllocatorCode allocator{""};
  compare::FaultList list = compare::play(std::move(events), allocator, code_files);
  compare::explain(list, allocator, code_files);
  list.lost = stream->lost();
  const Touches touches{list};
  recording.touches = touches.stats;
  recording.touches.kernel_mode = stream->kernel_mode();
  const trace::TraceReader calls{options.output};
  trace::TraceInfo info = calls.info();
  info.touches = true;
  info.addresses = keep_addresses;
  trace::TraceWriter writer{output, info, true};
  const WovenCounts woven =
      weave(calls, recording.calls.times, touches.all, execs, writer, keep_addresses);
  recording.touches.touches = woven.touches;
  recording.touches.elsewhere = woven.elsewhere;
  recording.calls.events += woven.touches;
  recording.calls.bytes = writer.bytes();
  std::remove(options.output.c_str());
  return recording;
}

}  // namespace tools::record
