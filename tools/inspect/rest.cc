// Reading /proc/TID/syscall and the counts of /proc/TID/status.
#include "tools/inspect/rest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>

#include "tools/inspect/stopped_process.h"

namespace tools::inspect {
namespace {

std::string call_of(pid_t thread) {
  std::ifstream file{fmt::format("/proc/{}/syscall", thread)};
  std::string line;
  std::getline(file, line);
  return line;
}

std::uint64_t switches_of(pid_t thread) {
  std::uint64_t switches = 0;
  for (const char* const key : {"voluntary_ctxt_switches:", "nonvoluntary_ctxt_switches:"}) {
    switches += std::strtoull(status_of(thread, key).c_str(), nullptr, 10);
  }
  return switches;
}

}  // namespace

Rest::Rest(pid_t pid) {
  for (const pid_t id : threads_of(pid)) threads_.push_back({id, call_of(id), switches_of(id)});
  std::sort(threads_.begin(), threads_.end(),
            [](const Thread& a, const Thread& b) { return a.id < b.id; });
}

bool Rest::all_wait() const noexcept {
  const auto waits = [](const Thread& thread) {
    return !thread.call.empty() && std::isdigit(static_cast<unsigned char>(thread.call[0])) != 0;
  };
  return !threads_.empty() && std::all_of(threads_.begin(), threads_.end(), waits);
}

bool Rest::is_as_stopped_since(const Rest& then) const noexcept {
  const auto as_stopped = [](const Thread& now, const Thread& before) {
    return now.id == before.id && now.call == before.call && now.switches == before.switches + 1;
  };
  return std::equal(threads_.begin(), threads_.end(), then.threads_.begin(), then.threads_.end(),
                    as_stopped);
}

}  // namespace tools::inspect
