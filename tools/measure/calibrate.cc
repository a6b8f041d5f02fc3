// Rounds of trials, and their medians.
#include "tools/measure/calibrate.h"

#include <algorithm>

namespace tools::measure {

using pagesim::Costs;
using pagesim::FaultKind;
using pagesim::Figure;

namespace {
constexpr std::size_t kSlow = 4;
}

Calibration::Calibration(const std::string& folder)
    : file_{folder},
      kinds_{{first_touch},
             {zero_read},
             {zero_upgrade},
             {cow_copy},
             {cow_reuse},
             {stack_growth},
             {[this] { return file_.fault_around(); }},
             {[this] { return file_.file_cow(); }},
             {shared_write},
             {[this] { return file_.mkwrite(); }, kSlow},
             {shmem_new},
             {huge},
             {huge_zero_read},
             {[this] { return file_.major(); }, kSlow}},
      recycled_{recycled},
      populate_{populate} {}

void Calibration::round() {
  const auto run = [this](Series& series) {
    if (rounds_ % series.every != 0) return;
    ++series.asked;
    if (const auto times = in_fresh_process(series.trial)) series.seen.push_back(*times);
  };
  std::for_each(kinds_.begin(), kinds_.end(), run);
  run(populate_);
  run(recycled_);
  ++rounds_;
}

std::optional<Figure> Calibration::figure(const Series& series, std::size_t part) {
  if (series.seen.empty() || series.seen.size() * 2 < series.asked) return std::nullopt;
  std::vector<double> sorted;
  for (const TrialTimes& times : series.seen) sorted.push_back(times.at(part));
  std::sort(sorted.begin(), sorted.end());
  const std::size_t n = sorted.size();
  return Figure{sorted[n / 2], (sorted[3 * n / 4] - sorted[n / 4]) / 2};
}

Costs Calibration::costs() const {
  Costs costs;
  for (std::size_t i = 0; i < kinds_.size(); ++i) costs.kinds[i] = figure(kinds_[i], 0);
  for (std::size_t i = 0; i < costs.recycled.size(); ++i) {
    if (const auto touch = figure(recycled_, i)) costs.recycled.at(i) = {kRecycledPages[i], *touch};
  }
  add_parts(costs);
  return costs;
}

/// A read of a fresh page is an exception and what populating the page takes; populating pages that
/// are there is looking for them, which populating an absent page does once more.
void Calibration::add_parts(Costs& costs) const {
  costs.wait = figure(kinds_.back(), 1);
  costs.lookup = figure(populate_, 1);
  const auto populated = figure(populate_, 0);
  const auto& read = costs.of(FaultKind::ZeroRead);
  if (!populated || !costs.lookup || !read) return;
  const double without = populated->ns - costs.lookup->ns;
  costs.exception = {std::max(read->ns - without, 0.0), read->spread + populated->spread};
}

Costs calibrate(const std::string& folder) {
  Calibration calibration{folder};
  for (int i = 0; i < kCalibrationRounds; ++i) calibration.round();
  return calibration.costs();
}

}  // namespace tools::measure
