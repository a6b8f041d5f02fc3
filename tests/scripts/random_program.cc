// Random programs that make sense: what they map, they touch; what they allocate, they free.
#include "tests/scripts/random_program.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace tools::run {

std::string RandomProgram::map() {
  const std::string name = pick({"A", "B", "C", "D", "E"});
  const int pages = std::stoi(pick({"1", "4", "16", "40", "64"}));
  process().mappings[name] = pages;
  const std::string at = fmt::format("{:x}", 0x100000000000 + mapped_++ * 0x80000000);
  return fmt::format("{} = mmap {}p anon {} {} at @0x{} fixed", name, pages,
                     pick({"private", "private", "shared"}), pick({"rw", "rw", "rw", "r", "none"}),
                     at);
}

std::string RandomProgram::fork() {
  Process child = process();
  child.name = fmt::format("c{}", ++forked_);
  processes_.push_back(child);
  return "fork " + child.name;
}

std::string RandomProgram::allocate() {
  auto& blocks = process().blocks;
  const std::string name = pick({"p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7"});
  std::erase(blocks, name);
  std::string call =
      pick({"malloc 10", "malloc 24", "malloc 100", "malloc 500", "malloc 1000", "malloc 5000",
            "malloc 20000", "malloc 140000", "malloc 300000", "calloc 7 100", "calloc 40 3000",
            "memalign 32 1000", "memalign 4096 6000"});
  if (!blocks.empty() && below(4) == 0) {
    call = "realloc " + blocks.back() + pick({" 10", " 1000", " 5000", " 40000", " 200000"});
    blocks.pop_back();
  }
  blocks.push_back(name);
  return name + " = " + call;
}

std::string RandomProgram::release() {
  auto& blocks = process().blocks;
  if (blocks.empty()) return pick({"malloc_trim 0", "brk 4p"});
  const std::size_t at = static_cast<std::size_t>(below(static_cast<int>(blocks.size())));
  const std::string name = blocks[at];
  if (below(4) == 0) return pick({"write ", "read "}) + name;
  blocks.erase(blocks.begin() + static_cast<std::ptrdiff_t>(at));
  return "free " + name;
}

std::string RandomProgram::touch() {
  const auto& mappings = process().mappings;
  const auto chosen = std::next(mappings.begin(), below(static_cast<int>(mappings.size())));
  const auto& [name, pages] = *chosen;
  const int first = below(pages);
  const int last = std::min(pages - 1, first + below(9));
  const std::string page = fmt::format("{}[{}]", name, first);
  const std::string range = fmt::format("{}[{}..{}]", name, first, last);
  const std::string offset = fmt::format("+{} 8", below(4090));
  return pick({"read " + page, "write " + page, "read " + range, "write " + range,
               "read " + page + offset, "write " + page + offset, "update " + page,
               "fill " + page + " 6000", "copy " + page + " " + name + " 3000",
               "mprotect " + range + pick({" r", " rw", " none", " rw"}),
               "madvise " + range + pick({" DONTNEED", " WILLNEED", " RANDOM"}), "munmap " + range,
               "sys_read " + page + pick({" 100", " 5000"}), "mincore " + range,
               "write " + range + " reverse"});
}

std::string RandomProgram::line() {
  const int kind = below(20);
  if (process().mappings.empty() || kind == 0) return map();
  if (kind == 1 && processes_.size() < 3) return fork();
  if (kind < 7) return allocate();
  if (kind < 10) return release();
  return touch();
}

std::string RandomProgram::write(int lines) {
  std::string text;
  for (int i = 0; i < lines; ++i) {
    if (processes_.size() > 1 && below(25) == 0) {
      text += "exit " + processes_.back().name + "\n";
      processes_.pop_back();
    }
    runs_ = static_cast<std::size_t>(below(static_cast<int>(processes_.size())));
    const std::string prefix = runs_ == 0 ? "" : process().name + ": ";
    text += prefix + line() + "\n";
  }
  return text;
}

}  // namespace tools::run
