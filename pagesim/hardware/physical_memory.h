// PhysicalMemory: frames, eight bytes of record each; contents only where bytes were stored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "pagesim/address.h"
#include "pagesim/hardware/machine.h"

namespace pagesim::hardware {

/// A frame of physical memory: the physical address shifted right by the page shift.
enum class FrameNumber : std::uint32_t {};

/// Frame 0 is never handed out; this one is full of zeroes, shared and never written.
inline constexpr FrameNumber kZeroFrame{1};

/// A frame, or none. One word, returned in a register: faults are made of these.
class MaybeFrame {
 public:
  constexpr MaybeFrame() noexcept = default;
  constexpr MaybeFrame(FrameNumber frame) noexcept : frame_{frame} {}
  constexpr MaybeFrame(std::nullopt_t) noexcept {}
  [[nodiscard]] constexpr bool has_value() const noexcept { return frame_ != FrameNumber{0}; }
  constexpr explicit operator bool() const noexcept { return has_value(); }
  [[nodiscard]] constexpr FrameNumber operator*() const noexcept { return frame_; }
  constexpr operator std::optional<FrameNumber>() const noexcept {
    return has_value() ? std::optional{frame_} : std::nullopt;
  }

 private:
  FrameNumber frame_{0};
};

namespace frame_flag {
enum Flag : std::uint16_t {
  Anon = 1u << 0,       ///< belongs to private memory, not to a file
  Exclusive = 1u << 1,  ///< and to one process alone (PageAnonExclusive)
  Nonzero = 1u << 2,    ///< something was stored here
  Dirty = 1u << 3,      ///< differs from the file or the swap slot behind it
  PageCache = 1u << 4,  ///< held by a file's page cache
  SwapCache = 1u << 5,  ///< held by the swap cache
  Shmem = 1u << 6,      ///< of a file that lives in memory alone
  LazyFree = 1u << 7,   ///< MADV_FREE: may be dropped while clean
  Table = 1u << 8,      ///< holds page-table entries
  HugeZero = 1u << 9,   ///< part of the huge zero page
  Hugetlb = 1u << 10,   ///< part of a huge page of the administrator's pool
  Ksm = 1u << 11        ///< pages with the same bytes were merged into it; never written
};
}  // namespace frame_flag

/// What is known of a frame. Its order (of the folio it belongs to) sits in the top four bits of
/// the flags.
struct FrameRecord {
  std::uint32_t content = 0;   ///< index of its bytes, 0: none, all zero; next free frame if free
  std::uint16_t mapcount = 0;  ///< page-table entries that map it, in all processes
  std::uint16_t flags = 0;

  [[nodiscard]] bool has(std::uint16_t flag) const noexcept { return (flags & flag) != 0; }
  void set(std::uint16_t flag) noexcept { flags = static_cast<std::uint16_t>(flags | flag); }
  void clear(std::uint16_t flag) noexcept { flags = static_cast<std::uint16_t>(flags & ~flag); }
  [[nodiscard]] unsigned order() const noexcept { return flags >> 12u; }
  void set_order(unsigned order) noexcept {
    flags = static_cast<std::uint16_t>((flags & 0x0fffu) | (order << 12u));
  }
};
static_assert(sizeof(FrameRecord) == 8);

/// Frames are handed out one folio (2^order frames, naturally aligned) at a time and reused last
/// in, first out. Reads and writes stay within one frame.
class PhysicalMemory {
 public:
  PhysicalMemory(const Geometry& geometry, std::uint64_t memory_bytes);
  ~PhysicalMemory();
  PhysicalMemory(const PhysicalMemory&) = delete;
  PhysicalMemory& operator=(const PhysicalMemory&) = delete;

