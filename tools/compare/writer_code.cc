// Names, innermost first.
#include "tools/compare/writer_code.h"

#include <algorithm>
#include <string_view>

namespace tools::compare {
namespace {

using allocator::Writer;

/// "(allocator::Writer)4" among the template arguments.
std::optional<Writer> named_writer(std::string_view function) {
  constexpr std::string_view kArgument = "(allocator::Writer)";
  const std::size_t at = function.find(kArgument);
  if (at == std::string_view::npos || at + kArgument.size() >= function.size()) return {};
  const auto number = static_cast<std::size_t>(function[at + kArgument.size()] - '0');
  return number < allocator::kWriters ? std::optional{static_cast<Writer>(number)} : std::nullopt;
}

/// "void allocator::Chunk<M>::set_fd" -> "Chunk::set_fd"; empty: not the allocator's.
std::string plain_name(std::string_view function) {
  std::string plain;
  int depth = 0;
  for (const char c : function) {
    if (c == '<') ++depth;
    if (depth == 0) plain += c;
    if (c == '>') --depth;
  }
  plain.erase(0, plain.rfind(' ') + 1);  // what a template returns
  constexpr std::string_view kSpace = "allocator::";
  return plain.starts_with(kSpace) ? plain.substr(kSpace.size()) : "";
}

struct Rule {
  std::string_view name;  ///< ends in "::": all of a class
  Writer writer;
};
/// The first that fits.
constexpr Rule kAccessors[] = {{"Chunk::set_top_head", Writer::TopHeader},
                               {"Chunk::top_head", Writer::TopHeader},
                               {"Chunk::top_size", Writer::TopHeader},
                               {"Chunk::set_foot", Writer::PrevSize},
                               {"Chunk::set_prev_size", Writer::PrevSize},
                               {"Chunk::prev_size", Writer::PrevSize},
                               {"Chunk::fd", Writer::ListLink},
                               {"Chunk::bk", Writer::ListLink},
                               {"Chunk::fd_nextsize", Writer::ListLink},
                               {"Chunk::bk_nextsize", Writer::ListLink},
                               {"Chunk::set_fd", Writer::ListLink},
                               {"Chunk::set_bk", Writer::ListLink},
                               {"Chunk::set_fd_nextsize", Writer::ListLink},
                               {"Chunk::set_bk_nextsize", Writer::ListLink},
                               {"Chunk::clear_nextsize", Writer::ListLink},
                               {"Chunk::fast_next", Writer::ListLink},
                               {"Chunk::set_fast_next", Writer::ListLink},
                               {"Chunk::", Writer::ChunkSize},
                               {"Tcache::Entry::", Writer::ListLink},
                               {"Tcache::", Writer::TcacheBlock},
                               {"CachedBlock::", Writer::ListLink},
                               {"CacheSlot::", Writer::TcacheBlock},
                               {"Arena::", Writer::ArenaRecord},
                               {"Params::", Writer::ArenaRecord},
                               {"ThreadRecord::", Writer::ArenaRecord},
                               {"PreloadThread::", Writer::ArenaRecord},
                               {"forget_idle_thread", Writer::ArenaRecord},
                               {"Heap::", Writer::ArenaRecord},
                               {"Depot::", Writer::ArenaRecord},
                               {"RealMemory::lock", Writer::ArenaRecord},
                               {"RealMemory::try_lock", Writer::ArenaRecord},
                               {"RealMemory::unlock", Writer::ArenaRecord}};

std::optional<Writer> accessor_writer(std::string_view name) {
  const auto* const found =
      std::find_if(std::begin(kAccessors), std::end(kAccessors), [&](const Rule& rule) {
        return rule.name.ends_with("::") ? name.starts_with(rule.name) : name == rule.name;
      });
  return found == std::end(kAccessors) ? std::nullopt : std::optional{found->writer};
}

/// Blocks are filled by calloc, but for these.
Writer filler(std::span<const std::string> functions) {
  for (const std::string& function : functions) {
    const std::string name = plain_name(function);
    if (name.ends_with("::tcache_init")) return Writer::TcacheBlock;
    if (name.ends_with("_perturb")) return Writer::User;
  }
  return Writer::CallocClear;
}

/// The memory itself, and operators on addresses that an access may have been folded into: whoever
/// they were inlined into tells.
bool is_transparent(std::string_view function, std::string_view name) {
  return name == "RealMemory::load" || name == "RealMemory::store" || name == "protect_ptr" ||
         name.starts_with("ProcessMemory::") || function.starts_with("pagesim::operator");
}

}  // namespace

std::optional<Writer> writer_of_code(std::span<const std::string> functions) {
  for (std::size_t i = 0; i < functions.size(); ++i) {
    if (const auto writer = named_writer(functions[i])) return writer;
    const std::string name = plain_name(functions[i]);
    if (name == "RealMemory::fill") return filler(functions.subspan(i));
    if (name == "RealMemory::copy") return Writer::ReallocCopy;
    if (const auto writer = accessor_writer(name)) return writer;
    if (!is_transparent(functions[i], name)) return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace tools::compare
