// The words scripts have for signals and their codes.
#include <fmt/format.h>

#include <csignal>

#include "tools/run/compare_runs.h"

namespace tools::run {

std::string signal_word(int number) {
  switch (number) {
    case SIGSEGV:
      return "SIGSEGV";
    case SIGBUS:
      return "SIGBUS";
    case SIGABRT:
      return "SIGABRT";
    case SIGKILL:
      return "SIGKILL";
    default:
      return fmt::format("signal {}", number);
  }
}

std::string signal_code_word(int number, int code) {
  if (code == SI_KERNEL) return "KERNEL";
  if (number == SIGSEGV && code == SEGV_MAPERR) return "MAPERR";
  if (number == SIGSEGV && code == SEGV_ACCERR) return "ACCERR";
  if (number == SIGSEGV && code == SEGV_PKUERR) return "PKUERR";
  if (number == SIGBUS && code == BUS_ADRERR) return "ADRERR";
  return fmt::format("code {}", code);
}

}  // namespace tools::run
