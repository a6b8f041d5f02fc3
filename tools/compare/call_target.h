// CallTargets: what the call before a return address calls.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

namespace tools::compare {

/// A function that ends in a jump to another leaves no trace on the stack: the caller's own call
/// says what it was. Direct calls are followed through the jumps of the procedure linkage table
/// and of functions that do nothing but jump on; calls through pointers are not.
class CallTargets {
 public:
  CallTargets();
  ~CallTargets();
  CallTargets(const CallTargets&) = delete;
  CallTargets& operator=(const CallTargets&) = delete;

  struct Target {
    std::string name;          ///< of a function in another file; empty: it is in this one
    std::uint64_t offset = 0;  ///< in this file, where it is
  };
  /// `offset`: in the file, inside the call (CodePlace::offset). None: no call that can be
  /// followed.
  [[nodiscard]] std::optional<Target> of(const std::string& file, std::uint64_t offset);

 private:
  class Object;
  std::unordered_map<std::string, std::unique_ptr<Object>> objects_;
};

}  // namespace tools::compare
