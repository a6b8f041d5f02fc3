// Random scripts that obey the grammar.
#include "tests/tools/script/random_script.h"

#include <fmt/format.h>

namespace tools::script {

std::string RandomScript::number() {
  const std::string suffix = pick({"", "", "K", "M", "G", "T", "p"});
  return maybe() ? fmt::format("{}{}", below(5000), suffix)
                 : fmt::format("0x{:x}{}", below(5000), suffix);
}

std::string RandomScript::signed_number() { return pick({"", "-", "+"}) + number(); }

std::string RandomScript::base() {
  const auto& names = processes_[runs_].names;
  if (names.empty() || below(4) == 0) return pick({"heap", "stack", "text", "@0x10000", "@4096"});
  return pick({names.begin(), names.end()});
}

std::string RandomScript::place() {
  std::string text = base();
  if (maybe()) text += fmt::format("[{}]", below(40) - 10);
  if (maybe()) text += fmt::format("{}{}", pick({"+", "-"}), below(9000));
  return text;
}

std::string RandomScript::range(bool stride) {
  const auto& names = processes_[runs_].names;
  if (!names.empty() && below(3) == 0) {
    return pick({names.begin(), names.end()}) + pick({"[..]", "[ .. ]"});
  }
  const int first = below(30) - 10;
  const std::string by = stride && maybe() ? fmt::format(" by {}", below(9) + 1) : "";
  return fmt::format("{}[{}..{}{}]", base(), first, first + below(50), by);
}

std::string RandomScript::protection() {
  return pick({"none", "r", "w", "x", "rw", "rx", "wr", "rwx", "xwr"});
}

std::string RandomScript::file() { return pick(files_); }

std::string RandomScript::fresh_name() {
  std::string name = pick({"a", "b", "c1", "D", "_e", "anon", "by", "read", "malloc"});
  processes_[runs_].names.insert(name);
  return name;
}

std::string RandomScript::allocation() {
  std::string text =
      pick({"malloc " + number(), "calloc " + number() + " " + number(), "memalign 64 " + number(),
            "aligned_alloc 4096 " + number(), "posix_memalign 32 " + number(), "valloc " + number(),
            "pvalloc " + number()});
  if (!processes_[runs_].names.empty() && below(4) == 0) {
    const std::string old = pick({processes_[runs_].names.begin(), processes_[runs_].names.end()});
    processes_[runs_].names.erase(old);
    if (maybe()) return "free " + old;
    text = "realloc " + old + " " + number();
  }
  return below(5) == 0 ? text : fresh_name() + " = " + text;
}

std::string RandomScript::mapping() {
  const bool from_file = !files_.empty() && maybe();
  std::string text = fmt::format("mmap {} {} {} {}", number(), from_file ? file() : "anon",
                                 pick({"private", "shared"}), protection());
  for (const char* option : {"populate", "noreserve", "locked", "growsdown", "nonblock"}) {
    if (below(4) == 0) text += fmt::format(" {}", option);
  }
  if (from_file && maybe()) text += fmt::format(" from {}", below(20));
  if (maybe()) text += " at " + place() + (maybe() ? " fixed" : "");
  return fresh_name() + " = " + text;
}

std::string RandomScript::space() {
  switch (below(9)) {
    case 0:
      return "munmap " + range();
    case 1:
      return "mprotect " + range() + " " + protection();
    case 2: {
      const std::string text = "mremap " + range(false) + " " + number() +
                               pick({"", " maymove", " maymove dontunmap", " at @0x5000"});
      return fresh_name() + " = " + text;
    }
    case 3:
      return "madvise " + range() + " " + pick({"DONTNEED", "FREE", "GUARD_INSTALL"});
    case 4:
      return "mlock " + range() + pick({"", " onfault"});
    case 5:
      return pick({"munlock ", "msync ", "mincore ", "swapout "}) + range();
    case 6:
      return "brk " + signed_number();
    case 7:
      return "malloc_trim " + number();
    default:
      return "mallopt " + pick({"M_MXFAST", "M_MMAP_THRESHOLD", "-77"}) + " " + signed_number();
  }
}

std::string RandomScript::access() {
  switch (below(8)) {
    case 0:
      return pick({"read ", "write "}) + place() + pick({"", " 8", " 16", " 0x1"});
    case 1:
      return pick({"read ", "write "}) + range() + pick({"", " reverse"});
    case 2:
      return pick({"update ", "cas_fail ", "exec ", "prefetch ", "vfork_write "}) + place();
    case 3:
      return "copy " + place() + " " + place() + " " + number();
    case 4:
      return "fill " + place() + " " + number();
    case 5:
      return "sys_read " + place() + " " + number() +
             (files_.empty() || maybe() ? pick({"", " from zero"}) : " from " + file());
    case 6:
      return "sys_write " + place() + " " + number() +
             (files_.empty() || maybe() ? pick({"", " to null", " to pipe"}) : " to " + file());
    default:
      return pick({"vm_read ", "vm_write ", "mem_write "}) + processes_[runs_].name + " " +
             place() + " " + number();
  }
}

std::string RandomScript::files() {
  if (files_.empty() || below(4) == 0) {
    const std::string name = fmt::format("F{}", files_.size());
    files_.push_back(name);
    return "file " + name + " " + number() + pick({"", " sparse", " bulk", " on tmpfs sparse"});
  }
  switch (below(6)) {
    case 0:
      return pick({"cache ", "evict "}) + file() + pick({"", "[2..5]", "[0..0]"});
    case 1:
      return "truncate " + file() + " " + number();
    case 2:
      return "punch " + file() + "[2..5]";
    case 3:
      return pick({"fsync " + file(), "sync"});
    case 4:
      return "rewrite " + file() + " 3";
    default:
      return pick({"sysctl page_cluster 3", "sysctl thp_64k madvise"});
  }
}

std::string RandomScript::tasks() {
  const bool is_thread = below(3) == 0;
  const std::string name = fmt::format("t{}", ++made_);
  if (is_thread) return "thread " + name;  // runs no line: its names would have to be shared
  processes_.push_back({name, processes_[runs_].names});
  return "fork " + name;
}

std::string RandomScript::expectation() {
  switch (below(3)) {
    case 0:
      return "expect minor " + number() +
             pick({"", " major 0", " rss_anon -4K", " signal SIGSEGV ACCERR", " error EFAULT"});
    case 1:
      return "expect fault " + place() + pick({" write minor first_write", " read signal invalid"});
    default:
      return "expect pages " + place() + pick({" -", " - zero anon", " anon_shared file"});
  }
}

std::string RandomScript::call() {
  switch (below(7)) {
    case 0:
    case 1:
      return allocation();
    case 2:
      return mapping();
    case 3:
      return space();
    case 4:
      return files();
    case 5:
      return below(4) == 0 ? tasks() : access();
    default:
      return access();
  }
}

std::string RandomScript::write(int lines) {
  std::string text;
  for (int i = 0; i < lines; ++i) {
    if (i > 0 && below(8) == 0) {
      text += expectation() + pick({"", "  # note"}) + "\n";
      continue;
    }
    runs_ = static_cast<std::size_t>(below(static_cast<int>(processes_.size())));
    const std::string prefix =
        runs_ == 0 && maybe() ? "" : processes_[runs_].name + pick({": ", " :"});
    text += prefix + call() + pick({"", "   # why", " #"}) + pick({"\n", "\n\n", "\r\n"});
  }
  return text;
}

}  // namespace tools::script
