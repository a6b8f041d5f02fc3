// Random scripts over the whole grammar: which line comes next, and who runs it.
#include "tests/scripts/random_script.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace tools::script {

using S = RandomScript;

/// In the order of Verb. To be run, a script has none of the verbs of weight 0; why is said above.
const RandomScript::Row RandomScript::kRows[kVerbs] = {
    {Verb::Malloc, 30, &S::malloc_line},
    {Verb::Calloc, 8, &S::calloc_line},
    {Verb::Realloc, 8, &S::realloc_line},
    {Verb::Memalign, 2, &S::memalign_line},
    {Verb::AlignedAlloc, 2, &S::aligned_alloc_line},
    {Verb::PosixMemalign, 2, &S::posix_memalign_line},
    {Verb::Valloc, 2, &S::valloc_line},
    {Verb::Pvalloc, 2, &S::pvalloc_line},
    {Verb::Free, 25, &S::free_line},
    {Verb::MallocTrim, 2, &S::malloc_trim_line},
    {Verb::Mallopt, 2, &S::mallopt_line},
    {Verb::Mmap, 30, &S::mmap_line},
    {Verb::Munmap, 6, &S::munmap_line},
    {Verb::Mprotect, 16, &S::mprotect_line},
    {Verb::Mremap, 10, &S::mremap_line},
    {Verb::Madvise, 32, &S::madvise_line},
    {Verb::Mlock, 7, &S::mlock_line},
    {Verb::Munlock, 3, &S::munlock_line},
    {Verb::Msync, 4, &S::msync_line},
    {Verb::Mincore, 4, &S::mincore_line},
    {Verb::Brk, 12, &S::brk_line},
    {Verb::File, 8, &S::file_line},
    {Verb::Cache, 4, &S::cache_line},
    {Verb::Evict, 4, &S::evict_line},
    {Verb::Truncate, 4, &S::truncate_line},
    {Verb::Punch, 4, &S::punch_line},
    {Verb::Fsync, 3, &S::fsync_line},
    {Verb::Sync, 0, &S::sync_line},
    {Verb::Rewrite, 3, &S::rewrite_line},
    {Verb::Swapout, 0, &S::swapout_line},
    {Verb::Sysctl, 0, &S::sysctl_line},
    {Verb::KsmScan, 0, &S::ksm_scan_line},
    {Verb::NumaScan, 0, &S::numa_scan_line},
    {Verb::Read, 45, &S::read_line},
    {Verb::Write, 55, &S::write_line},
    {Verb::Update, 6, &S::update_line},
    {Verb::CasFail, 4, &S::cas_fail_line},
    {Verb::Exec, 4, &S::exec_line},
    {Verb::Prefetch, 2, &S::prefetch_line},
    {Verb::Copy, 6, &S::copy_line},
    {Verb::Fill, 8, &S::fill_line},
    {Verb::SysRead, 8, &S::sys_read_line},
    {Verb::SysWrite, 8, &S::sys_write_line},
    {Verb::DirectRead, 4, &S::direct_read_line},
    {Verb::VmRead, 4, &S::vm_read_line},
    {Verb::VmWrite, 4, &S::vm_write_line},
    {Verb::MemWrite, 4, &S::mem_write_line},
    {Verb::Fork, 7, &S::fork_line},
    {Verb::VforkWrite, 3, &S::vfork_write_line},
    {Verb::Exit, 4, &S::exit_line},
    {Verb::Thread, 3, &S::thread_line},
    {Verb::Join, 2, &S::join_line},
};

RandomScript::RandomScript(unsigned seed, Purpose purpose)
    : random_{seed}, purpose_{purpose}, processes_{{"main", false, std::make_shared<Space>()}} {
  allocates_ = reads_only() || one_in(2);
  locks_ = reads_only() || one_in(3);
}

std::string RandomScript::pick(std::span<const WordValue> words) {
  return std::string{words[static_cast<std::size_t>(below(static_cast<int>(words.size())))].word};
}

