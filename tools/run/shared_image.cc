// Laying a program out in shared memory.
#include "tools/run/shared_image.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <stdexcept>

namespace tools::run {
namespace {

constexpr std::uint64_t kAlignment = 64;

void* map(int fd, std::uint64_t bytes, int protection) {
  void* const at = mmap(nullptr, bytes, protection, MAP_SHARED, fd, 0);
  if (at == MAP_FAILED)
    throw std::runtime_error{"no memory to hand the program to a child process"};
  return at;
}

/// Hands out offsets one after another.
class Cursor {
 public:
  std::uint64_t take(std::uint64_t bytes) {
    const std::uint64_t at = next_;
    next_ = (next_ + bytes + kAlignment - 1) & ~(kAlignment - 1);
    return at;
  }
  [[nodiscard]] std::uint64_t end() const { return next_; }

 private:
  std::uint64_t next_ = 0;
};

}  // namespace

template <class T>
T* SharedImage::at(std::uint64_t offset) const noexcept {
  return reinterpret_cast<T*>(reinterpret_cast<char*>(header_) + offset);
}

void SharedImage::lay_out(const script::Program& program, std::size_t probes,
                          std::size_t settings) {
  child::Header header;
  Cursor cursor;
  cursor.take(sizeof header);
  header.op_count = program.ops.size();
  header.task_count = static_cast<std::uint32_t>(program.processes.size());
  header.name_count = static_cast<std::uint32_t>(program.names.size());
  header.file_count = static_cast<std::uint32_t>(program.files.size());
  header.probe_count = static_cast<std::uint32_t>(probes);
  header.ops_at = cursor.take(program.ops.size() * sizeof(script::Op));
  header.results_at = cursor.take(program.ops.size() * sizeof(child::OpResult));
  header.tasks_at = cursor.take(program.processes.size() * sizeof(child::TaskSlot));
  header.names_at = cursor.take(program.processes.size() * program.names.size() * sizeof(Block));
  header.files_at = cursor.take(program.files.size() * sizeof(std::int32_t));
  header.probes_at = cursor.take(probes * sizeof(child::PageProbe));
  header.settings_at = cursor.take(settings * sizeof(child::Setting));
  header.bytes = (cursor.end() + child::kPage - 1) & ~(child::kPage - 1);
  if (ftruncate(memory_.get(), static_cast<off_t>(header.bytes)) != 0)
    throw std::runtime_error{"no memory to hand the program to a child process"};
  header_ = static_cast<child::Header*>(map(memory_.get(), header.bytes, PROT_READ | PROT_WRITE));
  // The atomics of the header are all zero, as fresh shared memory is; the rest is copied.
  new (header_) child::Header;
  std::memcpy(static_cast<void*>(header_), static_cast<const void*>(&header), sizeof header);
}

SharedImage::SharedImage(const script::Program& program, std::span<const child::PageProbe> probes,
                         std::span<const child::Setting> settings)
    : memory_{memfd_create("faultline-program", MFD_CLOEXEC)},
      log_{memfd_create("faultline-log", MFD_CLOEXEC)} {
  lay_out(program, probes.size(), settings.size());
  std::copy(program.ops.begin(), program.ops.end(), at<script::Op>(header_->ops_at));
  std::copy(probes.begin(), probes.end(), at<child::PageProbe>(header_->probes_at));
  std::copy(settings.begin(), settings.end(), at<child::Setting>(header_->settings_at));
  for (std::uint32_t i = 0; i < header_->task_count; ++i) {
    child::TaskSlot& slot = tasks()[i];
    slot.is_thread = program.processes[i].is_thread ? 1 : 0;
    slot.process = i;
    slot.thread = slot.is_thread;
    for (std::uint32_t before = 1; slot.is_thread != 0 && before < i; ++before)
      slot.thread += program.processes[before].is_thread &&
                             program.processes[before].parent == program.processes[i].parent
                         ? 1u
                         : 0u;
  }
  std::fill(files().begin(), files().end(), -1);
}

SharedImage::~SharedImage() {
  if (header_ != nullptr) munmap(header_, header_->bytes);
  if (log_at_ != nullptr) munmap(log_at_, log_size_);
}

std::span<const child::OpResult> SharedImage::results() const noexcept {
  return {at<const child::OpResult>(header_->results_at), header_->op_count};
}
std::span<child::TaskSlot> SharedImage::tasks() const noexcept {
  return {at<child::TaskSlot>(header_->tasks_at), header_->task_count};
}
std::span<std::int32_t> SharedImage::files() const noexcept {
  return {at<std::int32_t>(header_->files_at), header_->file_count};
}

std::string_view SharedImage::log() {
  const std::uint64_t size = header_->log_bytes.load();
  if (size == 0) return {};
  if (log_at_ == nullptr) {
    log_size_ = size;
    log_at_ = map(log_.get(), size, PROT_READ);
  }
  return {static_cast<const char*>(log_at_), log_size_};
}

}  // namespace tools::run
