// Random scripts: loads, stores and the kernel's copies.
#include <fmt/format.h>

#include "tests/scripts/random_script.h"

namespace tools::script {

std::string RandomScript::touch(const char* verb) {
  const std::string head = fmt::format("{} ", verb);
  if (reads_only()) {
    return head + (one_in(2) ? any_place() + pick({"", " 8", " 16", " 0x1"})
                             : any_range(true) + pick({"", " reverse"}));
  }
  if (one_in(20)) return head + odd_place();
  if (const std::string block = block_place(); !block.empty() && one_in(3)) return head + block;
  const bool whole_pages = one_in(2);
  const std::string at = whole_pages ? range() : place(true);
  if (at.empty()) return at;
  return head + at +
         (whole_pages ? pick({"", "", "", " reverse"}) : pick({"", "", " 2", " 8", " 16"}));
}

std::string RandomScript::at_place(const char* verb) {
  std::string at = one_in(12) ? odd_place() : block_place();
  if (at.empty() || one_in(2)) at = place(true);
  return at.empty() ? at : fmt::format("{} {}", verb, at);
}

/// Whole instructions: they begin where a page does.
std::string RandomScript::exec_line() {
  if (reads_only()) return at_place("exec");
  if (one_in(8)) return "exec " + pick({"text[0]", "@0", "stack[2]", "@0x8000000000000000"});
  const std::string name = mapping_name(true);
  if (name.empty()) return name;
  return fmt::format("exec {}[{}]", name, below(reach(space().mappings.at(name))));
}

std::string RandomScript::copy_line() {
  const std::string to = place();
  const std::string from = place();
  if (to.empty() || from.empty()) return {};
  return fmt::format("copy {} {} {}", to, from, bytes({"1", "100", "4096", "9000", "20000"}));
}

std::string RandomScript::fill_line() {
  const std::string at = place();
  if (at.empty()) return at;
  return fmt::format("fill {} {}", at, bytes({"1", "100", "4096", "6000", "20000", "200000"}));
}

std::string RandomScript::sys_read_line() {
  const std::string at = place();
  if (at.empty()) return at;
  const File* const from = file({Kind::Disk, Kind::Tmpfs});
  const std::string text =
      fmt::format("sys_read {} {}", at, bytes({"0", "1", "100", "5000", "12K", "70000"}));
  return from == nullptr || one_in(2) ? text + pick({"", " from zero"})
                                      : text + " from " + from->name;
}

std::string RandomScript::sys_write_line() {
  const std::string at = place();
  if (at.empty()) return at;
  const File* const to = file({Kind::Disk, Kind::Cold, Kind::Tmpfs});
  if (to != nullptr && one_in(2))
    return fmt::format("sys_write {} {} to {}", at,
                       bytes({"1", "100", to->kind == Kind::Cold ? "4000" : "4096"}), to->name);
  return fmt::format("sys_write {} {}{}", at, bytes({"0", "1", "100", "5000", "12K", "70000"}),
                     pick({"", " to null", " to pipe", " to pipe"}));
}

/// The device wants whole sectors.
std::string RandomScript::direct_read_line() {
  const File* const from = file({Kind::Disk});
  if (from == nullptr) return {};
  if (reads_only())
    return fmt::format("direct_read {} {} from {}", any_place(), number(), from->name);
  const std::string name = mapping_name(false);
  if (name.empty()) return name;
  return fmt::format("direct_read {}[{}] {} from {}", name, below(reach(space().mappings.at(name))),
                     pick({"512", "4096", "3p", "9p"}), from->name);
}

}  // namespace tools::script
