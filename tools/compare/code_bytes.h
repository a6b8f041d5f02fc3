// CodeBytes: instructions of the files a program ran, each decoded once.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "tools/compare/fault.h"
#include "tools/compare/instruction.h"

namespace tools::compare {

class CodeBytes {
 public:
  ~CodeBytes();
  CodeBytes() = default;
  CodeBytes(const CodeBytes&) = delete;
  CodeBytes& operator=(const CodeBytes&) = delete;

  /// `file`: its name. Null: the code is in no file that can be read, or is no instruction.
  [[nodiscard]] const Instruction* at(const std::string& file, std::uint64_t offset);

 private:
  [[nodiscard]] std::span<const std::uint8_t> contents(const std::string& file);

  std::unordered_map<std::string, std::span<const std::uint8_t>> files_;
  std::map<std::pair<const void*, std::uint64_t>, std::optional<Instruction>> decoded_;
};

}  // namespace tools::compare
