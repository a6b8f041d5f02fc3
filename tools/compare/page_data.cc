// Bins and pruned trees: few numbers however many faults.
#include "tools/compare/page_data.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "tools/compare/address_strip.h"
#include "tools/compare/report.h"

namespace tools::compare {
namespace {

using report::Json;

constexpr std::size_t kBins = 300, kSites = 150, kFlameNodes = 9000, kLongestName = 120;

/// Each name once.
class Names {
 public:
  std::size_t number(std::string name) {
    if (name.size() > kLongestName) name = name.substr(0, kLongestName) + "...";
    const auto [found, fresh] = numbers_.try_emplace(name, names_.size());
    if (fresh) names_.push_back(std::move(name));
    return found->second;
  }
  Json take() { return std::move(names_); }

 private:
  Json names_ = Json::array();
  std::unordered_map<std::string, std::size_t> numbers_;
};

/// Call stacks as a tree from the outermost caller down. What a node of few faults has below it is
/// counted as its own.
class FlameTree {
 public:
  FlameTree(const Profile& profile, Names& names) {
    for (const Profile::Stack& stack : profile.stacks) {
      std::size_t node = 0;
      nodes_[0].all += stack.faults;
      for (const std::uint32_t frame : stack.frames) {
        node = child(node, names.number(profile.frames[frame].label()));
        nodes_[node].all += stack.faults;
      }
      nodes_[node].own += stack.faults;
    }
  }

  /// Of at most `most` nodes, parents first: those with the most faults.
  [[nodiscard]] Json to_json(std::size_t most) {
    const std::uint64_t least = smallest(most);
    std::vector<std::size_t> number(nodes_.size());
    Json json = Json::array();
    for (std::size_t i = nodes_.size() - 1; i > 0; --i) {
      if (nodes_[i].all < least) nodes_[nodes_[i].parent].own += nodes_[i].own;
    }
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (i != 0 && nodes_[i].all < least) continue;
      number[i] = json.size();
      json.push_back({number[nodes_[i].parent], nodes_[i].name, nodes_[i].own});
    }
    return json;
  }

 private:
  struct Node {
    std::size_t parent = 0, name = 0;
    std::uint64_t all = 0, own = 0;
  };

  std::size_t child(std::size_t parent, std::size_t name) {
    const auto [found, fresh] = children_.try_emplace({parent, name}, nodes_.size());
    if (fresh) nodes_.push_back({parent, name});
    return found->second;
  }

  [[nodiscard]] std::uint64_t smallest(std::size_t most) const {
    if (nodes_.size() <= most) return 0;
    std::vector<std::uint64_t> all;
    for (const Node& node : nodes_) all.push_back(node.all);
    std::sort(all.rbegin(), all.rend());
    return all[most] + 1;
  }

  std::vector<Node> nodes_{Node{}};
  std::map<std::pair<std::size_t, std::size_t>, std::size_t> children_;
};

Json sites(const Profile& profile, Names& names) {
  std::map<std::string, std::uint64_t> merged;
  for (const Site& site : profile.sites) merged[site.label()] += site.faults;
  std::vector<std::pair<std::string, std::uint64_t>> rows{merged.begin(), merged.end()};
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  Json json = Json::array();
  std::uint64_t others = 0;
  for (const auto& [label, faults] : rows) {
    if (json.size() < kSites) {
      json.push_back({names.number(label), faults});
    } else {
      others += faults;
    }
  }
  if (others != 0) json.push_back({names.number("all others"), others});
  return json;
}

/// From the first fault on.
std::uint64_t duration(const FaultList& list) {
  return list.faults.empty() ? 0 : list.faults.back().time - list.faults.front().time;
}

Json timeline(const FaultList& list, std::uint64_t longest) {
  std::vector<std::uint64_t> bins(kBins);
  for (const Fault& fault : list.faults) {
    if (fault.cause == pagesim::Cause::Invalid) continue;
    ++bins[(fault.time - list.faults.front().time) * (kBins - 1) /
           std::max<std::uint64_t>(longest, 1)];
  }
  return bins;
}

}  // namespace

Json page_data(const Comparison& comparison) {
  Names names;
  Json json;
  json["comparison"] = to_json(comparison);
  json["views"] = Json::array();
  std::uint64_t longest = 0;
  for (const Entry& entry : comparison.entries) {
    if (entry.profile) longest = std::max(longest, duration(*entry.typical()->list));
  }
  const std::size_t all = comparison.entries.size();
  for (std::size_t i = 0; i < all; ++i) {
    const auto& profile = comparison.entries[i].profile;
    Json& run = json["comparison"]["allocators"][i]["typical_run"];
    if (run.is_object()) run.erase("by_site");
    json["views"].push_back(nullptr);
    if (!profile) continue;
    const FaultList& list = *comparison.entries[i].typical()->list;
    json["views"].back() = {{"timeline", timeline(list, longest)},
                            {"sites", sites(*profile, names)},
                            {"flame", FlameTree{*profile, names}.to_json(kFlameNodes / all)},
                            {"strip", address_strip(list, all)}};
  }
  json["bin_s"] = static_cast<double>(longest) * 1e-9 / (kBins - 1);
  json["names"] = names.take();
  return json;
}

}  // namespace tools::compare
