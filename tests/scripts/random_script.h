// Random scripts over the whole grammar: to be run on both machines, or only to be read.
#pragma once

#include <map>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "tools/script/op.h"
#include "tools/script/words.h"

namespace tools::script {

/// Writes scripts line by line, knowing which names, files and processes there are. The same seed,
/// the same text. kRows holds each verb of the language with its line.
///
/// A script to be run stays clear of what spec/linux-faults section 14 calls not exact, and of what
/// one of the two machines cannot do:
/// - Mappings lie where the script says. At an address the kernel chose (`floating`) only private
///   anonymous memory is touched, inside: its neighbours differ, and so do the windows of
///   fault-around and the blocks of huge pages, which are aligned by address.
/// - Files on disk that can lose a page (`cold`) are mapped with RANDOM at once and read by
///   mappings alone, none of them executable: what read-ahead does else depends on reads still in
///   flight.
/// - O_DIRECT reads no holes: the kernel zeroes by other ways than a device stores.
/// - write(2) to a file makes at most one page: more may become a large folio. It writes no page of
///   a cold file whole: such a page is not read before, and not in memory until it is written.
/// - Only private memory is paged out; a file's pages leave memory when reclaim gets to them.
/// - `sync` and `sysctl` change the whole machine, KSM and swap work in the background.
/// - A program that allocates leaves the heap's own words alone: what it would do then is not
///   defined. One that does not moves the break and touches the heap.
class RandomScript {
 public:
  enum class Purpose { Run, Read };

  explicit RandomScript(unsigned seed, Purpose purpose = Purpose::Run);
  [[nodiscard]] std::string write(int lines);
  /// The same in pieces, each of one line or of several that belong together.
  [[nodiscard]] std::vector<std::string> pieces(int lines);

 private:
  /// What a name was bound to last. `Mixed`: others were mapped over it, or beside it.
  enum class Kind { Anonymous, Shmem, Tmpfs, Disk, Cold, Mixed };
  struct Mapping {
    int pages = 0;
    Kind kind = Kind::Anonymous;
    bool floating = false;
    bool certain = false;  ///< the call that made it cannot have failed
  };
  struct Space {
    std::map<std::string, Mapping> mappings;
    std::map<std::string, int> blocks;  ///< bytes
  };
  struct Process {
    std::string name;
    bool is_thread = false;
    std::shared_ptr<Space> space;
  };
  struct File {
    std::string name;
    Kind kind = Kind::Disk;
    int pages = 0;
  };
  /// A verb, how often a script to be run has it, and what writes it: nothing where it does not
  /// fit.
  struct Row {
    Verb verb;
    int weight;
    std::string (RandomScript::*line)();
  };
  static const Row kRows[kVerbs];

  // Choosing.
  [[nodiscard]] bool reads_only() const { return purpose_ == Purpose::Read; }
  [[nodiscard]] int below(int n) { return std::uniform_int_distribution{0, n - 1}(random_); }
  [[nodiscard]] bool one_in(int n) { return below(n) == 0; }
  [[nodiscard]] std::string pick(const std::vector<std::string>& words) {
    return words[static_cast<std::size_t>(below(static_cast<int>(words.size())))];
  }
  [[nodiscard]] std::string pick(std::span<const WordValue> words);
  [[nodiscard]] Process& process() { return processes_[runs_]; }
  [[nodiscard]] Space& space() { return *process().space; }
  [[nodiscard]] std::string call();
  [[nodiscard]] std::string whole_line();
  [[nodiscard]] std::string expectation();

  // Words.
  [[nodiscard]] std::string number();
  [[nodiscard]] std::string signed_number();
  [[nodiscard]] std::string bytes(const std::vector<std::string>& sensible);
  [[nodiscard]] std::string protection(Kind kind = Kind::Anonymous);
  [[nodiscard]] std::string any_name();
  [[nodiscard]] std::string any_place();
  [[nodiscard]] std::string any_range(bool stride);
  [[nodiscard]] std::string mapping_name(bool with_floating);
  [[nodiscard]] static int reach(const Mapping& mapping);
  [[nodiscard]] std::string pages_of(const std::string& name, bool stride);
  [[nodiscard]] std::string range(bool stride = true);
  [[nodiscard]] std::string place(bool with_floating = false);
  [[nodiscard]] std::string block_place();
  [[nodiscard]] std::string odd_place();
  [[nodiscard]] std::string fresh_address();
  [[nodiscard]] std::string address_for(const std::string& name, Kind kind);
  [[nodiscard]] File* file(std::initializer_list<Kind> kinds);