  /// A folio whose bytes are zero; nothing when memory is exhausted.
  [[nodiscard]] MaybeFrame allocate(unsigned order);
  /// A single page.
  [[nodiscard]] MaybeFrame allocate() noexcept {
    std::uint64_t frame = free_[0];
    if (frame != 0)
      free_[0] = records_[frame].content;
    else if (next_ < limit_) [[likely]]
      frame = next_++;
    else
      return {};
    records_[frame] = FrameRecord{};
    ++in_use_;
    if (log_ != nullptr) [[unlikely]]
      log_->push_back(FrameNumber{static_cast<std::uint32_t>(frame)});
    return FrameNumber{static_cast<std::uint32_t>(frame)};
  }
  /// A frame for a page table of `entries` entries, all zero.
  [[nodiscard]] MaybeFrame allocate_table(std::size_t entries);
  /// From now on each frame handed out is noted at the end of a list, which must outlive the memory
  /// or be taken away with nullptr.
  void log_allocations(std::vector<FrameNumber>* log) noexcept { log_ = log; }
  /// Gives one frame back, also a single one of a folio that fell apart.
  void free(FrameNumber frame);
  /// Gives a whole folio back.
  void free_folio(FrameNumber head, unsigned order);

  [[nodiscard]] FrameRecord& record(FrameNumber frame) noexcept {
    return records_[static_cast<std::uint32_t>(frame)];
  }
  [[nodiscard]] const FrameRecord& record(FrameNumber frame) const noexcept {
    return records_[static_cast<std::uint32_t>(frame)];
  }
  /// The entries of a table frame.
  [[nodiscard]] std::uint64_t* table(FrameNumber frame) noexcept {
    return reinterpret_cast<std::uint64_t*>(contents_[record(frame).content]);
  }
  [[nodiscard]] const std::uint64_t* table(FrameNumber frame) const noexcept {
    return reinterpret_cast<const std::uint64_t*>(contents_[record(frame).content]);
  }

  void read(PhysAddr at, void* to, std::size_t n) const noexcept;
  void write(PhysAddr at, const void* from, std::size_t n);
  void fill(PhysAddr at, std::uint8_t byte, std::size_t n);
  /// The kernel stores zeros: a page that held nothing else still does not.
  void zero(PhysAddr at, std::size_t n) noexcept;
  void copy(PhysAddr to, PhysAddr from, std::size_t n);
  /// n bytes nobody will read are stored: see Task::touch.
  void mark(PhysAddr at, std::size_t n) noexcept {
    FrameRecord& marked = record(frame_of(at));
    if (!marked.has(frame_flag::Nonzero)) marked.set(frame_flag::Nonzero);
    if (marked.content != 0) std::memset(contents_[marked.content] + offset_of(at), kOpaqueByte, n);
  }
  /// All bytes of a frame into another, as copy on write does.
  void copy_frame(FrameNumber to, FrameNumber from);
  /// All bytes become zero.
  void clear_frame(FrameNumber frame) noexcept;

  [[nodiscard]] std::uint64_t frames_in_use() const noexcept { return in_use_; }
  [[nodiscard]] std::uint64_t contents_in_use() const noexcept {
    return contents_.size() - 1 - free_contents_.size();
  }

 private:
  static constexpr unsigned kOrders = 16;
  /// What a store of bytes nobody reads leaves behind.
  static constexpr int kOpaqueByte = 0xa5;

  [[nodiscard]] FrameNumber frame_of(PhysAddr at) const noexcept {
    return FrameNumber{static_cast<std::uint32_t>(at.raw() >> page_shift_)};
  }
  [[nodiscard]] std::size_t offset_of(PhysAddr at) const noexcept {
    return at.raw() & (page_size_ - 1);
  }
  /// The first of 2^order frames never handed out yet; 0: there are none.
  [[nodiscard]] std::uint32_t bump(unsigned order);
  std::byte* contents_for(FrameNumber frame);
  [[nodiscard]] std::uint32_t new_content(std::size_t bytes);
  void drop_content(FrameRecord& frame) noexcept;

  unsigned page_shift_;
  std::size_t page_size_;
  std::uint64_t limit_;  ///< frames that exist
  std::uint64_t next_;   ///< first frame never handed out
  std::uint64_t in_use_ = 0;
  FrameRecord* records_;              ///< one for each frame, address space only until touched
  std::uint32_t free_[kOrders] = {};  ///< heads of lists through FrameRecord::content
  std::vector<std::byte*> contents_;  ///< [0] is null
  std::vector<std::uint32_t> free_contents_;
  std::vector<FrameNumber>* log_ = nullptr;
};

}  // namespace pagesim::hardware
