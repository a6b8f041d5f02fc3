// NameTable: which symbol of a file an address lies in.
#pragma once

#include <elfutils/libdwfl.h>
#include <gelf.h>

#include <cstddef>
#include <vector>

namespace tools::compare {

/// The symbols of a file by address. (libdwfl goes through all of them for each address.)
class NameTable {
 public:
  /// Names are the module's own.
  explicit NameTable(Dwfl_Module* module);

  /// The innermost of those that contain `address`; of several that begin together the plainest,
  /// exported before local. Null: none.
  [[nodiscard]] const char* at(GElf_Addr address) const;

 private:
  struct Name {
    GElf_Addr start = 0, end = 0;
    GElf_Addr reach = 0;  ///< the furthest end up to here
    bool local = false;
    const char* text = nullptr;
  };

  [[nodiscard]] static bool is_better(const Name& a, const Name& b);
  void add(Dwfl_Module* module, int index);
  [[nodiscard]] GElf_Addr next_start(std::size_t of) const;

  std::vector<Name> names_;  ///< by start; the one to prefer last
};

}  // namespace tools::compare
