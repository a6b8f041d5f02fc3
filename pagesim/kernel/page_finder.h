// PageFinder: from a frame back to those who map it and to the file it belongs to.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "pagesim/address.h"
#include "pagesim/kernel/file.h"
#include "pagesim/kernel/kernel.h"

namespace pagesim::kernel {

/// One entry that maps a frame. The entry of a huge page maps its first frame.
struct PageMapping {
  Mm* mm = nullptr;
  VirtAddr at;  ///< of the page, or of the block
};

/// What it knows was read off all tables and files at one time. It is read off again when it proves
/// wrong of a frame that is asked for, so that faults need not tell it anything. Each answer is
/// checked against the tables and files as they are.
class PageFinder {
 public:
  explicit PageFinder(Kernel& kernel) noexcept : kernel_{kernel} {}

  /// Every entry that maps the frame.
  [[nodiscard]] std::vector<PageMapping> mappings(FrameNumber frame);
  struct FilePage {
    std::shared_ptr<File> file;
    std::uint64_t index = 0;
  };
  /// Whose page the frame is; nothing if it is no file's.
  [[nodiscard]] std::optional<FilePage> file_page(FrameNumber frame);
  /// Calls visit(FrameNumber) for every frame that is mapped or in the page cache, pages of files
  /// first; one that is mapped twice is visited twice.
  template <class Visit>
  void for_each_frame(Visit&& visit) {
    look();
    for (const auto& [frame, page] : file_pages_) visit(frame);
    for (const auto& [frame, mapping] : mappings_) visit(frame);
  }

 private:
  /// Reads everything anew.
  void look();
  void look_at(const std::shared_ptr<File>& file);
  [[nodiscard]] std::vector<PageMapping> known_mappings(FrameNumber frame) const;
  [[nodiscard]] std::optional<FilePage> known_file_page(FrameNumber frame) const;
  [[nodiscard]] bool holds(FrameNumber frame, const PageMapping& mapping) const;

  struct CachePlace {
    std::weak_ptr<File> file;
    std::uint64_t index = 0;
  };
  Kernel& kernel_;
  std::vector<std::pair<FrameNumber, PageMapping>> mappings_;   ///< sorted by frame
  std::vector<std::pair<FrameNumber, CachePlace>> file_pages_;  ///< sorted by frame
};

}  // namespace pagesim::kernel
