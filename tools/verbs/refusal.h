// How a verb gives up: one sentence for the user, and the exit status.
#pragma once

#include <stdexcept>
#include <string>

namespace tools::verbs {

/// Exit statuses of every verb (design: the command line).
inline constexpr int kEqual = 0;       ///< done, and equal
inline constexpr int kDifferent = 1;   ///< done, and different or over budget
inline constexpr int kWrongInput = 2;  ///< wrong usage or unreadable input
inline constexpr int kUnable = 3;      ///< this machine cannot do it

class Refusal : public std::runtime_error {
 public:
  Refusal(int status, const std::string& sentence)
      : std::runtime_error{sentence}, status_{status} {}
  [[nodiscard]] int status() const noexcept { return status_; }

 private:
  int status_;
};

}  // namespace tools::verbs
