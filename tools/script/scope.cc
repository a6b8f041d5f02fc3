// What names, files and processes a script has at one of its lines, and which of them have ended.
#include "tools/script/scope.h"

#include <fmt/format.h>

#include <algorithm>

namespace tools::script {
namespace {

std::optional<std::uint32_t> index_of(const std::vector<std::string>& list, std::string_view word) {
  const auto found = std::find(list.begin(), list.end(), word);
  if (found == list.end()) return std::nullopt;
  return static_cast<std::uint32_t>(found - list.begin());
}

}  // namespace

Scope::Scope(Program& program) : program_{&program}, tasks_(1), spaces_(1) {
  program.processes.push_back({"main", kNone, false});
}

std::optional<std::uint32_t> Scope::find_name(std::string_view name) const {
  const auto found = name_indexes_.find(name);
  if (found == name_indexes_.end()) return std::nullopt;
  return found->second;
}

std::uint32_t Scope::name_index(std::string_view name) {
  const auto fresh = static_cast<std::uint32_t>(program_->names.size());
  const auto [entry, added] = name_indexes_.try_emplace(std::string{name}, fresh);
  if (added) program_->names.emplace_back(name);
  return entry->second;
}

void Scope::bind(std::uint16_t task, std::string_view name, std::uint32_t line) {
  names_of(task)[name_index(name)] = Life{{}, line};
}

void Scope::end(std::uint16_t task, std::uint32_t name, std::string_view how, std::uint32_t line) {
  names_of(task)[name] = Life{std::string{how}, line};
}

bool Scope::was_bound(std::uint16_t task, std::string_view name) const {
  const auto index = find_name(name);
  return index && names_of(task).contains(*index);
}

std::optional<std::string> Scope::why_unusable(std::uint16_t task, std::string_view name) const {
  const auto index = find_name(name);
  const auto& names = names_of(task);
  const auto life = index ? names.find(*index) : names.end();
  if (life == names.end()) {
    return fmt::format("the name \"{}\" has not been assigned in {}", name,
                       program_->processes[task].name);
  }
  if (life->second.ended.empty()) return std::nullopt;
  return fmt::format("the name \"{}\" was {} in line {}", name, life->second.ended,
                     life->second.line);
}

std::optional<std::uint16_t> Scope::find_task(std::string_view name) const {
  const auto& all = program_->processes;
  const auto found =
      std::find_if(all.begin(), all.end(), [name](const Task& t) { return t.name == name; });
  if (found == all.end()) return std::nullopt;
  return static_cast<std::uint16_t>(found - all.begin());
}

std::optional<std::string> Scope::why_dead(std::uint16_t task) const {
  if (tasks_[task].ended == 0) return std::nullopt;
  return fmt::format("\"{}\" ended in line {}", program_->processes[task].name, tasks_[task].ended);
}

std::uint16_t Scope::start(std::uint16_t parent, std::string_view name, bool is_thread,
                           std::uint32_t line) {
  TaskState state;
  state.space = tasks_[parent].space;
  state.started = line;
  if (!is_thread) {
    spaces_.push_back(Names{spaces_[state.space]});
    state.space = spaces_.size() - 1;
  }
  tasks_.push_back(state);
  program_->processes.push_back({std::string{name}, parent, is_thread});
  return static_cast<std::uint16_t>(tasks_.size() - 1);
}

void Scope::finish(std::uint16_t task, std::uint32_t line) {
  const bool whole_process = !program_->processes[task].is_thread;
  for (TaskState& other : tasks_) {
    const bool ends =
        &other == &tasks_[task] || (whole_process && other.space == tasks_[task].space);
    if (ends && other.ended == 0) other.ended = line;
  }
}

std::optional<std::uint32_t> Scope::find_file(std::string_view name) const {
  return index_of(program_->files, name);
}

std::uint32_t Scope::add_file(std::string_view name) {
  program_->files.emplace_back(name);
  return static_cast<std::uint32_t>(program_->files.size() - 1);
}

std::uint32_t Scope::setting_index(std::string_view name) {
  if (const auto index = index_of(program_->settings, name)) return *index;
  program_->settings.emplace_back(name);
  return static_cast<std::uint32_t>(program_->settings.size() - 1);
}

}  // namespace tools::script
