// What a run of a program did, operation by operation: one type for both machines.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pagesim/ledger.h"
#include "pagesim/tlb_use.h"
#include "tools/script/op.h"

namespace tools::run {

/// A page as a program could see it, in the words of the truth vectors.
struct PageStates {
  std::size_t op = 0;  ///< taken after this operation
  std::uint32_t process = 0;
  std::vector<std::string> states;
  std::vector<std::string> letters;  ///< "-", "Z", "Ax"; empty where the machine cannot tell
};

/// Whether two lists of page states agree. "present" is said where this machine may not see what
/// kind of page is mapped: it agrees with every kind.
[[nodiscard]] bool same_states(const std::vector<std::string>& a,
                               const std::vector<std::string>& b);

/// One operation's cost. `fault_count` records start at `first_fault` of RunOutcome::faults. fork,
/// thread, exit and join are not measured and cost 0. vfork_write: what its child was charged.
struct OpOutcome {
  std::uint32_t minor = 0;
  std::uint32_t major = 0;
  std::uint32_t fault_count = 0;
  bool ran = false;              ///< false: its process had ended before it
  std::uint64_t started_ns = 0;  ///< since the run began; real runs only, 0: not known
  std::uint64_t ended_ns = 0;
  std::optional<double> fault_ns;  ///< measured: of an access, what its faults took; real runs only
  std::uint64_t first_fault = 0;
  std::uint64_t address = 0;  ///< what an allocating or mapping call returned; 0: null
  std::int32_t error = 0;     ///< errno of a refused call, 0: none
  std::int64_t returned = 0;  ///< of read, write and their kin; malloc_trim, mallopt; mincore:
                              ///< pages that are resident; -1: a system call was refused
};

/// Pages of a file, in ascending runs: first and last.
using PageRuns = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

struct RunOutcome {
  std::vector<OpOutcome> ops;  ///< one for each Program::ops
  std::vector<pagesim::FaultRecord> faults;
  bool has_addresses = false;        ///< faults were recorded with their byte addresses
  bool has_kernel_events = true;     ///< those taken inside system calls too
  bool has_causes = false;           ///< and with causes
  std::vector<std::string> missing;  ///< what this machine did not allow, a sentence each
  std::vector<std::pair<std::size_t, pagesim::SignalInfo>> signals;  ///< by operation
  std::vector<std::pair<std::size_t, pagesim::Rss>> rss;  ///< change by operation, when asked for
  std::vector<PageStates> pages;  ///< one for each `expect pages`, then one for each probe
  /// One for each RunOptions::cache_probes, nothing where the file did not exist yet; empty if the
  /// machine cannot be asked.
  std::vector<std::optional<PageRuns>> cached;
  std::vector<std::int32_t> pids;  ///< real runs only, by task of the program; 0: never lived
  pagesim::Counters total;
  std::optional<pagesim::TlbUse> tlb;  ///< of the operations alone; simulated runs only
  std::uint64_t heap_base = 0, stack_base = 0, text_base = 0;
  std::uint64_t globals_base = 0;  ///< the allocator's process-wide state; 0: not known
  std::optional<std::uint64_t>
      peak_rss;                   ///< bytes of the largest process, less what preparing it took
  std::optional<double> seconds;  ///< wall time of the operations alone
  std::optional<std::string> abort_message;  ///< what a corrupted heap said before SIGABRT
};

/// A question about page states: after operation `op`, pages [to, to + pages) as `process` sees
/// them.
struct Probe {
  std::size_t op = 0;
  std::uint32_t process = 0;
  script::Place to;
  std::int64_t pages = 0;
};

/// A question about the page cache: which pages of `file` (index into Program::files) are in memory
/// after operation `op`.
struct CacheProbe {
  std::size_t op = 0;
  std::uint32_t file = 0;
};

struct RunOptions {
  bool keep_going = false;  ///< go on after SIGSEGV and SIGBUS (truth vectors); an abort ends
  bool with_rss = false;    ///< fill RunOutcome::rss
  bool with_faults = true;  ///< fill RunOutcome::faults
  std::vector<Probe> probes{};
  std::vector<CacheProbe> cache_probes{};
};

/// What RunOutcome::pages answers, in its order: each `expect pages` of the program, then the
/// options' probes.
[[nodiscard]] std::vector<Probe> all_probes(const script::Program& program,
                                            const RunOptions& options);

}  // namespace tools::run
