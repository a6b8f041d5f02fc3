// Making a file system on a loop device.
#include "tests/machine/loop_disk.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "tools/measure/rights.h"
#include "tools/run/owned_fd.h"
#include "tools/run/temp_files.h"

namespace machine {
namespace {

using tools::run::OwnedFd;

constexpr off_t kDiskBytes = off_t{128} << 20;
constexpr int kTries = 8;  // another process may take the free device first

/// A file with an empty ext4 of 4 KiB blocks in it, already without a name.
OwnedFd make_image() {
  std::string path = tools::run::disk_directory() + "/faultline-disk-XXXXXX";
  OwnedFd image{mkostemp(path.data(), O_CLOEXEC)};
  if (!image.is_open()) return image;
  const std::string command =
      "PATH=$PATH:/sbin:/usr/sbin mkfs.ext4 -q -F -b 4096 "
      "-E lazy_itable_init=0,lazy_journal_init=0 '" +
      path + "' >/dev/null 2>&1";
  const bool made = ftruncate(image.get(), kDiskBytes) == 0 &&
                    std::system(command.c_str()) == 0;  // NOLINT(cert-env33-c): a test's own path
  unlink(path.c_str());
  if (!made) image.reset();
  return image;
}

struct LoopDevice {
  std::string path;
  OwnedFd fd;
};

/// A loop device over the image that frees itself when nobody uses it any more.
LoopDevice attach(int image) {
  const OwnedFd control{open("/dev/loop-control", O_RDWR | O_CLOEXEC)};
  for (int i = 0; i < kTries && control.is_open(); ++i) {
    LoopDevice device;
    device.path = fmt::format("/dev/loop{}", ioctl(control.get(), LOOP_CTL_GET_FREE));
    device.fd = OwnedFd{open(device.path.c_str(), O_RDWR | O_CLOEXEC)};
    loop_config config{};
    config.fd = static_cast<std::uint32_t>(image);
    config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
    if (device.fd.is_open() && ioctl(device.fd.get(), LOOP_CONFIGURE, &config) == 0) return device;
  }
  return {};
}

std::string mount_privately(const std::string& device, const std::string& place) {
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return fmt::format("no mount namespace can be had: {}", std::strerror(errno));
  if (mount(device.c_str(), place.c_str(), "ext4", MS_NOATIME, nullptr) != 0)
    return fmt::format("mounting {} as ext4 says \"{}\"", device, std::strerror(errno));
  return {};
}

}  // namespace

LoopDisk::LoopDisk(unsigned read_ahead_kb) : missing_{make(read_ahead_kb)} {}

std::string LoopDisk::make(unsigned read_ahead_kb) {
  if (!tools::measure::has_sys_admin())
    return "a file system on a loop device of its own needs CAP_SYS_ADMIN";
  const OwnedFd image = make_image();
  if (!image.is_open()) return "mkfs.ext4 (package e2fsprogs) made no file system";
  const LoopDevice device = attach(image.get());
  if (!device.fd.is_open()) return "no loop device can be had (/dev/loop-control)";
  if (ioctl(device.fd.get(), BLKRASET, read_ahead_kb * 2ul) != 0)
    return "the read-ahead of " + device.path + " cannot be set";
  std::string place = "/tmp/faultline-mount-XXXXXX";
  if (mkdtemp(place.data()) == nullptr) return "no directory can be made in /tmp";
  caretaker_.rmdir_later(place);
  std::string reason = mount_privately(device.path, place);
  if (reason.empty()) setenv("TMPDIR", place.c_str(), 1);
  return reason;
}

}  // namespace machine
