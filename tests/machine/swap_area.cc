// Making swap space: a zram device, or a file on the disk.
#include "tests/machine/swap_area.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "tools/measure/rights.h"
#include "tools/run/owned_fd.h"

namespace machine {
namespace {

constexpr std::uint64_t kSwapBytes = std::uint64_t{256} << 20;
constexpr std::uint64_t kPage = 4096;
constexpr const char* kHotAdd = "/sys/class/zram-control/hot_add";
constexpr const char* kHotRemove = "/sys/class/zram-control/hot_remove";
constexpr int kFirst = SWAP_FLAG_PREFER | SWAP_FLAG_PRIO_MASK;

/// The first page of swap space, as mkswap writes it: version, last page and a signature.
std::array<char, kPage> swap_header() {
  std::array<char, kPage> page{};
  const std::uint32_t version = 1;
  const auto last_page = static_cast<std::uint32_t>(kSwapBytes / kPage - 1);
  std::memcpy(page.data() + 1024, &version, sizeof version);
  std::memcpy(page.data() + 1028, &last_page, sizeof last_page);
  constexpr std::string_view kSignature = "SWAPSPACE2";
  kSignature.copy(page.data() + kPage - kSignature.size(), kSignature.size());
  return page;
}

bool write_header(int fd) {
  const auto header = swap_header();
  return pwrite(fd, header.data(), header.size(), 0) == static_cast<ssize_t>(header.size()) &&
         fsync(fd) == 0;
}

bool write_setting(const std::string& path, const std::string& text) {
  std::ofstream file{path};
  file << text << std::flush;
  return file.good();
}

}  // namespace

SwapArea::SwapArea(SwapKind kind, const std::string& directory) {
  if (!tools::measure::has_sys_admin())
    missing_ = "swap space of its own needs CAP_SYS_ADMIN";
  else if (kind == SwapKind::Zram)
    use_zram();
  else
    use_file(directory);
}

void SwapArea::use(const std::string& path) {
  caretaker_.swapoff_later(path);
  if (swapon(path.c_str(), kFirst) != 0)
    missing_ = fmt::format("swapon of {} says \"{}\"", path, std::strerror(errno));
}

void SwapArea::use_zram() {
  const auto number = tools::measure::read_file(kHotAdd);
  if (!number || number->empty()) {
    missing_ = fmt::format("{} cannot be read: no zram module, or no right", kHotAdd);
    return;
  }
  caretaker_.write_later(kHotRemove, *number);
  const std::string device = "/dev/zram" + *number;
  const std::string control = "/sys/block/zram" + *number;
  caretaker_.write_later(control + "/reset", "1");
  if (!write_setting(control + "/disksize", std::to_string(kSwapBytes))) {
    missing_ = control + "/disksize cannot be written";
    return;
  }
  const tools::run::OwnedFd opened{open(device.c_str(), O_RDWR | O_CLOEXEC)};
  if (!opened.is_open() || !write_header(opened.get()))
    missing_ = device + " cannot be written";
  else
    use(device);
}

void SwapArea::use_file(const std::string& directory) {
  const std::string path = fmt::format("{}/faultline-swap-{}", directory, getpid());
  const tools::run::OwnedFd file{
      open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (!file.is_open()) {
    missing_ = path + " cannot be made";
    return;
  }
  caretaker_.unlink_later(path);
  if (posix_fallocate(file.get(), 0, kSwapBytes) != 0 || !write_header(file.get()))
    missing_ = path + " cannot be written";
  else
    use(path);
}

}  // namespace machine
