// SharedImage: a program laid out in memory that the measured child maps too.
#pragma once

#include <span>
#include <string_view>

#include "tools/run/child/shared.h"
#include "tools/run/outcome.h"
#include "tools/run/owned_fd.h"

namespace tools::run {

/// The shared mapping from the runner's side, and the log beside it.
class SharedImage {
 public:
  /// `probes`: those of the expectations, then those asked for. Throws std::runtime_error when the
  /// system gives no memory.
  SharedImage(const script::Program& program, std::span<const child::PageProbe> probes,
              std::span<const child::Setting> settings);
  SharedImage(const SharedImage&) = delete;
  SharedImage& operator=(const SharedImage&) = delete;
  ~SharedImage();

  [[nodiscard]] child::Header& header() const noexcept { return *header_; }
  [[nodiscard]] std::span<const child::OpResult> results() const noexcept;
  [[nodiscard]] std::span<child::TaskSlot> tasks() const noexcept;
  [[nodiscard]] std::span<std::int32_t> files() const noexcept;
  [[nodiscard]] int fd() const noexcept { return memory_.get(); }
  [[nodiscard]] int log_fd() const noexcept { return log_.get(); }
  /// What the child has written so far. Valid until the image goes.
  [[nodiscard]] std::string_view log();

 private:
  template <class T>
  [[nodiscard]] T* at(std::uint64_t offset) const noexcept;
  void lay_out(const script::Program& program, std::size_t probes, std::size_t settings);

  OwnedFd memory_;
  OwnedFd log_;
  child::Header* header_ = nullptr;
  void* log_at_ = nullptr;
  std::uint64_t log_size_ = 0;
};

}  // namespace tools::run
