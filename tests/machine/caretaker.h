// Caretaker: puts a machine back as it was when a test that changed it is over.
#pragma once

#include <sys/types.h>

#include <string>

#include "tools/run/owned_fd.h"

namespace machine {

/// A process that waits until the test lets go of it, by its destructor or by being killed, and
/// then does its chores, the last one first. To be made before the test has threads.
class Caretaker {
 public:
  Caretaker();
  Caretaker(const Caretaker&) = delete;
  Caretaker& operator=(const Caretaker&) = delete;
  /// Returns when all is done.
  ~Caretaker();

  void write_later(const std::string& path, const std::string& text) { add('w', path, text); }
  void swapoff_later(const std::string& path) { add('s', path); }
  void unlink_later(const std::string& path) { add('u', path); }
  void rmdir_later(const std::string& path) { add('r', path); }

 private:
  void add(char kind, const std::string& path, const std::string& text = {});

  tools::run::OwnedFd chores_;
  pid_t pid_ = -1;
};

/// One test at a time changes the machine: waits for its turn. Held until the caretakers that were
/// made after it are done too.
class MachineLock {
 public:
  MachineLock();
  MachineLock(const MachineLock&) = delete;
  MachineLock& operator=(const MachineLock&) = delete;
  ~MachineLock();

 private:
  tools::run::OwnedFd lock_;
};

}  // namespace machine
