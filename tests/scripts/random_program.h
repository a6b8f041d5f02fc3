// Random programs that make sense: what they map, they touch; what they allocate, they free.
#pragma once

#include <map>
#include <random>
#include <string>
#include <vector>

namespace tools::run {

/// Writes a script of anonymous mappings, allocator calls and forks. The same seed, the same text.
class RandomProgram {
 public:
  explicit RandomProgram(unsigned seed) : random_{seed} {}
  [[nodiscard]] std::string write(int lines);

 private:
  struct Process {
    std::string name;
    std::map<std::string, int> mappings;  ///< pages
    std::vector<std::string> blocks;
  };

  [[nodiscard]] int below(int n) { return std::uniform_int_distribution{0, n - 1}(random_); }
  [[nodiscard]] std::string pick(const std::vector<std::string>& words) {
    return words[static_cast<std::size_t>(below(static_cast<int>(words.size())))];
  }
  [[nodiscard]] std::string line();
  [[nodiscard]] std::string map();
  [[nodiscard]] std::string fork();
  [[nodiscard]] std::string allocate();
  [[nodiscard]] std::string release();
  [[nodiscard]] std::string touch();
  [[nodiscard]] Process& process() { return processes_[runs_]; }

  std::mt19937 random_;
  std::vector<Process> processes_{{"main", {}, {}}};
  std::size_t runs_ = 0;
  int mapped_ = 0;
  int forked_ = 0;
};

}  // namespace tools::run
