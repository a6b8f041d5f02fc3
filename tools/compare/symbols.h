// Symbols: names and lines of code, from DWARF, and from symbol tables where there is none.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace tools::compare {

/// Empty or 0: not known.
struct Symbol {
  std::string function;  ///< demangled, without its arguments
  std::string source;
  int line = 0;
};

/// Debugging information is found as debuggers find it: in the file, beside it, under
/// /usr/lib/debug by build id.
class Symbols {
 public:
  Symbols();
  ~Symbols();
  Symbols(const Symbols&) = delete;
  Symbols& operator=(const Symbols&) = delete;

  /// Of an instruction, by its offset in its file.
  [[nodiscard]] Symbol at(const std::string& file, std::uint64_t offset);
  /// The functions an instruction belongs to by DWARF: what was inlined first, what it was inlined
  /// into after it. Demangled, with template arguments and without others.
  [[nodiscard]] std::vector<std::string> functions_at(const std::string& file,
                                                      std::uint64_t offset);

 private:
  class Object;
  [[nodiscard]] Object* object(const std::string& file);

  std::unordered_map<std::string, std::unique_ptr<Object>> objects_;
};

}  // namespace tools::compare
