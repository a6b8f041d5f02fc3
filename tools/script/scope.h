// What names, files and processes a script has at one of its lines, and which of them have ended.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/script/op.h"

namespace tools::script {

/// Follows a script line by line. Every check answers with the end of a sentence that says what is
/// wrong, or nothing; the parser knows the place.
class Scope {
 public:
  explicit Scope(Program& program);

  // Names of memory. A process has its own; a fork copies them; threads share their process's.
  void bind(std::uint16_t task, std::string_view name, std::uint32_t line);
  /// After this the name may not be used: "freed", "moved by realloc".
  void end(std::uint16_t task, std::uint32_t name, std::string_view how, std::uint32_t line);
  [[nodiscard]] std::optional<std::string> why_unusable(std::uint16_t task,
                                                        std::string_view name) const;
  [[nodiscard]] bool was_bound(std::uint16_t task, std::string_view name) const;
  [[nodiscard]] std::uint32_t name_index(std::string_view name);

  // Processes and threads.
  [[nodiscard]] std::optional<std::uint16_t> find_task(std::string_view name) const;
  [[nodiscard]] std::optional<std::string> why_dead(std::uint16_t task) const;
  /// The caller has made sure that no task has this name.
  std::uint16_t start(std::uint16_t parent, std::string_view name, bool is_thread,
                      std::uint32_t line);
  /// Ends a task; of a process also all its threads.
  void finish(std::uint16_t task, std::uint32_t line);

  // Files.
  [[nodiscard]] std::optional<std::uint32_t> find_file(std::string_view name) const;
  std::uint32_t add_file(std::string_view name);
  [[nodiscard]] std::uint32_t setting_index(std::string_view name);

 private:
  struct Life {
    std::string ended;  ///< empty: usable
    std::uint32_t line = 0;
  };
  using Names = std::map<std::uint32_t, Life>;
  struct TaskState {
    std::size_t space = 0;  ///< index into spaces_
    std::uint32_t started = 0;
    std::uint32_t ended = 0;  ///< line; 0: alive
  };

  [[nodiscard]] std::optional<std::uint32_t> find_name(std::string_view name) const;
  [[nodiscard]] Names& names_of(std::uint16_t task) { return spaces_[tasks_[task].space]; }
  [[nodiscard]] const Names& names_of(std::uint16_t task) const {
    return spaces_[tasks_[task].space];
  }

  Program* program_;
  std::map<std::string, std::uint32_t, std::less<>> name_indexes_;
  std::vector<TaskState> tasks_;
  std::vector<Names> spaces_;
};

}  // namespace tools::script
