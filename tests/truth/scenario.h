// A scenario of the fault vectors: a script, and what a real kernel did for each of its lines.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace truth {

/// A fault event, in the vectors' own words.
struct Fault {
  std::string place;    ///< "A[3]+17"
  std::string access;   ///< r, w, x
  std::string counted;  ///< minor, major, none
  std::string mode;     ///< user, kernel
  std::optional<std::int64_t> error;
  std::optional<std::string> cause;  ///< nothing: not derivable
};

struct Signal {
  std::string name;
  std::string code;
  std::int64_t trap = 0;
  std::int64_t error = 0;
  std::optional<std::string> address;  ///< "0x100000001000"
  std::optional<std::string> place;
};

struct Operation {
  std::int64_t minor = 0;
  std::int64_t major = 0;
  std::int64_t gup = 0;
  std::int64_t unlocated = 0;
  std::string charged_to;  ///< empty: the process that ran the line
  std::vector<Fault> faults;
  bool faults_truncated = false;
  std::map<std::string, std::int64_t> rss_kb;  ///< only what was measured
  std::optional<Signal> signal;
  std::optional<std::int64_t> returned;
  std::optional<std::string> error;
};

struct States {
  std::size_t after = 0;
  std::string process;
  std::string range;  ///< "A[0..15]"
  std::vector<std::string> states;
  std::vector<std::string> letters;
};

/// Pages of a file in the page cache after a line.
struct CachedPages {
  std::size_t after = 0;
  std::string file;
  std::vector<std::pair<std::int64_t, std::int64_t>> runs;  ///< first and last page
};

struct Scenario {
  std::string id, title, environment, level;
  std::vector<std::string> script;
  std::vector<Operation> operations;
  std::vector<States> states;
  std::vector<CachedPages> page_cache;
  std::int64_t minor = 0, major = 0;
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> by_process;  ///< minor, major
};

/// The directory of the vectors: the environment's FAULTLINE_TRUTH, else the tests' own copy.
[[nodiscard]] std::string directory();

/// Every scenario of a file, one a line. Throws std::runtime_error naming the line that is wrong.
[[nodiscard]] std::vector<Scenario> load(const std::string& path);

/// The scenarios of mm.jsonl, then those of mm-large-folio.jsonl where the directory has it.
[[nodiscard]] std::vector<Scenario> load_all();

}  // namespace truth
