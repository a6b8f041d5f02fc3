// What is varied.
#include "tools/verbs/variation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <sstream>

#include "pagesim/machines.h"
#include "tools/report/table.h"
#include "tools/verbs/knobs.h"
#include "tools/verbs/refusal.h"

namespace tools::verbs {
namespace {

/// A knob of the run that is none of the machine.
struct RunKnob {
  KnobInfo info;
  void (*set)(RowSetup&, const RunKnob&, const std::string&);
};

void refuse_value(const KnobInfo& knob, const std::string& value, const std::string& expected) {
  throw Refusal{kWrongInput,
                fmt::format("{}={}: expected {} ({}).", knob.name, value, expected, knob.meaning)};
}

template <std::size_t N>
const std::string& one_of(const RunKnob& knob, const std::string& value,
                          const std::array<std::string_view, N>& words) {
  if (std::find(words.begin(), words.end(), value) == words.end())
    refuse_value(knob.info, value, fmt::format("{}", fmt::join(words, ", ")));
  return value;
}

constexpr std::array<std::string_view, 4> kTouches = {"none", "recorded", "first", "all"};
constexpr std::array<std::string_view, 2> kOwnAllocators = {"ptmalloc", "faultline"};
constexpr std::array<std::string_view, 3> kChildren = {"write", "read", "none"};

std::uint64_t number_of(const RunKnob& knob, const std::string& value, std::uint64_t least) {
  return verbs::number_of(knob.info.name, value, least, std::numeric_limits<std::uint64_t>::max(),
                          knob.info.meaning);
}

const std::vector<RunKnob>& run_knobs() {
  static const std::vector<RunKnob> kAll = {
      {{"machine", fmt::format("{}", fmt::join(pagesim::machine_names(), "|")),
        "the simulated machine"},
       [](RowSetup& row, const RunKnob&, const std::string& v) { row.machine.machine = v; }},
      {{"kernel", "linux-VERSION", "the kernel whose rules it follows"},
       [](RowSetup& row, const RunKnob&, const std::string& v) { row.machine.kernel = v; }},
      {{"allocator", "ptmalloc|faultline", "whose calls a program makes"},
       [](RowSetup& row, const RunKnob& knob, const std::string& v) {
         row.machine.allocator = one_of(knob, v, kOwnAllocators);
       }},
      {{"seed", "0..", "of everything random on it"},
       [](RowSetup& row, const RunKnob& knob, const std::string& v) {
         row.machine.seed = number_of(knob, v, 0);
       }},
      {{"touch", "none|recorded|first|all", "what a traced program does with its blocks"},
       [](RowSetup& row, const RunKnob& knob, const std::string& v) {
         row.workload.touch = one_of(knob, v, kTouches);
       }},
      {{"fork_after_line", "1..", "a child is forked after this line, or event of a trace"},
       [](RowSetup& row, const RunKnob& knob, const std::string& v) {
         row.fork.after_line = number_of(knob, v, 1);
       }},
      {{"fork_after_op", "1..", "a child is forked after so many operations"},
       [](RowSetup& row, const RunKnob& knob, const std::string& v) {
         row.fork.after_op = number_of(knob, v, 1);
       }},
      {{"fork_child", "write|read|none", "what that child does with each page of each block"},
       [](RowSetup& row, const RunKnob& knob, const std::string& v) {
         row.fork.child = one_of(knob, v, kChildren);
       }},
  };
  return kAll;
}

const RunKnob* find_run_knob(std::string_view name) {
  const auto& all = run_knobs();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [name](const RunKnob& knob) { return knob.info.name == name; });
  return found == all.end() ? nullptr : &*found;
}

std::vector<KnobInfo> all_knobs() {
  std::vector<KnobInfo> all;
  for (const RunKnob& knob : run_knobs()) all.push_back(knob.info);
  for (const KnobInfo& knob : knobs()) all.push_back(knob);
  return all;
}

void check_name(const std::string& name) {
  std::vector<std::string_view> names;
  for (const KnobInfo& knob : all_knobs()) names.push_back(knob.name);
  if (std::find(names.begin(), names.end(), name) != names.end()) return;
  throw Refusal{kWrongInput, no_such_knob(name, std::move(names))};
}

Variation read_variation(const std::string& text) {
  const auto equals = text.find('=');
  Variation variation{text.substr(0, equals), {}};
  check_name(variation.knob);
  std::istringstream in{equals == std::string::npos ? std::string{} : text.substr(equals + 1)};
  for (std::string value; std::getline(in, value, ',');) variation.values.push_back(value);
  if (variation.values.empty())
    throw Refusal{kWrongInput, fmt::format("--vary {}: expected KNOB=VALUE,VALUE,... as in "
                                           "thp_enabled=never,always.",
                                           text)};
  return variation;
}

void check_fork(const std::vector<Variation>& variations) {
  const auto varied = [&](std::string_view name) {
    return std::any_of(variations.begin(), variations.end(),
                       [name](const Variation& each) { return each.knob == name; });
  };
  if (varied("fork_after_line") && varied("fork_after_op"))
    throw Refusal{kWrongInput, "fork_after_line and fork_after_op: vary one of them."};
  if (varied("fork_child") && !varied("fork_after_line") && !varied("fork_after_op"))
    throw Refusal{kWrongInput, "fork_child: vary fork_after_line or fork_after_op too."};
}

}  // namespace

std::vector<Variation> read_variations(const std::vector<std::string>& texts) {
  std::vector<Variation> all;
  for (const std::string& text : texts) {
    Variation next = read_variation(text);
    if (std::any_of(all.begin(), all.end(), [&](const auto& v) { return v.knob == next.knob; }))
      throw Refusal{kWrongInput, fmt::format("--vary {}: it is varied twice; give all its values "
                                             "at once.",
                                             next.knob)};
    all.push_back(std::move(next));
  }
  check_fork(all);
  return all;
}

std::vector<Combination> combinations(const std::vector<Variation>& variations) {
  std::vector<Combination> product{{}};
  for (const Variation& variation : variations) {
    std::vector<Combination> longer;
    for (const Combination& each : product) {
      for (const std::string& value : variation.values) {
        longer.push_back(each);
        longer.back().push_back(value);
      }
    }
    product = std::move(longer);
  }
  product.insert(product.begin(), Combination{});
  return product;
}

RowSetup setup_of(RowSetup base, const std::vector<Variation>& variations,
                  const Combination& combination) {
  for (std::size_t i = 0; i < combination.size(); ++i) {
    const std::string& name = variations[i].knob;
    if (const RunKnob* knob = find_run_knob(name)) {
      knob->set(base, *knob, combination[i]);
    } else {
      base.machine.settings.push_back(name + "=" + combination[i]);
    }
  }
  return base;
}

std::string knobs_text() {
  using report::Align;
  report::Table table{{{"knob", Align::Left}, {"values", Align::Left}, {"", Align::Left}}};
  for (const KnobInfo& knob : all_knobs())
    table.add({std::string{knob.name}, knob.values, std::string{knob.meaning}});
  return table.to_text();
}

}  // namespace tools::verbs
