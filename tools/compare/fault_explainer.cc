// Faults and changes into the simulated machine; and what debugging information knows.
#include <type_traits>
#include <utility>
#include <vector>

#include "tools/compare/chain_origin.h"
#include "tools/compare/fault_player.h"
#include "tools/compare/simulated_tree.h"
#include "tools/compare/writer_code.h"

namespace tools::compare {
namespace {

class Explainer {
 public:
  Explainer(FaultList& list, const AllocatorCode& code, CodeFiles& files)
      : list_{list},
        origins_{code, files.call_targets, list},
        symbols_{files.symbols},
        system_calls_{files.system_calls},
        writers_(list.calls.size()),
        calls_(list.calls.size()) {}

  void run() {
    const std::vector<Change> changes = std::exchange(list_.changes, {});
    auto change = changes.begin();
    for (std::size_t i = 0; i < list_.faults.size(); ++i) {
      for (; change != changes.end() && change->faults_before <= i; ++change) play(*change);
      explain(list_.faults[i]);
    }
    for (; change != changes.end(); ++change) play(*change);
    list_.forks = tree_.forks();
    list_.populated = tree_.populated();
  }

 private:
  void play(const Change& change) {
    const auto tell = [this](const auto& event) {
      if constexpr (!std::is_same_v<std::decay_t<decltype(event)>, StreamFault>) tree_(event);
    };
    std::visit(tell, change.event.what);
  }

  void explain(Fault& fault) {
    if (fault.payer == Payer::Kernel) {
      fault.writer = allocator::Writer::Kernel;
      fault.system_call = system_call(fault.chain);
      return;
    }
    fault.writer = writer(fault.chain);
    const Explanation explanation = tree_.fault(fault);
    fault.cause = explanation.cause;
    fault.in_child = tree_.is_fork(fault.pid);
    if (!explanation.expected) ++list_.unexpected;
  }

  std::optional<int> system_call(CallTree::Chain chain) {
    auto& known = calls_[chain];
    if (!known) {
      std::vector<std::uint64_t> addresses;
      for (const CodePlace& place : list_.calls.frames(chain)) addresses.push_back(place.offset);
      known = system_calls_.of(addresses);
    }
    return *known;
  }

  std::optional<allocator::Writer> writer(CallTree::Chain chain) {
    auto& known = writers_[chain];
    if (!known) {
      const ChainOrigin& origin = origins_.of(chain);
      known = origin.code ? writer_of_code(symbols_.functions_at(list_.files[origin.code->file],
                                                                 origin.code->offset))
                          : origin.writer;
    }
    return *known;
  }

  FaultList& list_;
  ChainOrigins origins_;
  Symbols& symbols_;
  SystemCalls& system_calls_;
  SimulatedTree tree_;
  std::vector<std::optional<std::optional<allocator::Writer>>> writers_;  ///< by chain
  std::vector<std::optional<std::optional<int>>> calls_;                  ///< by chain
};

}  // namespace

void explain(FaultList& list, const AllocatorCode& code, CodeFiles& files) {
  Explainer{list, code, files}.run();
}

}  // namespace tools::compare
