// Starting a program and reading its two outputs, through files so that no pipe can fill up.
#include "tests/allocator/preload/run_program.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace preload_test {
namespace {

std::string contents_of(int file) {
  std::string text;
  std::array<char, 4096> buffer{};
  off_t at = 0;
  for (ssize_t got = 0; (got = pread(file, buffer.data(), buffer.size(), at)) > 0; at += got) {
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  close(file);
  return text;
}

std::vector<char*> pointers_to(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (std::string& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

Ending run_program(const std::vector<std::string>& command, const std::string& library,
                   Environment environment) {
  if (!library.empty()) environment.emplace("LD_PRELOAD", library);
  std::vector<std::string> words = command;
  std::vector<std::string> settings;
  for (const auto& [name, value] : environment) settings.emplace_back(name).append("=") += value;
  const std::vector<char*> arguments = pointers_to(words);
  const std::vector<char*> variables = pointers_to(settings);
  const int output = memfd_create("output", MFD_CLOEXEC);
  const int errors = memfd_create("errors", MFD_CLOEXEC);
  const pid_t child = fork();
  if (child == 0) {
    personality(ADDR_NO_RANDOMIZE);
    dup2(output, STDOUT_FILENO);
    dup2(errors, STDERR_FILENO);
    execve(arguments[0], arguments.data(), variables.data());
    _exit(127);
  }
  Ending ending;
  rusage usage{};
  if (child < 0 || wait4(child, &ending.status, 0, &usage) != child) {
    throw std::runtime_error{"cannot run " + command[0]};
  }
  ending.faults = usage.ru_minflt + usage.ru_majflt;
  ending.output = contents_of(output);
  ending.errors = contents_of(errors);
  return ending;
}

}  // namespace preload_test
