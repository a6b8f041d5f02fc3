// What a run of a program did, operation by operation: one type for both machines.
#include "tools/run/outcome.h"

#include <algorithm>

namespace tools::run {
namespace {

bool is_present(const std::string& state) {
  return state != "absent" && state != "swap" && state != "guard";
}

bool same_state(const std::string& a, const std::string& b) {
  if (a == "present") return is_present(b);
  if (b == "present") return is_present(a);
  return a == b;
}

}  // namespace

bool same_states(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), same_state);
}

std::vector<Probe> all_probes(const script::Program& program, const RunOptions& options) {
  std::vector<Probe> probes;
  for (const script::Expectation& expected : program.expectations) {
    if (!expected.pages_of) continue;
    probes.push_back({expected.op, program.ops[expected.op].process, *expected.pages_of,
                      static_cast<std::int64_t>(expected.page_states.size())});
  }
  probes.insert(probes.end(), options.probes.begin(), options.probes.end());
  return probes;
}

}  // namespace tools::run
