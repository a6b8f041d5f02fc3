// Where a verb's results go: --format and -o.
#pragma once

#include <string>
#include <utility>

namespace CLI {
class App;
}

namespace tools::verbs {

/// Results are written whole or not at all: to standard output, or to a file that replaces an older
/// one of its name only once it is complete.
struct Output {
  std::string format = "table";
  std::string path;  ///< empty or "-": standard output

  /// Adds --format (one of `formats`, separated by '|') and -o to a verb.
  void add_to(CLI::App& verb, const std::string& formats);
  [[nodiscard]] bool is_standard() const { return path.empty() || path == "-"; }
  /// Throws Refusal (status 2) naming the file where it cannot be written.
  void write(const std::string& text) const;
};

/// Results that are written piece by piece: at once to standard output, to a file when all are
/// there.
class OutputStream {
 public:
  explicit OutputStream(Output output) : output_{std::move(output)} {}

  void write(const std::string& piece);
  /// Throws as Output::write does.
  void finish() const;

 private:
  Output output_;
  std::string held_;
};

}  // namespace tools::verbs
