// Asking malloc-oracle: what the real library does with a trace.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>

#include "tests/truth/malloc_trace.h"
#include "tests/truth/malloc_wire.h"

namespace truth {

using Environment = std::map<std::string, std::string>;

/// The operations of `answer` and its results follow from `wire`; see Oracle::run.
struct OracleAnswer {
  const Wire* wire = nullptr;
  std::string said;  ///< what the library wrote to standard error; not empty: it aborted
};

/// Who says where mappings lie. The kernel puts them below what is loaded; the trace, downward from
/// a place drawn from its name, where its results depend on it: so that different libraries agree.
enum class Mappings { ByKernel, ByTrace };

/// Why no oracle can run on this machine, a sentence; empty: one can.
[[nodiscard]] std::string why_no_oracle();

/// A running malloc-oracle. Its environment is fixed, since a library reads GLIBC_TUNABLES when it
/// starts. Throws std::runtime_error, saying what is missing, where one cannot be had.
class Oracle {
 public:
  explicit Oracle(const Environment& environment);
  ~Oracle();
  Oracle(const Oracle&) = delete;
  Oracle& operator=(const Oracle&) = delete;

  /// Version of the C library it runs on: "2.36".
  [[nodiscard]] std::string glibc() const;
  /// Replays the operations of `trace`, whose results are not looked at, in a library as new whose
  /// heap begins where trace.base does modulo 2 MiB. The answer is good until the next run.
  OracleAnswer run(const Trace& trace, Mappings mappings = Mappings::ByKernel);

 private:
  void start(const Environment& environment);
  void ask(const Trace& trace, Mappings mappings);
  [[nodiscard]] int wait_for_status();
  [[nodiscard]] std::string take_standard_error();

  pid_t child_ = -1;
  int socket_ = -1;
  int standard_error_ = -1;
  int shared_ = -1;
  Wire* wire_ = nullptr;
};

/// The trace with the results the oracle gave, addresses told by place.
[[nodiscard]] Trace answered(const Trace& question, const OracleAnswer& answer);
/// Holds the oracle's answer against the results of the trace. Throws Mismatch.
void check_answer(const Trace& trace, const OracleAnswer& answer);

}  // namespace truth
