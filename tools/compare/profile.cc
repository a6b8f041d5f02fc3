// Naming the frames of every chain, and choosing the one that counts.
#include "tools/compare/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

namespace tools::compare {
namespace {

std::string file_name(const std::string& path) {
  return std::filesystem::path{path}.filename().string();
}

class Profiler {
 public:
  Profiler(const FaultList& list, const AllocatorCode& code, Symbols& symbols)
      : list_{list}, code_{code}, symbols_{symbols} {}

  Profile run() {
    std::vector<std::uint64_t> faults(list_.calls.size());
    for (const Fault& fault : list_.faults) {
      if (fault.payer == Payer::Kernel || fault.cause == pagesim::Cause::Invalid) continue;
      ++faults[fault.chain];
    }
    result_.chain_site.resize(faults.size());
    for (CallTree::Chain chain = 0; chain < faults.size(); ++chain) {
      if (faults[chain] != 0) add(chain, faults[chain]);
    }
    sort_sites();
    return std::move(result_);
  }

 private:
  void add(CallTree::Chain chain, std::uint64_t faults) {
    const auto places = list_.calls.frames(chain);
    std::vector<std::uint32_t> frames;
    frames.reserve(places.size());
    for (const CodePlace& place : places) frames.push_back(frame(place));
    const std::uint32_t site = site_of(chain, frames);
    result_.sites[site].faults += faults;
    result_.chain_site[chain] = site;
    std::reverse(frames.begin(), frames.end());
    result_.stacks.push_back({std::move(frames), site, faults});
  }

  std::uint32_t frame(const CodePlace& place) {
    const auto [found, fresh] =
        frames_.try_emplace(place, static_cast<std::uint32_t>(result_.frames.size()));
    if (fresh) {
      const std::string& file = list_.files[place.file];
      result_.frames.push_back({symbols_.at(file, place.offset), file, place.offset,
                                code_.contains(file, place.offset)});
    }
    return found->second;
  }

  /// The allocator, the C library, and the operators that do nothing but call malloc.
  [[nodiscard]] bool serves(const ProfileFrame& frame) const {
    return frame.allocator || frame.object == code_.c_library() ||
           frame.symbol.function.starts_with("operator new");
  }

  std::uint32_t site_of(CallTree::Chain chain, const std::vector<std::uint32_t>& frames) {
    const auto own = std::find_if(frames.begin(), frames.end(), [this](std::uint32_t index) {
      return !serves(result_.frames[index]);
    });
    Site site;
    if (own == frames.end()) {
      if (!frames.empty()) site.frame = result_.frames[frames.front()];
    } else {
      site.frame = result_.frames[*own];
      if (own != frames.begin()) site.via = service(result_.frames[*std::prev(own)]);
    }
    site.payer = list_.chain_payers[chain];
    return number_of(std::move(site));
  }

  static std::string service(const ProfileFrame& frame) {
    if (!frame.symbol.function.empty()) return frame.symbol.function;
    return frame.allocator ? "the allocator" : file_name(frame.object);
  }

  std::uint32_t number_of(Site site) {
    const auto key = std::tuple{site.frame.label(), site.via, site.payer};
    const auto [found, fresh] =
        sites_.try_emplace(key, static_cast<std::uint32_t>(result_.sites.size()));
    if (fresh) result_.sites.push_back(std::move(site));
    return found->second;
  }

  void sort_sites() {
    std::vector<std::uint32_t> order(result_.sites.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
      return result_.sites[a].faults > result_.sites[b].faults;
    });
    std::vector<Site> sorted;
    std::vector<std::uint32_t> number(order.size());
    for (const std::uint32_t old : order) {
      number[old] = static_cast<std::uint32_t>(sorted.size());
      sorted.push_back(std::move(result_.sites[old]));
    }
    result_.sites = std::move(sorted);
    for (Profile::Stack& stack : result_.stacks) stack.site = number[stack.site];
    for (std::uint32_t& site : result_.chain_site) site = number.empty() ? 0 : number[site];
  }

  const FaultList& list_;
  const AllocatorCode& code_;
  Symbols& symbols_;
  Profile result_;
  std::map<CodePlace, std::uint32_t> frames_;
  std::map<std::tuple<std::string, std::string, Payer>, std::uint32_t> sites_;
};

}  // namespace

std::string ProfileFrame::label() const {
  if (object.empty() || object == "//anon") return "[no file]";
  if (!object.starts_with('/')) return object;
  if (symbol.function.empty()) return fmt::format("[{}+{:#x}]", file_name(object), offset);
  if (symbol.line == 0) return fmt::format("{} [{}]", symbol.function, file_name(object));
  return fmt::format("{} ({}:{})", symbol.function, file_name(symbol.source), symbol.line);
}

std::string Site::label() const {
  return frame.label() + (payer == Payer::Malloc ? ", in malloc" : "");
}

Profile profile(const FaultList& list, const AllocatorCode& code, Symbols& symbols) {
  return Profiler{list, code, symbols}.run();
}

}  // namespace tools::compare
