// Starting a child and listening to it.
#include "tests/tools/inspect/subject.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

namespace tools::inspect {

Subject::Subject(const std::string& library, const std::vector<std::string>& arguments) {
  int to_child[2], from_child[2];
  if (::pipe(to_child) != 0 || ::pipe(from_child) != 0) std::abort();
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(to_child[0], STDIN_FILENO);
    ::dup2(from_child[1], STDOUT_FILENO);
    for (const int fd : {to_child[0], to_child[1], from_child[0], from_child[1]}) ::close(fd);
    if (!library.empty()) ::setenv("LD_PRELOAD", library.c_str(), 1);
    std::vector<char*> argv{const_cast<char*>(INSPECT_CHILD)};
    for (const std::string& argument : arguments)
      argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    ::execv(INSPECT_CHILD, argv.data());
    ::_exit(127);
  }
  ::close(to_child[0]);
  ::close(from_child[1]);
  in_ = to_child[1];
  out_ = ::fdopen(from_child[0], "r");
  read();
}

Subject::~Subject() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  std::fclose(out_);
  ::close(in_);
}

int Subject::finish() {
  int status = -1;
  (void)!::write(in_, "q", 1);
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return status;
}

void Subject::read() {
  char line[256];
  while (std::fgets(line, sizeof line, out_) != nullptr) {
    if (std::string{line} == "ready\n") return;
    take(line);
  }
}

void Subject::take(const std::string& line) {
  unsigned long a = 0, b = 0;
  if (std::sscanf(line.c_str(), "block %lx %lu", &a, &b) == 2) blocks[a] = b;
  if (std::sscanf(line.c_str(), "corrupt %lx", &a) == 1) corrupted = a;
  std::sscanf(line.c_str(), "child %d", &child);
  std::sscanf(line.c_str(), "mallinfo2 %lu %lu %lu %lu", &hblks, &hblkhd, &fordblks, &keepcost);
}

}  // namespace tools::inspect
