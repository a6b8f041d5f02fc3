// Random scripts that obey the grammar.
#pragma once

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace tools::script {

/// Writes scripts line by line, knowing which names, files and processes there are.
class RandomScript {
 public:
  explicit RandomScript(unsigned seed) : random_{seed} {}
  [[nodiscard]] std::string write(int lines);

 private:
  struct Process {
    std::string name;
    std::set<std::string> names;
  };
  [[nodiscard]] int below(int n) { return std::uniform_int_distribution{0, n - 1}(random_); }
  [[nodiscard]] bool maybe() { return below(2) == 0; }
  [[nodiscard]] std::string pick(const std::vector<std::string>& words) {
    return words[static_cast<std::size_t>(below(static_cast<int>(words.size())))];
  }
  [[nodiscard]] std::string number();
  [[nodiscard]] std::string signed_number();
  [[nodiscard]] std::string base();
  [[nodiscard]] std::string place();
  [[nodiscard]] std::string range(bool stride = true);
  [[nodiscard]] std::string protection();
  [[nodiscard]] std::string file();
  [[nodiscard]] std::string call();
  [[nodiscard]] std::string allocation();
  [[nodiscard]] std::string mapping();
  [[nodiscard]] std::string space();
  [[nodiscard]] std::string access();
  [[nodiscard]] std::string files();
  [[nodiscard]] std::string tasks();
  [[nodiscard]] std::string expectation();
  [[nodiscard]] std::string fresh_name();

  std::mt19937 random_;
  std::vector<Process> processes_{{"main", {}}};
  std::vector<std::string> files_;
  std::size_t runs_ = 0;  ///< the process of the line being written
  int made_ = 0;
};

}  // namespace tools::script