std::string RandomScript::call() {
  const auto weight = [this](const Row& row) { return reads_only() ? 1 : row.weight; };
  const int all = std::accumulate(std::begin(kRows), std::end(kRows), 0,
                                  [&](int sum, const Row& row) { return sum + weight(row); });
  for (;;) {
    int at = below(all);
    const Row* row = std::begin(kRows);
    while (at >= weight(*row)) at -= weight(*row++);
    std::string text = (this->*row->line)();
    if (!text.empty()) return text;
  }
}

/// One line, or the two of a mapping and its advice; with who runs it.
std::string RandomScript::whole_line() {
  runs_ = one_in(2) ? 0 : static_cast<std::size_t>(below(static_cast<int>(processes_.size())));
  const std::string who = process().name;
  const bool is_main = runs_ == 0 && (!reads_only() || one_in(2));
  const std::string prefix = is_main ? "" : who + (reads_only() && one_in(2) ? " :" : ": ");
  std::string text = prefix + call();
  for (auto at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 1))
    text.insert(at + 1, prefix);
  if (!reads_only()) return text + "\n";
  return text + pick({"", "   # why", " #"}) + pick({"\n", "\n\n", "\r\n"});
}

std::string RandomScript::expectation() {
  switch (below(3)) {
    case 0:
      return "expect minor " + number() +
             pick({"", " major 0", " rss_anon -4K", " signal SIGSEGV ACCERR", " error EFAULT"});
    case 1:
      return "expect fault " + any_place() +
             pick({" write minor first_write", " read signal invalid"});
    default:
      return "expect pages " + any_place() + pick({" -", " - zero anon", " anon_shared file"});
  }
}

std::vector<std::string> RandomScript::pieces(int lines) {
  std::vector<std::string> all;
  for (int i = 0; i < lines; ++i) {
    const bool expects = reads_only() && i > 0 && one_in(8);
    all.push_back(expects ? expectation() + pick({"", "  # note"}) + "\n" : whole_line());
  }
  return all;
}

std::string RandomScript::write(int lines) {
  const std::vector<std::string> all = pieces(lines);
  return std::accumulate(all.begin(), all.end(), std::string{});
}

std::string RandomScript::fork_line() {
  if (!reads_only() && processes_.size() >= 5) return {};
  const std::string name = fmt::format("c{}", ++tasks_);
  processes_.push_back({name, false, std::make_shared<Space>(space())});
  return "fork " + name;
}

std::string RandomScript::thread_line() {
  if (!reads_only() && processes_.size() >= 5) return {};
  const std::string name = fmt::format("t{}", ++tasks_);
  processes_.push_back({name, true, process().space});
  return "thread " + name;
}

/// Another process than the one that runs the line: it waits until the other's memory is gone.
std::string RandomScript::exit_line() {
  const std::size_t chosen = static_cast<std::size_t>(below(static_cast<int>(processes_.size())));
  const Process ended = processes_[chosen];
  if (chosen == 0 || ended.is_thread || ended.space == process().space) return {};
  std::erase_if(processes_, [&](const Process& each) { return each.space == ended.space; });
  return "exit " + ended.name;
}

std::string RandomScript::join_line() {
  const std::size_t chosen = static_cast<std::size_t>(below(static_cast<int>(processes_.size())));
  const Process ended = processes_[chosen];
  if (!ended.is_thread || ended.space != process().space || chosen == runs_) return {};
  processes_.erase(processes_.begin() + static_cast<std::ptrdiff_t>(chosen));
  return "join " + ended.name;
}

std::string RandomScript::on_peer(const char* verb) {
  const Process peer =
      processes_[static_cast<std::size_t>(below(static_cast<int>(processes_.size())))];
  const std::size_t self = runs_;
  // The place is one of the peer's.
  runs_ = static_cast<std::size_t>(
      std::find_if(processes_.begin(), processes_.end(),
                   [&](const Process& each) { return each.name == peer.name; }) -
      processes_.begin());
  const std::string at = place();
  runs_ = self;
  if (at.empty()) return {};
  return fmt::format("{} {} {} {}", verb, peer.name, at,
                     bytes({"1", "100", "4096", "9000", "70000"}));
}

}  // namespace tools::script
