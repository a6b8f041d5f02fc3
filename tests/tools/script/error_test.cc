// What is said of a script that is wrong, and where.
#include "tools/script/error.h"

#include <gtest/gtest.h>

#include <string>

#include "tools/script/parser.h"

namespace tools::script {
namespace {

struct Wrong {
  const char* name;
  const char* text;
  const char* message;
};

std::string message_of(const char* text) {
  try {
    (void)parse(text, "first.fl");
  } catch (const ScriptError& error) {
    return error.what();
  }
  return "accepted";
}

class ScriptErrorTest : public testing::TestWithParam<Wrong> {};

TEST_P(ScriptErrorTest, NamesTheLineTheColumnAndTheRemedy) {
  EXPECT_EQ(message_of(GetParam().text), GetParam().message);
}

const Wrong kWrong[] = {
    {"SizeIsAWord", "p = malloc abc\n",
     "first.fl:1:12: expected a number of bytes for \"malloc\", found \"abc\""},
    {"SizeIsMissing", "\np = malloc\n",
     "first.fl:2:11: expected a number of bytes for \"malloc\", found the end of the line"},
    {"SizeIsNegative", "p = malloc -1\n",
     "first.fl:1:12: expected a number of bytes for \"malloc\" that is not negative, found \"-\""},
    {"SizeIsTooLarge", "p = malloc 0x8000000000000000\n",
     "first.fl:1:12: \"0x8000000000000000\" is too large: expected at most 9223372036854775807"},
    {"SizeOverflowsBySuffix", "p = malloc 9000000T\n",
     "first.fl:1:12: \"9000000T\" is too large: expected at most 9223372036854775807"},
    {"SuffixIsUnknown", "p = malloc 12Q\n",
     "first.fl:1:12: \"12Q\" is no number: after the digits expected K, M, G, T, p or nothing"},
    {"VerbIsMisspelt", "p = mallocc 1\n",
     "first.fl:1:5: unknown verb \"mallocc\"; did you mean \"malloc\"?"},
    {"VerbIsUnknown", "frobnicate 1\n", "first.fl:1:1: unknown verb \"frobnicate\""},
    {"NameIsNeverAssigned", "write p\n",
     "first.fl:1:7: the name \"p\" has not been assigned in main"},
    {"NameOfTheChildOnly", "fork c\nc: p = malloc 1\nwrite p\n",
     "first.fl:3:7: the name \"p\" has not been assigned in main"},
    {"NameIsFreed", "p = malloc 1\nfree p\nwrite p\n",
     "first.fl:3:7: the name \"p\" was freed in line 2"},
    {"NameIsFreedTwice", "p = malloc 1\nfree p\nfree p\n",
     "first.fl:3:6: the name \"p\" was freed in line 2"},
    {"NameIsMovedByRealloc", "p = malloc 1\nq = realloc p 2\nread p\n",
     "first.fl:3:6: the name \"p\" was ended by realloc in line 2"},
    {"NameIsReserved", "heap = malloc 1\n",
     "first.fl:1:1: \"heap\" stands for a part of the process and cannot be assigned"},
    {"ProcessIsUnknown", "c: read @0\n",
     "first.fl:1:1: no process or thread \"c\": make it with \"fork c\" first"},
    {"ProcessHasEnded", "fork c\nexit c\nc: read @0\n", "first.fl:3:1: \"c\" ended in line 2"},
    {"ProcessExistsAlready", "fork c\nfork c\n",
     "first.fl:2:6: \"c\" was already started: choose another name"},
    {"ThreadEndsWithItsProcess", "fork c\nc: thread t\nexit c\nt: read @0\n",
     "first.fl:4:1: \"t\" ended in line 3"},
    {"ExitOfAThread", "thread t\nexit t\n", "first.fl:2:6: \"t\" is a thread: write \"join t\""},
    {"ExitOfMain", "fork c\nc: exit main\n", "first.fl:2:9: main ends with the script"},
    {"RangeWithAnOffset", "A = mmap 8p anon private rw\nread A[2..5]+100\n",
     "first.fl:2:13: expected nothing after the range: it is made of pages, found \"+\""},
    {"RangeEndsBeforeItBegins", "A = mmap 8p anon private rw\nread A[5..2]\n",
     "first.fl:2:8: the range ends at page 2 before it begins at page 5"},
    {"RangeForAPlace", "A = mmap 8p anon private rw\nupdate A[2..5]\n",
     "first.fl:2:8: expected a place, one byte such as A[3]+17, found a range"},
    {"PageForARange", "A = mmap 8p anon private rw\nmunmap A[3]\n",
     "first.fl:2:8: expected a range such as [3..3], found one page"},
    {"WholeOfTheHeap", "read heap[..]\n",
     "first.fl:1:6: only a name knows how long it is: write the first and the last page, as in "
     "[0..7]"},
    {"ProtectionIsBad", "A = mmap 8p anon private rq\n",
     "first.fl:1:26: expected a protection, none or r, w, x together, found \"rq\""},
    {"AccessSizeIsOdd", "read @0 3\n",
     "first.fl:1:9: one access has 1, 2, 4, 8 or 16 bytes: use fill or copy for more"},
    {"TooManyArguments", "p = malloc 1 2\n",
     "first.fl:1:14: expected nothing more after \"malloc\" and its arguments, found \"2\""},
    {"ResultOfALoad", "p = read @0\n",
     "first.fl:1:1: \"read\" returns no address, so it cannot be assigned to \"p\""},
    {"OptionTwice", "A = mmap 8p anon private rw locked locked\n",
     "first.fl:1:36: \"locked\" is written twice"},
    {"FixedWithoutAPlace", "A = mmap 8p anon private rw fixed\n",
     "first.fl:1:29: \"fixed\" needs \"at PLACE\""},
    {"AnonymousFromAPage", "A = mmap 8p anon private rw from 3\n",
     "first.fl:1:29: only a file has pages to map \"from\""},
    {"MremapContradiction", "A = mmap 8p anon private rw\nA = mremap A 4p maymove at @0x1000\n",
     "first.fl:2:17: \"maymove\" and \"at\" exclude each other"},
    {"FileIsUnknown", "cache F\n",
     "first.fl:1:7: there is no file \"F\": make it with \"file F SIZE\" first"},
    {"FileExists", "file F 1p\nfile F 1p\n", "first.fl:2:6: there is already a file \"F\""},
    {"FileNameIsAWord", "file zero 1p\n",
     "first.fl:1:6: no file can be called \"zero\": the word has a meaning"},
    {"AdviceIsMisspelt", "A = mmap 8p anon private rw\nmadvise A DONTNED\n",
     "first.fl:2:11: madvise has no advice \"DONTNED\"; did you mean \"DONTNEED\"?"},
    {"SettingIsMisspelt", "sysctl page_clustre 3\n",
     "first.fl:1:8: unknown setting \"page_clustre\"; did you mean \"page_cluster\"?"},
    {"ExpectationWithoutAnOperation", "expect minor 1\n",
     "first.fl:1:1: \"expect\" has no operation before it"},
    {"ExpectationTwice", "sync\nexpect minor 1 minor 2\n",
     "first.fl:2:16: \"minor\" is written twice"},
    {"ExpectedCauseIsUnknown", "read @0\nexpect fault @0 read minor because\n",
     "first.fl:2:28: expected a cause such as first_write, found \"because\""},
    {"ControlByte", "p = malloc \x01\n",
     "first.fl:1:12: expected a number of bytes for \"malloc\", found the byte 0x01"},
};

INSTANTIATE_TEST_SUITE_P(, ScriptErrorTest, testing::ValuesIn(kWrong),
                         [](const auto& tested) { return tested.param.name; });

TEST(ScriptErrorRenderTest, CaretStandsUnderTheColumn) {
  try {
    (void)parse("p = malloc 8\n\twrite q\n", "a.fl");
    FAIL() << "accepted";
  } catch (const ScriptError& error) {
    EXPECT_EQ(error.rendered(),
              "a.fl:2:8: the name \"q\" has not been assigned in main\n"
              "  \twrite q\n"
              "  \t      ^");
  }
}

TEST(ReadScriptTest, MissingFileIsNamed) {
  try {
    (void)read_script("/nonexistent/x.fl");
    FAIL() << "read";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "cannot read /nonexistent/x.fl: No such file or directory");
  }
}

}  // namespace
}  // namespace tools::script
