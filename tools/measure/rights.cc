// Asking the system what may be measured.
#include "tools/measure/rights.h"

#include <linux/capability.h>
#include <sys/utsname.h>

#include <unistd.h>

#include <bit>
#include <charconv>
#include <fstream>
#include <limits>
#include <sstream>

#include "pagesim/kernel/version.h"
#include "tools/measure/kernel_file_system.h"

namespace tools::measure {
namespace {

std::optional<std::uint32_t> number(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  return error == std::errc{} ? std::optional{value} : std::nullopt;
}

/// Whether a capability is in effect.
bool has_capability(unsigned capability) {
  const std::string status = read_file("/proc/self/status").value_or("");
  const auto at = status.find("CapEff:");
  if (at == std::string::npos) return false;
  return (std::stoull(status.substr(at + 7), nullptr, 16) >> capability & 1) != 0;
}

/// The offset of a field in a tracepoint's format file.
std::uint32_t offset_of(const std::string& format, const std::string& field, std::uint32_t usual) {
  auto at = format.find(" " + field + ";");
  if (at == std::string::npos) return usual;
  constexpr std::string_view kOffset = "offset:";
  at = format.find(kOffset, at);
  if (at == std::string::npos) return usual;
  return number(format.substr(at + kOffset.size())).value_or(usual);
}

}  // namespace

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream file{path};
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  if (file.bad()) return std::nullopt;
  std::string read = text.str();
  while (!read.empty() && read.back() == '\n') read.pop_back();
  return read;
}

pagesim::kernel::KernelVersion running_kernel() {
  utsname system{};
  uname(&system);
  return pagesim::kernel::parse_version(system.release)
      .value_or(pagesim::kernel::Profile{}.version);
}

Tracepoints find_tracepoints() {
  Tracepoints found;
  const std::string directory = tracefs();
  const std::string events = directory + "/events/exceptions/";
  const auto user = number(read_file(events + "page_fault_user/id"));
  const auto kernel = number(read_file(events + "page_fault_kernel/id"));
  if (!directory.empty() && user && kernel) {
    const std::string format = read_file(events + "page_fault_user/format").value_or("");
    found.user = *user;
    found.kernel = *kernel;
    found.address_offset = offset_of(format, "address", found.address_offset);
    found.error_code_offset = offset_of(format, "error_code", found.error_code_offset);
    return found;
  }
  found.missing = access("/sys/kernel/tracing", F_OK) == 0
                      ? "the error codes of faults are not known: the tracepoints "
                        "exceptions:page_fault_* need root"
                      : "the error codes of faults are not known: this kernel has no tracefs";
  return found;
}

bool has_swap() {
  const std::string swaps = read_file("/proc/swaps").value_or("");
  return swaps.find('\n') != std::string::npos;
}

std::string first_swap() {
  std::istringstream lines{read_file("/proc/swaps").value_or("")};
  std::string first;
  int best = std::numeric_limits<int>::min();
  std::string line;
  std::getline(lines, line);  // the heading
  while (std::getline(lines, line)) {
    std::istringstream words{line};
    std::string path, type, size, used;
    int priority = 0;
    if (words >> path >> type >> size >> used >> priority && priority > best) {
      best = priority;
      first = path;
    }
  }
  return first;
}

bool has_sys_admin() { return has_capability(CAP_SYS_ADMIN); }

bool has_sys_rawio() { return has_capability(CAP_SYS_RAWIO); }

std::uint32_t ring_pages_allowed() {
  const std::uint32_t kilobytes =
      number(read_file("/proc/sys/kernel/perf_event_mlock_kb")).value_or(516);
  const std::uint32_t pages = kilobytes / 4;
  return pages > 1 ? std::bit_floor(pages - 1) : 1;
}

}  // namespace tools::measure
