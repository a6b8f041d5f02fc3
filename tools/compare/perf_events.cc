// perf_event_open with inheritance, and the records of a run put together.
#include "tools/compare/perf_events.h"

#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <unordered_map>
#include <utility>

namespace tools::compare {

PerfEvents::PerfEvents(pid_t program, const PerfRing& ring, const PerfLayout& layout)
    : layout_{layout},
      minor_{open(fault_event(PERF_COUNT_SW_PAGE_FAULTS_MIN, layout), program, ring)},
      major_{open(fault_event(PERF_COUNT_SW_PAGE_FAULTS_MAJ, layout), program, ring)} {
  if (layout.has_traces()) {
    user_trace_ = open(trace_event(layout.tracepoints.user), program, ring);
    kernel_trace_ = open(trace_event(layout.tracepoints.kernel), program, ring);
  } else if (layout.presence) {
    presence_ = open(presence_event(layout), program, ring);
  }
}

PerfEvents::Source PerfEvents::open(const perf_event_attr& attr, pid_t program,
                                    const PerfRing& ring) {
  Source source{open_event(attr, program, ring.processor())};
  if (ioctl(source.event.get(), PERF_EVENT_IOC_ID, &source.id) != 0 ||
      ioctl(source.event.get(), PERF_EVENT_IOC_SET_OUTPUT, ring.fd()) != 0) {
    throw std::system_error{errno, std::generic_category(), "perf"};
  }
  return source;
}

void PerfEvents::close() noexcept {
  for (Source* source : {&minor_, &major_, &presence_, &user_trace_, &kernel_trace_})
    source->event.reset();
}

std::optional<Presence> PerfEvents::exception(std::uint64_t id, const std::byte* begin,
                                              const std::byte* end) const {
  if (id == presence_.id) return read_presence(begin, end);
  if (id == user_trace_.id || id == kernel_trace_.id)
    return read_trace(layout_.tracepoints, begin, end);
  return std::nullopt;
}

/// Whoever asked for no presence is told of none, whatever the rights.
void PerfEvents::add_exception(StreamFault& fault, const Presence& exception) const {
  fault.error_code = exception.error_code;
  if (layout_.presence && !fault.kernel_mode) fault.present = exception.present;
}

/// The exception of a fault stands before it, if its thread stayed on this processor. What a run
/// lost at its very end the kernel tells before the first record of the next one.
std::uint64_t PerfEvents::read(std::span<const std::byte> taken,
                               std::vector<StreamEvent>& events) const {
  std::uint64_t lost = 0;
  std::unordered_map<std::int32_t, Presence> last;  // of each thread
  for (std::size_t at = 0; at + sizeof(perf_event_header) <= taken.size();) {
    perf_event_header header{};
    std::memcpy(&header, taken.data() + at, sizeof header);
    const std::byte* const begin = taken.data() + at + sizeof header;
    const std::byte* const end = taken.data() + at + header.size;
    if (at != 0) lost += read_lost(header, begin, end);
    at += header.size;
    if (header.type != PERF_RECORD_SAMPLE) {
      if (auto event = read_other(header, begin, end)) events.push_back(std::move(*event));
      continue;
    }
    const std::uint64_t id = sample_id(begin, end);
    if (const auto before = exception(id, begin, end)) {
      last[before->tid] = *before;
      continue;
    }
    events.push_back(read_fault(layout_, header, begin, end));
    auto& fault = std::get<StreamFault>(events.back().what);
    fault.major = id == major_.id;
    const auto found = last.find(fault.tid);
    if (found == last.end()) continue;
    if (found->second.address == fault.address) add_exception(fault, found->second);
    last.erase(found);
  }
  return lost;
}

}  // namespace tools::compare
