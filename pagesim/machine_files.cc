// Machine: what other processes do to files.
#include "pagesim/kernel/readahead.h"
#include "pagesim/machine.h"

namespace pagesim {

std::shared_ptr<kernel::File> Machine::create_file(const std::string& name, std::uint64_t bytes,
                                                   kernel::FileSystem fs, bool sparse) {
  kernel_->files.push_back(
      std::make_shared<kernel::File>(*memory_, config_.geometry, name, fs, bytes));
  if (!sparse) cache(*kernel_->files.back());
  return kernel_->files.back();
}

std::shared_ptr<kernel::File> Machine::create_bulk_file(const std::string& name,
                                                        std::uint64_t bytes) {
  if (!profile().large_file_folios) return create_file(name, bytes);
  auto file = create_file(name, bytes, kernel::FileSystem::Disk, true);
  if (!kernel::write_bulk(*file)) throw OutOfMemoryKill{};
  return file;
}

void Machine::cache(kernel::File& file, kernel::PageRange range) {
  if (!kernel::force_readahead(file, range.first, range.last)) throw OutOfMemoryKill{};
}

void Machine::evict(kernel::File& file, kernel::PageRange range) {
  kernel::evict(*kernel_, file, range);
}

void Machine::truncate(kernel::File& file, std::uint64_t bytes) {
  kernel::truncate(*kernel_, file, bytes);
}

void Machine::punch(kernel::File& file, kernel::PageRange range) {
  kernel::punch_hole(*kernel_, file, range);
}

void Machine::fsync(kernel::File& file, kernel::PageRange range) {
  kernel::writeback(*kernel_, file, range);
}

void Machine::sync() {
  for (const auto& file : kernel_->files) kernel::writeback(*kernel_, *file);
}

void Machine::rewrite(kernel::File& file, std::uint64_t page) {
  file.set_bytes(std::max(file.bytes(), (page + 1) << config_.geometry.page_shift));
  const kernel::CachedPage* cached = file.add_page(page);
  if (cached == nullptr) throw OutOfMemoryKill{};
  const std::uint64_t frame = static_cast<std::uint32_t>(cached->frame);
  memory_->mark(PhysAddr{frame << config_.geometry.page_shift}, config_.geometry.page_size());
  memory_->record(cached->frame).set(hardware::frame_flag::Dirty);
}

}  // namespace pagesim
