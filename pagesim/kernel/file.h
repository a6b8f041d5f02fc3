// File: bytes that areas can map, and the part of them that is in memory: the page cache.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "pagesim/hardware/physical_memory.h"

namespace pagesim::kernel {

using hardware::FrameNumber;

/// Disk: pages can be missing from memory and are read back. Tmpfs (also memfd and shared anonymous
/// memory): the page cache is all there is.
enum class FileSystem : std::uint8_t { Disk, Tmpfs };

struct CachedPage {
  FrameNumber frame{};
  bool readahead_mark = false;  ///< the first touch of it starts the next read-ahead
  bool swap_cached = false;     ///< of shared memory: on its way out, found there at the next fault
  bool uptodate = true;  ///< its bytes are there, or come with the first use, without waiting
};

/// What reading ahead remembers of an open file, in pages.
struct Readahead {
  std::uint64_t start = 0;
  std::uint64_t size = 0;
  std::uint64_t async_size = 0;
  unsigned order = 0;  ///< of the folios the window was read into
  unsigned mmap_miss = 0;
};

/// Owns the frames of its pages; must not outlive the memory. Frames of a file that ends must not
/// be mapped any more.
class File {
 public:
  File(hardware::PhysicalMemory& memory, const hardware::Geometry& geometry, std::string name,
       FileSystem fs, std::uint64_t bytes);
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  Readahead readahead;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  /// Pages with at least one byte before the end.
  [[nodiscard]] std::uint64_t size_in_pages() const noexcept {
    return (bytes_ + page_size_ - 1) / page_size_;
  }
  /// Pages with all their bytes before the end.
  [[nodiscard]] std::uint64_t whole_pages() const noexcept { return page_of(bytes_); }
  [[nodiscard]] std::uint64_t page_of(std::uint64_t byte) const noexcept {
    return byte / page_size_;
  }
  [[nodiscard]] bool is_shmem() const noexcept { return fs_ == FileSystem::Tmpfs; }
  /// Whether the file system wants to hear of the first store to a clean page (page_mkwrite).
  [[nodiscard]] bool wants_write_notification() const noexcept { return fs_ == FileSystem::Disk; }

  /// The page in memory, or null.
  [[nodiscard]] CachedPage* find_page(std::uint64_t index) noexcept;
  /// The page, read from the disk or empty if it was not in memory; null when frames run out.
  CachedPage* add_page(std::uint64_t index);
  /// Pages index to index + 2^order - 1, none of which is in memory, as one folio; nothing of it if
  /// there is none so large. `index` is a multiple of its size.
  bool add_folio(std::uint64_t index, unsigned order);
  /// The folio a page in memory belongs to: its first page and how many it has.
  struct Folio {
    std::uint64_t first = 0;
    std::uint64_t pages = 1;
  };
  [[nodiscard]] Folio folio_of(std::uint64_t index) noexcept;
  /// Whether the folio of a page carries the read-ahead mark.
  [[nodiscard]] bool has_readahead_mark(std::uint64_t index) noexcept;
  void take_readahead_mark(std::uint64_t index) noexcept;
  /// The folio of a page falls apart into single pages.
  void split_folio(std::uint64_t index) noexcept;
  /// Drops a page nobody maps any more; `keep` writes its bytes to the disk.
  void remove_page(std::uint64_t index, bool keep);
  /// A page of shared memory nobody maps goes to swap: at once, or by way of the swap cache.
  void swap_out_page(std::uint64_t index, bool at_once);
  /// Whether adding the page means reading it from swap.
  [[nodiscard]] bool is_swapped(std::uint64_t index) const { return swapped_.contains(index); }
  /// A new length: bytes beyond it are gone, also from the disk. A file that grows clears the rest
  /// of the page it ended in.
  void set_bytes(std::uint64_t bytes);
  /// The file system clears a page behind an end of the file: it is in memory from then on, not
  /// uptodate if it was not before (measured: the next fault does not wait for the disk).
  void clear_behind(std::uint64_t end);
  /// The bytes of pages first to last are zero from now on; the pages must not be in memory.
  void forget_disk(std::uint64_t first, std::uint64_t last);
  /// Pages in memory as runs, first and last included.
  [[nodiscard]] std::vector<std::pair<std::uint64_t, std::uint64_t>> cached_runs() const;
  /// The indices of the pages of [first, last] that are in memory, ascending.
  [[nodiscard]] std::vector<std::uint64_t> cached_pages(std::uint64_t first,
                                                        std::uint64_t last) const;

 private:
  void zero_tail();
  CachedPage* place(std::uint64_t index, FrameNumber frame);

  hardware::PhysicalMemory& memory_;
  unsigned page_shift_;
  std::size_t page_size_;
  std::string name_;
  FileSystem fs_;
  std::uint64_t bytes_;
  std::map<std::uint64_t, CachedPage> pages_;
  std::set<std::uint64_t> swapped_;
  std::map<std::uint64_t, std::vector<std::byte>> disk_;  ///< pages with contents not in memory
};

}  // namespace pagesim::kernel
