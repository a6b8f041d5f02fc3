// A malloc trace: operations, what each returned, and the system calls it made.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace truth {

/// The letter an operation is written with.
enum class Verb : char {
  Malloc = 'm',
  Calloc = 'c',
  Realloc = 'r',
  Memalign = 'a',
  AlignedAlloc = 'A',
  PosixMemalign = 'p',
  Valloc = 'v',
  Pvalloc = 'V',
  Free = 'f',
  Trim = 't',
  Mallopt = 'o',
  Sbrk = 'b',       ///< the program's own sbrk
  Block = 'B',      ///< the program maps one PROT_NONE page n bytes above the page-rounded break
  Limit = 'L',      ///< setrlimit(RLIMIT_AS), the soft limit
  Refuse = 'F',     ///< the kernel does the library's next n system calls, refuses the m after them
  Info = 'i',       ///< mallinfo2: uordblks, fordblks, ordblks, smblks, arena
  MappedInfo = 'j'  ///< mallinfo2: hblks, hblkhd, fsmblks, keepcost
};

/// Stores its pointer in a slot.
[[nodiscard]] bool allocates(Verb verb) noexcept;

/// One operation. n is the size, pad, break increment or limit; calloc's count; mallopt's
/// parameter. m is the alignment, calloc's size, mallopt's value. Signed ones in two's complement.
struct Op {
  Verb verb = Verb::Malloc;
  std::uint32_t slot = 0;
  std::uint64_t n = 0;
  std::uint64_t m = 0;

  friend bool operator==(const Op&, const Op&) = default;
};

/// An address told without saying where the kernel put things.
struct Place {
  enum class Base : std::uint8_t {
    Null,
    Heap,     ///< the initial program break
    Mapping,  ///< what the index-th mmap call of the trace returned; follows mremap
    Arena,    ///< the index-th 64-MiB heap of an arena other than the main one
    Absolute  ///< none of these
  };
  Base base = Base::Null;
  std::uint32_t index = 0;
  std::uint64_t offset = 0;

  friend bool operator==(const Place&, const Place&) = default;
};
[[nodiscard]] std::string to_string(const Place& place);

/// One system call. `at` is its first argument (for brk the break asked for, null: asked where it
/// is), `arguments` the ones after it: mmap length, prot, flags; munmap length; mremap old, new;
/// madvise length, advice; mprotect length, prot.
struct SystemCall {
  enum class Kind : std::uint8_t { Brk, Mmap, Munmap, Mremap, Madvise, Mprotect };
  Kind kind = Kind::Brk;
  Place at;
  std::array<std::uint64_t, 3> arguments{};
  int error = 0;  ///< errno, 0: the kernel did it; of mmap, mremap, mprotect
  Place result;   ///< brk: the break afterwards; mmap: the mapping

  /// The kernel did what was asked.
  [[nodiscard]] bool succeeded() const noexcept;
  friend bool operator==(const SystemCall&, const SystemCall&) = default;
};
[[nodiscard]] std::string to_string(const SystemCall& call);

/// What an operation gave. Which members count depends on the verb.
struct Result {
  Place pointer;                        ///< allocating verbs
  std::uint64_t usable = 0;             ///< of the pointer
  int error = 0;                        ///< errno where the pointer is null
  std::int64_t value = 0;               ///< trim, mallopt: returned; sbrk: old break - base, or -1
  std::array<std::uint64_t, 5> info{};  ///< Info: five fields, MappedInfo: four
  std::vector<SystemCall> calls;

  friend bool operator==(const Result&, const Result&) = default;
};

struct Step {
  Op op;
  Result result;
};

/// Pages [first, second) counted from the initial break.
using PageRuns = std::vector<std::pair<std::uint64_t, std::uint64_t>>;
[[nodiscard]] std::string to_string(const PageRuns& runs);

struct Trace {
  std::string name;
  std::string glibc;       ///< version the results are of
  std::uint64_t base = 0;  ///< the initial program break
  std::uint32_t slots = 0;
  bool thread = false;  ///< run in a second thread
  std::map<std::string, std::string> environment;
  std::uint64_t max_alignment = 16;
  std::string note;
  std::string abort;           ///< what the library said when it aborted; empty: it did not
  std::uint64_t abort_op = 0;  ///< the last step: it returned nothing
  std::optional<PageRuns> resident;
  std::vector<std::uint64_t> mappings;  ///< where each mmap call's mapping lay, 0: it failed;
                                        ///< empty: not known
  std::vector<Step> steps;
};

/// The largest alignment an operation asks for.
[[nodiscard]] std::uint64_t alignment_of(const Op& op) noexcept;

/// A trace that cannot be read; the message names file and line.
class TraceError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The trace in `file`, one JSON value a line. Throws TraceError.
[[nodiscard]] Trace read_trace(const std::filesystem::path& file);
[[nodiscard]] Trace read_trace(std::istream& in, std::string_view name);
void write_trace(std::ostream& out, const Trace& trace);
/// An operation as its line begins: ["m",0,100].
[[nodiscard]] std::string to_string(const Op& op);

}  // namespace truth
