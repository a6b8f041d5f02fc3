// Subject: a child program under some malloc, and what it says of its own heap.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tools::inspect {

class Subject {
 public:
  /// Runs child.c with these arguments, under `library` if there is one, until it waits.
  Subject(const std::string& library, const std::vector<std::string>& arguments);
  ~Subject();
  Subject(const Subject&) = delete;
  Subject& operator=(const Subject&) = delete;

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  [[nodiscard]] std::string number() const { return std::to_string(pid_); }
  /// Lets it go on to its end; its exit status, which is 0 if it lived on unharmed.
  int finish();

  std::map<std::uint64_t, std::uint64_t> blocks;  ///< user address, usable bytes
  std::uint64_t hblks = 0, hblkhd = 0, fordblks = 0, keepcost = 0;
  pid_t child = 0;                         ///< that it forked
  std::optional<std::uint64_t> corrupted;  ///< the chunk whose size was overwritten

 private:
  void read();
  void take(const std::string& line);

  pid_t pid_ = -1;
  std::FILE* out_ = nullptr;
  int in_ = -1;
};

}  // namespace tools::inspect
