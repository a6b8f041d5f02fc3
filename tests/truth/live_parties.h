// The three who run a random trace: the installed glibc, ours preloaded, ours simulated.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "tests/truth/oracle_client.h"

namespace truth {

class LiveParties {
 public:
  /// The operations of `question` with what the installed glibc makes of them. Throws
  /// std::runtime_error when it cannot run them.
  [[nodiscard]] Trace truth_of(const Trace& question);

  /// How ours differs from `truth`, on the simulated machine or in a real process; empty: not at
  /// all. There the heap is walked after every `check_every`-th operation (0: never).
  [[nodiscard]] std::string difference(const Trace& truth, std::uint32_t check_every);

 private:
  enum class Party { Glibc, GlibcWithBallast, Preloaded };

  void check_preloaded(const Trace& truth);
  Oracle& oracle(Party party, Environment environment);

  struct Running {
    Environment environment;
    std::unique_ptr<Oracle> oracle;
  };
  std::map<Party, std::unique_ptr<Oracle>> plain_;  ///< without tunables
  std::map<Party, Running> tuned_;                  ///< with those last asked for
};

}  // namespace truth
