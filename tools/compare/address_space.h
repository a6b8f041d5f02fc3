// AddressSpace: the areas of a process as perf told of them, and what each is for.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "tools/compare/fault_stream.h"

namespace tools::compare {

/// What a faulting address belongs to. Loader: whatever the dynamic loader itself touched.
enum class Region : std::uint8_t { BrkHeap, Anonymous, File, Stack, ThreadStack, Loader, Unknown };
inline constexpr std::size_t kRegions = 7;
[[nodiscard]] std::string_view to_string(Region region) noexcept;

struct Area {
  std::uint64_t end = 0;
  std::uint64_t offset = 0;                 ///< in the file, of the area's start
  std::uint32_t protection = 0;             ///< PROT_*
  std::shared_ptr<const std::string> file;  ///< as StreamMap::file
};

/// Copied at a fork.
class AddressSpace {
 public:
  void map(const StreamMap& map);
  void unmap(std::uint64_t start, std::uint64_t length);
  /// As mremap leaves it.
  void move(const StreamCall& mremap);

  struct Found {
    std::uint64_t start = 0;
    const Area* area = nullptr;  ///< null: nothing is known there
  };
  [[nodiscard]] Found find(std::uint64_t address) const;
  [[nodiscard]] Region region(const StreamFault& fault) const;
  /// Whether code is mapped at `address`, and of which file; empty: none.
  [[nodiscard]] const std::string& code_file(std::uint64_t address) const;
  /// Another number whenever code was mapped, or something else where code was.
  [[nodiscard]] std::uint64_t code_version() const noexcept { return code_version_; }

 private:
  void cut(std::uint64_t at);

  std::map<std::uint64_t, Area> areas_;  ///< by start
  std::uint64_t program_end_ = 0;        ///< of the first file mapped: the program itself
  std::uint64_t code_version_ = 0;
  std::string loader_;  ///< file of the second: its interpreter
};

}  // namespace tools::compare
