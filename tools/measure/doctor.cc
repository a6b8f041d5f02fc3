// Examining the machine.
#include "tools/measure/doctor.h"

#include <fmt/format.h>
#include <gnu/libc-version.h>
#include <sys/mman.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "tools/measure/allocator_library.h"
#include "tools/measure/fault_events.h"
#include "tools/measure/kernel_file_system.h"
#include "tools/measure/page_map.h"
#include "tools/measure/rights.h"

namespace tools::measure {
namespace {

using Verdict = Finding::Verdict;
using Findings = std::vector<Finding>;

void fact(Findings& findings, std::string key, std::string subject, std::string value) {
  findings.push_back({std::move(key), std::move(subject), std::move(value), Verdict::Plain, {}});
}

void right(Findings& findings, std::string key, std::string subject, bool allowed,
           std::string remedy) {
  findings.push_back({std::move(key), std::move(subject), allowed ? "yes" : "no",
                      allowed ? Verdict::Good : Verdict::Limited,
                      allowed ? std::string{} : std::move(remedy)});
}

/// The word in brackets: "always [madvise] never" -> "madvise".
std::string chosen(const std::string& text) {
  const auto open = text.find('[');
  if (open == std::string::npos) return text;
  return text.substr(open + 1, text.find(']') - open - 1);
}

void examine_kernel(Findings& findings) {
  utsname system{};
  uname(&system);
  fact(findings, "kernel", "kernel", fmt::format("{} {}", system.sysname, system.release));
  fact(findings, "machine", "processor", system.machine);
  fact(findings, "glibc", "C library", fmt::format("glibc {}", gnu_get_libc_version()));
}

void examine_perf(Findings& findings) {
  const Tracepoints tracepoints = find_tracepoints();
  FaultSources sources;
  sources.user_tracepoint = tracepoints.user;
  sources.kernel_tracepoint = tracepoints.kernel;
  sources.ring_pages = 1;
  FaultEvents events;
  const int refused = events.open(sources);
  const bool user = refused == 0;
  right(findings, "perf_user", "fault addresses, user mode (perf)", user,
        fmt::format("perf_event_open says \"{}\": kernel.perf_event_paranoid at most 2 allows it",
                    strerror(refused)));
  right(findings, "perf_kernel", "fault addresses in system calls (perf)",
        user && events.kernel_mode(),
        "kernel.perf_event_paranoid at most 1, or CAP_PERFMON, allows it");
  right(findings, "tracepoints", "error codes of faults (tracepoints)",
        user && events.error_codes(),
        tracepoints.missing.empty() ? "the tracepoints exceptions:page_fault_* need root"
                                    : tracepoints.missing);
  events.close();
  fact(findings, "perf_event_paranoid", "kernel.perf_event_paranoid",
       read_file("/proc/sys/kernel/perf_event_paranoid").value_or(""));
}

/// Whether the page map of this process shows frame numbers.
bool sees_frames(const PageMap& pagemap) {
  const int probe = 1;
  const auto page = reinterpret_cast<std::uint64_t>(&probe) / 4096;
  return PageEntry{pagemap.at(page)}.frame() != 0;
}

void examine_page_map(Findings& findings) {
  PageMap pagemap;
  const bool readable = pagemap.open("/proc/self/pagemap") == 0;
  right(findings, "pagemap", "page states (pagemap)", readable,
        "/proc/self/pagemap cannot be read: the kernel lacks CONFIG_PROC_PAGE_MONITOR");
  right(findings, "frames", "frame numbers (causes of copies)", readable && sees_frames(pagemap),
        "frame numbers in /proc/self/pagemap need CAP_SYS_ADMIN");
  pagemap.close();
  PageMap flags;
  right(findings, "kpageflags", "page flags (kpageflags)", flags.open("/proc/kpageflags") == 0,
        "/proc/kpageflags needs root");
  flags.close();
}

std::string swap_sizes() {
  const std::string swaps = read_file("/proc/swaps").value_or("");
  const auto lines = std::count(swaps.begin(), swaps.end(), '\n');
  return lines == 0 ? "none" : fmt::format("{} area{}", lines, lines == 1 ? "" : "s");
}

std::string fault_around() {
  const auto bytes = read_file(debugfs() + "/fault_around_bytes");
  return bytes ? *bytes + " bytes" : "";
}

void examine_memory(Findings& findings) {
  const std::string thp = "/sys/kernel/mm/transparent_hugepage/";
  fact(findings, "swap", "swap space", swap_sizes());
  fact(findings, "thp", "transparent huge pages", chosen(read_file(thp + "enabled").value_or("")));
  fact(findings, "thp_shmem", "huge pages in shared memory",
       chosen(read_file(thp + "shmem_enabled").value_or("")));
  fact(findings, "fault_around_bytes", "fault-around window", fault_around());
  fact(findings, "overcommit_memory", "vm.overcommit_memory",
       read_file("/proc/sys/vm/overcommit_memory").value_or(""));
  fact(findings, "max_map_count", "vm.max_map_count",
       read_file("/proc/sys/vm/max_map_count").value_or(""));
  fact(findings, "page_cluster", "vm.page-cluster",
       read_file("/proc/sys/vm/page-cluster").value_or(""));
}

void examine_allocators(Findings& findings) {
  for (const AllocatorLibrary& library : installed_allocators())
    fact(findings, library.name, library.name,
         fmt::format("{} ({})", library.version, library.path));
}

nlohmann::ordered_json text_or_null(const std::string& text) {
  return text.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(text);
}

}  // namespace

std::vector<Finding> examine() {
  Findings findings;
  examine_kernel(findings);
  examine_perf(findings);
  examine_page_map(findings);
  examine_memory(findings);
  examine_allocators(findings);
  return findings;
}

std::string render_text(const std::vector<Finding>& findings) {
  std::size_t width = 0;
  for (const Finding& finding : findings) width = std::max(width, finding.subject.size());
  std::string text;
  for (const Finding& finding : findings) {
    const std::string value = finding.value.empty() ? "not known" : finding.value;
    text += fmt::format("{:<{}}  {}{}{}\n", finding.subject, width, value,
                        finding.remedy.empty() ? "" : ": ", finding.remedy);
  }
  return text;
}

std::string render_json(const std::vector<Finding>& findings) {
  constexpr const char* kVerdicts[] = {"good", "limited", "plain"};
  std::string lines;
  for (const Finding& finding : findings) {
    nlohmann::ordered_json object;
    object["key"] = finding.key;
    object["subject"] = finding.subject;
    object["value"] = text_or_null(finding.value);
    object["verdict"] = kVerdicts[static_cast<std::size_t>(finding.verdict)];
    object["remedy"] = text_or_null(finding.remedy);
    lines += object.dump() + '\n';
  }
  return lines;
}

}  // namespace tools::measure