  // Lines.
  [[nodiscard]] std::string block(const std::string& call, int bytes);
  [[nodiscard]] std::string plain_allocation(const char* verb);
  [[nodiscard]] std::string aligned_allocation(const char* verb);
  [[nodiscard]] std::string malloc_line() { return plain_allocation("malloc"); }
  [[nodiscard]] std::string calloc_line();
  [[nodiscard]] std::string realloc_line();
  [[nodiscard]] std::string memalign_line() { return aligned_allocation("memalign"); }
  [[nodiscard]] std::string aligned_alloc_line() { return aligned_allocation("aligned_alloc"); }
  [[nodiscard]] std::string posix_memalign_line() { return aligned_allocation("posix_memalign"); }
  [[nodiscard]] std::string valloc_line() { return plain_allocation("valloc"); }
  [[nodiscard]] std::string pvalloc_line() { return plain_allocation("pvalloc"); }
  [[nodiscard]] std::string free_line();
  [[nodiscard]] std::string malloc_trim_line();
  [[nodiscard]] std::string mallopt_line();
  [[nodiscard]] std::string mmap_line();
  [[nodiscard]] std::string any_mmap();
  [[nodiscard]] std::string mmap_options(Kind kind);
  [[nodiscard]] std::string munmap_line();
  [[nodiscard]] std::string mprotect_line();
  [[nodiscard]] std::string mremap_line();
  [[nodiscard]] std::string madvise_line();
  [[nodiscard]] std::string mlock_line();
  [[nodiscard]] std::string munlock_line() { return on_range("munlock"); }
  [[nodiscard]] std::string msync_line() { return on_range("msync"); }
  [[nodiscard]] std::string mincore_line() { return on_range("mincore"); }
  [[nodiscard]] std::string on_range(const char* verb);
  [[nodiscard]] std::string brk_line();
  [[nodiscard]] std::string file_line();
  [[nodiscard]] std::string cache_line();
  [[nodiscard]] std::string evict_line();
  [[nodiscard]] std::string truncate_line();
  [[nodiscard]] std::string punch_line();
  [[nodiscard]] std::string fsync_line();
  [[nodiscard]] std::string sync_line() { return "sync"; }
  [[nodiscard]] std::string rewrite_line();
  [[nodiscard]] std::string swapout_line() { return on_range("swapout"); }
  [[nodiscard]] std::string sysctl_line();
  [[nodiscard]] std::string ksm_scan_line();
  [[nodiscard]] std::string numa_scan_line();
  [[nodiscard]] std::string touch(const char* verb);
  [[nodiscard]] std::string read_line() { return touch("read"); }
  [[nodiscard]] std::string write_line() { return touch("write"); }
  [[nodiscard]] std::string at_place(const char* verb);
  [[nodiscard]] std::string update_line() { return at_place("update"); }
  [[nodiscard]] std::string cas_fail_line() { return at_place("cas_fail"); }
  [[nodiscard]] std::string exec_line();
  [[nodiscard]] std::string prefetch_line() { return at_place("prefetch"); }
  [[nodiscard]] std::string copy_line();
  [[nodiscard]] std::string fill_line();
  [[nodiscard]] std::string sys_read_line();
  [[nodiscard]] std::string sys_write_line();
  [[nodiscard]] std::string direct_read_line();
  [[nodiscard]] std::string on_peer(const char* verb);
  [[nodiscard]] std::string vm_read_line() { return on_peer("vm_read"); }
  [[nodiscard]] std::string vm_write_line() { return on_peer("vm_write"); }
  [[nodiscard]] std::string mem_write_line() { return on_peer("mem_write"); }
  [[nodiscard]] std::string fork_line();
  [[nodiscard]] std::string vfork_write_line() { return at_place("vfork_write"); }
  [[nodiscard]] std::string exit_line();
  [[nodiscard]] std::string thread_line();
  [[nodiscard]] std::string join_line();

  std::mt19937 random_;
  Purpose purpose_;
  bool allocates_ = false;  ///< this script calls the allocator; else it moves the break
  bool locks_ = false;      ///< this script locks memory
  std::vector<Process> processes_;
  std::vector<File> files_;
  std::size_t runs_ = 0;  ///< the process of the line being written
  int addresses_ = 0;     ///< handed out
  int tasks_ = 0;         ///< started
};

}  // namespace tools::script
