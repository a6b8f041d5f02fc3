// Random scripts: mappings and files.
#include <fmt/format.h>

#include <algorithm>

#include "tests/scripts/random_script.h"

namespace tools::script {

std::string RandomScript::any_mmap() {
  const File* const from = one_in(2) ? file({}) : nullptr;
  std::string text =
      fmt::format("mmap {} {} {} {}", number(), from != nullptr ? from->name : "anon",
                  pick({"private", "shared"}), protection());
  const bool fixed = one_in(3);
  for (const WordValue& option : mmap_words())
    if (one_in(4) && option.word != "fixed" && (from == nullptr || option.word != "hugetlb"))
      text += fmt::format(" {}", option.word);
  if (from != nullptr && one_in(2)) text += fmt::format(" from {}", below(20));
  if (fixed || one_in(2)) text += " at " + any_place() + (fixed ? " fixed" : "");
  const std::string name = pick({"a", "b", "c1", "D", "_e", "anon", "by", "read", "malloc"});
  space().mappings[name] = {};
  space().blocks.erase(name);
  return name + " = " + text;
}

/// What a mapping of the kind may ask for. Populating a cold file would read ahead.
std::string RandomScript::mmap_options(Kind kind) {
  std::string text;
  if (kind != Kind::Cold && one_in(6)) text += " populate";
  if (locks_ && kind != Kind::Cold && one_in(6)) text += " locked";
  if (one_in(10)) text += " noreserve";
  if (one_in(12)) text += " nonblock";
  if (kind == Kind::Anonymous && one_in(10)) text += " growsdown";
  return text;
}

std::string RandomScript::mmap_line() {
  if (reads_only()) return any_mmap();
  const std::string name = pick({"A", "B", "C", "D", "E", "F", "G", "H"});
  Mapping mapping{std::stoi(pick({"1", "4", "8", "16", "40", "64", "300", "1100"})),
                  Kind::Anonymous, false};
  File* const from = one_in(3) ? file({Kind::Tmpfs, Kind::Disk, Kind::Cold}) : nullptr;
  const bool shared = one_in(from != nullptr ? 2 : 4);
  if (from != nullptr) {
    mapping.kind = from->kind;
    mapping.pages = 1 + below(from->pages + 3);
  } else if (shared) {
    mapping.kind = Kind::Shmem;
  }
  std::string text = fmt::format("{} = mmap {}p {} {} {}", name, mapping.pages,
                                 from != nullptr ? from->name : "anon",
                                 shared ? "shared" : "private", protection(mapping.kind));
  text += mmap_options(mapping.kind);
  if (from != nullptr && one_in(3)) text += fmt::format(" from {}", below(from->pages));
  mapping.floating = mapping.kind == Kind::Anonymous && mapping.pages < 300 && one_in(8);
  if (!mapping.floating) {
    const std::string at = address_for(name, mapping.kind);
    const bool alone = at[0] == '@';
    if (!alone) mapping.kind = Kind::Mixed;
    text += " at " + at + (alone && one_in(6) ? "" : " fixed");
    mapping.certain = true;
  }
  if (mapping.kind == Kind::Cold) text += fmt::format("\nmadvise {}[..] RANDOM", name);
  if (mapping.kind == Kind::Anonymous && mapping.pages >= 300 && one_in(2))
    text += fmt::format("\nmadvise {}[..] HUGEPAGE", name);
  space().mappings[name] = mapping;
  return text;
}

std::string RandomScript::on_range(const char* verb) {
  const std::string at = range();
  return at.empty() ? at : fmt::format("{} {}", verb, at);
}

/// Where the kernel had placed a mapping, something else may lie once it is gone.
std::string RandomScript::munmap_line() {
  if (reads_only()) return on_range("munmap");
  const std::string name = mapping_name(true);
  if (name.empty()) return name;
  std::string text = "munmap " + pages_of(name, true);
  if (space().mappings.at(name).floating) space().mappings.erase(name);
  return text;
}

std::string RandomScript::mprotect_line() {
  if (reads_only()) return "mprotect " + any_range(true) + " " + protection();
  const std::string name = mapping_name(true);
  if (name.empty()) return name;
  return fmt::format("mprotect {} {}", pages_of(name, true),
                     protection(space().mappings.at(name).kind));
}

std::string RandomScript::mlock_line() {
  const std::string text = locks_ ? on_range("mlock") : std::string{};
  return text.empty() ? text : text + pick({"", "", " onfault"});
}

/// To an address of the kernel's choice only what may float.
std::string RandomScript::mremap_line() {
  if (reads_only()) {
    const std::string name = pick({"a", "b", "D"});
    const std::string text =
        fmt::format("{} = mremap {} {}{}", name, any_range(false), number(),
                    pick({"", " maymove", " maymove dontunmap", " at @0x5000"}));
    space().mappings[name] = {};
    space().blocks.erase(name);
    return text;
  }
  const std::string old = mapping_name(true);
  if (old.empty()) return old;
  const std::string name = pick({"A", "B", "C", "D", "E", "F", "G", "H"});
  Mapping moved = space().mappings.at(old);
  moved.certain = false;
  const std::string from = pages_of(old, false);
  moved.pages = std::stoi(
      pick({"1", "4", "16", "40", std::to_string(moved.pages), std::to_string(2 * moved.pages)}));
  std::string text = fmt::format("{} = mremap {} {}p", name, from, moved.pages);
  const bool may_float = moved.kind == Kind::Anonymous && moved.pages < 300;
  if (moved.floating && !may_float) return {};
  if (may_float && (moved.floating || one_in(4))) {
    moved.floating = true;
    text += pick({" maymove", " maymove dontunmap"});
  } else if (!one_in(4)) {
    const std::string at = address_for(name, moved.kind);
    if (at[0] != '@') moved.kind = Kind::Mixed;
    text += " at " + at + (one_in(5) ? " dontunmap" : "");
  }
  const bool leaves_a_hole = space().mappings.at(old).floating;
  if (leaves_a_hole) space().mappings.erase(old);
  space().mappings[name] = moved;
  return text;
}

/// Which advice is not given to which memory, and why, is said in the header.
std::string RandomScript::madvise_line() {
  if (reads_only()) return "madvise " + any_range(true) + " " + pick(advice_words());
  const std::string name = mapping_name(true);
  if (name.empty()) return name;
  const Mapping& mapping = space().mappings.at(name);
  const std::string advice = pick(advice_words());
  const auto is = [&](std::initializer_list<const char*> words) {
    return std::find(words.begin(), words.end(), advice) != words.end();
  };
  if (is({"MERGEABLE", "UNMERGEABLE"})) return {};
  if (is({"NORMAL", "SEQUENTIAL", "WILLNEED"}) && mapping.kind == Kind::Cold) return {};
  if (is({"PAGEOUT", "COLLAPSE"}) && mapping.kind != Kind::Anonymous) return {};
  if (is({"HUGEPAGE", "COLLAPSE"}) && mapping.floating) return {};
  if (is({"REMOVE"}) && mapping.kind == Kind::Disk) return {};
  return fmt::format("madvise {} {}", pages_of(name, true), advice);
}

/// A file on disk loses pages or keeps them all its life.
std::string RandomScript::file_line() {
  if (!reads_only() && files_.size() >= 4) return {};
  File made{fmt::format("F{}", files_.size()), Kind::Tmpfs,
            std::stoi(pick({"1", "4", "20", "64"}))};
  made.kind = std::vector{Kind::Tmpfs, Kind::Disk, Kind::Cold}[static_cast<std::size_t>(below(3))];
  files_.push_back(made);
  if (reads_only())
    return fmt::format("file {} {}{}", made.name, number(),
                       pick({"", " sparse", " bulk", " on disk", " on tmpfs sparse"}));
  const int bytes = made.pages * 4096 - (one_in(3) ? below(4000) : 0);
  std::string text = fmt::format("file {} {}", made.name, bytes);
  if (made.kind == Kind::Tmpfs) return text + " on tmpfs" + pick({"", " sparse"});
  if (made.kind == Kind::Cold) return text + pick({"", " sparse", "\nevict " + made.name});
  return text;
}

std::string RandomScript::cache_line() {
  const File* const of = file({Kind::Cold});
  if (of == nullptr) return {};
  const int first = below(of->pages);
  return "cache " + of->name + pick({"", fmt::format("[{}..{}]", first, first + below(5))});
}

std::string RandomScript::evict_line() {
  const File* const of = file({Kind::Cold, Kind::Tmpfs});
  if (of == nullptr) return {};
  const int first = below(of->pages);
  return "evict " + of->name + pick({"", fmt::format("[{}..{}]", first, first + below(5))});
}

std::string RandomScript::truncate_line() {
  const File* const of = file({Kind::Cold, Kind::Tmpfs});
  return of == nullptr ? std::string{}
                       : fmt::format("truncate {} {}", of->name,
                                     bytes({"0", "1", "4096", "5000", "10p", "40p", "200000"}));
}

std::string RandomScript::punch_line() {
  const File* const of = file({Kind::Cold, Kind::Tmpfs});
  if (of == nullptr) return {};
  const int first = below(of->pages);
  return fmt::format("punch {}[{}..{}]", of->name, first, first + below(9));
}

std::string RandomScript::fsync_line() {
  const File* const of = file({Kind::Disk, Kind::Cold, Kind::Tmpfs});
  return of == nullptr ? std::string{} : "fsync " + of->name;
}

std::string RandomScript::rewrite_line() {
  const File* const of = file({Kind::Disk, Kind::Cold, Kind::Tmpfs});
  return of == nullptr ? std::string{}
                       : fmt::format("rewrite {} {}", of->name, below(of->pages + 1));
}

std::string RandomScript::ksm_scan_line() { return "ksm_scan"; }

std::string RandomScript::numa_scan_line() { return "numa_scan " + range(); }

std::string RandomScript::sysctl_line() {
  if (one_in(2)) return "sysctl " + pick(number_settings()) + " " + number();
  return "sysctl " + pick(word_settings()) + " " + pick(setting_words());
}

}  // namespace tools::script
