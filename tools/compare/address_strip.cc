// Areas by the pages that faulted, since most of an address space is empty.
#include "tools/compare/address_strip.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>
#include <vector>

namespace tools::compare {
namespace {

using report::Json;

constexpr std::uint64_t kGap = 4096;  // pages that part two areas
constexpr std::size_t kPoints = 24'000;
constexpr unsigned kFineWidth = 2000, kFineHeight = 400, kWidth = 160, kHeight = 40;

struct StripArea {
  std::uint64_t first = 0, last = 0;  ///< pages
  std::size_t touched = 0;
  Region region = Region::Unknown;
  double from = 0, to = 0;  ///< of the whole width, 1
};

std::vector<const Fault*> of_busiest_process(const FaultList& list) {
  std::map<std::int32_t, std::vector<const Fault*>> by_process;
  for (const Fault& fault : list.faults) {
    if (fault.payer == Payer::Kernel || fault.cause == pagesim::Cause::Invalid) continue;
    by_process[fault.pid].push_back(&fault);
  }
  std::vector<const Fault*> most;
  for (auto& [pid, faults] : by_process) {
    if (faults.size() > most.size()) most = std::move(faults);
  }
  return most;
}

std::vector<StripArea> areas_of(const std::vector<const Fault*>& faults) {
  std::map<std::uint64_t, Region> pages;
  for (const Fault* fault : faults) pages.emplace(fault->address / kPage, fault->region);
  std::vector<StripArea> areas;
  std::array<std::size_t, kRegions> regions{};
  for (const auto& [page, region] : pages) {
    if (areas.empty() || page - areas.back().last > kGap) {
      areas.push_back({.first = page});
      regions = {};
    }
    StripArea& area = areas.back();
    area.last = page;
    ++area.touched;
    ++regions[static_cast<std::size_t>(region)];
    area.region =
        static_cast<Region>(std::max_element(regions.begin(), regions.end()) - regions.begin());
  }
  return areas;
}

/// A large area is wider than a small one, yet leaves it room.
void lay_out(std::vector<StripArea>& areas) {
  double all = 0;
  for (StripArea& area : areas) {
    area.from = all;
    all += std::sqrt(static_cast<double>(area.touched)) + 1;
    area.to = all;
  }
  for (StripArea& area : areas) {
    area.from /= all;
    area.to /= all;
  }
}

double across(const std::vector<StripArea>& areas, std::uint64_t page) {
  const auto after = std::upper_bound(
      areas.begin(), areas.end(), page,
      [](std::uint64_t value, const StripArea& area) { return value < area.first; });
  const StripArea& area = *std::prev(after);
  const auto pages = static_cast<double>(area.last - area.first + 1);
  return area.from + (area.to - area.from) * (static_cast<double>(page - area.first) + 0.5) / pages;
}

Json points(const std::vector<const Fault*>& faults, const std::vector<StripArea>& areas,
            unsigned width, unsigned height) {
  const auto begin = static_cast<double>(faults.front()->time);
  const double length = static_cast<double>(faults.back()->time) - begin + 1;
  std::map<std::tuple<unsigned, unsigned, Payer>, std::uint64_t> cells;
  for (const Fault* fault : faults) {
    const double x = across(areas, fault->address / kPage) * width;
    const double y = (static_cast<double>(fault->time) - begin) / length * height;
    ++cells[{static_cast<unsigned>(x), static_cast<unsigned>(y), fault->payer}];
  }
  Json json = Json::array();
  for (const auto& [cell, count] : cells) {
    const auto& [x, y, payer] = cell;
    for (const std::uint64_t value :
         {std::uint64_t{x}, std::uint64_t{y}, static_cast<std::uint64_t>(payer), count}) {
      json.push_back(value);
    }
  }
  return json;
}

}  // namespace

Json address_strip(const FaultList& list, std::size_t share) {
  const auto faults = of_busiest_process(list);
  if (faults.empty()) return nullptr;
  auto areas = areas_of(faults);
  lay_out(areas);
  const bool few = faults.size() <= kPoints / std::max<std::size_t>(share, 1);
  const unsigned width = few ? kFineWidth : kWidth, height = few ? kFineHeight : kHeight;
  Json json = {
      {"pid", faults.front()->pid}, {"faults", faults.size()}, {"each", few}, {"width", width},
      {"height", height},           {"areas", Json::array()}};
  for (const StripArea& area : areas) {
    json["areas"].push_back({{"region", to_string(area.region)},
                             {"start", fmt::format("{:#x}", area.first * kPage)},
                             {"bytes", (area.last - area.first + 1) * kPage},
                             {"from", area.from},
                             {"to", area.to}});
  }
  json["points"] = points(faults, areas, width, height);
  return json;
}

}  // namespace tools::compare
