// The caretaker does its chores whether the test ends by itself or is killed.
#include "tests/machine/caretaker.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "tools/measure/rights.h"

namespace machine {
namespace {

std::string scratch_directory() {
  std::string path = testing::TempDir() + "/caretaker-XXXXXX";
  return mkdtemp(path.data()) == nullptr ? std::string{} : path;
}

bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

/// A file and its directory are to go, the file first; what it held is told to another.
void give_chores(Caretaker& caretaker, const std::string& directory) {
  const std::string file = directory + "/file";
  std::ofstream{file} << "changed";
  caretaker.rmdir_later(directory);
  caretaker.unlink_later(file);
}

TEST(CaretakerTest, DoesItsChoresInReverseOrderWhenTheTestIsDone) {
  const std::string directory = scratch_directory();
  {
    Caretaker caretaker;
    give_chores(caretaker, directory);
    EXPECT_TRUE(exists(directory + "/file"));
  }
  EXPECT_FALSE(exists(directory));
}

TEST(CaretakerTest, PutsAFilesTextBack) {
  const std::string directory = scratch_directory();
  const std::string file = directory + "/setting";
  std::ofstream{file} << "6";
  {
    Caretaker caretaker;
    caretaker.write_later(file, "3");
  }
  EXPECT_EQ(tools::measure::read_file(file), "3");
  unlink(file.c_str());
  rmdir(directory.c_str());
}

TEST(CaretakerTest, DoesItsChoresWhenTheTestIsKilled) {
  const std::string directory = scratch_directory();
  const pid_t pid = fork();
  if (pid == 0) {
    Caretaker caretaker;
    give_chores(caretaker, directory);
    raise(SIGKILL);
  }
  waitpid(pid, nullptr, 0);
  for (int i = 0; i < 500 && exists(directory); ++i) usleep(10'000);
  EXPECT_FALSE(exists(directory));
}

}  // namespace
}  // namespace machine
