// RealMemory: the process's own memory, at the speed of raw pointers.
#pragma once

#include <elf.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/single_threaded.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "allocator/memory.h"
#include "allocator/writer.h"

namespace allocator {

/// The zeroed memory that the allocator's process-wide and per-thread records lie in. No
/// constructor runs: malloc is called before any could.
struct RealStorage {
  [[gnu::visibility("hidden")]] alignas(
      4096) static inline constinit std::array<std::byte, kGlobalsBytes> globals{};
  [[gnu::visibility("hidden"), gnu::tls_model("initial-exec")]] alignas(
      64) static inline constinit thread_local std::array<std::byte, kThreadBytes> thread{};
};

/// The text of a small file of the kernel's, read without allocating.
template <std::size_t Size>
[[nodiscard]] inline std::string_view read_small_file(const char* path,
                                                      std::array<char, Size>& buffer) noexcept {
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  const ssize_t got = ::read(fd, buffer.data(), buffer.size());
  ::close(fd);
  return got <= 0 ? std::string_view{} : std::string_view{buffer.data(), static_cast<size_t>(got)};
}

/// getenv, which would bring two more pages of the C library in: a process's first call asks often.
[[nodiscard]] inline const char* find_variable(const char* name) noexcept {
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
    std::size_t i = 0;
    while (name[i] != 0 && (*entry)[i] == name[i]) ++i;
    if (name[i] == 0 && (*entry)[i] == '=') return *entry + i + 1;
  }
  return nullptr;
}

/// The number a text starts with; 0 when it starts with none.
[[nodiscard]] constexpr std::size_t leading_number(std::string_view text) noexcept {
  std::size_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') break;
    value = value * 10 + static_cast<std::size_t>(c - '0');
  }
  return value;
}

/// Contracts: memory.h. Nothing here allocates or throws.
struct RealMemory {
  template <class T>
  [[nodiscard]] T load(VirtAddr at, AccessTag tag) const noexcept {
    if (is_racy(tag)) return static_cast<T>(load_shared(at));
    T value;
    std::memcpy(&value, pointer(at), sizeof value);
    return value;
  }
  template <class T>
  void store(VirtAddr at, T value, AccessTag tag) const noexcept {
    if (is_racy(tag)) return store_shared(at, value);
    std::memcpy(pointer(at), &value, sizeof value);
  }
  [[nodiscard]] std::uint64_t load_shared(VirtAddr at) const noexcept {
    return __atomic_load_n(static_cast<std::uint64_t*>(pointer(at)), __ATOMIC_ACQUIRE);
  }
  void store_shared(VirtAddr at, std::uint64_t value) const noexcept {
    __atomic_store_n(static_cast<std::uint64_t*>(pointer(at)), value, __ATOMIC_RELEASE);
  }
  void copy(VirtAddr to, VirtAddr from, std::size_t n, AccessTag /*tag*/) const noexcept {
    std::memcpy(pointer(to), pointer(from), n);
  }
  void fill(VirtAddr at, std::uint8_t byte, std::size_t n, AccessTag /*tag*/) const noexcept {
    std::memset(pointer(at), byte, n);
    __asm__ volatile("");  // called, not jumped to: a fault in it is told by whom it returns to
  }

  [[nodiscard]] std::size_t page_size() const noexcept { return 4096; }
  [[nodiscard]] VirtAddr globals() const noexcept { return address(RealStorage::globals.data()); }
  [[nodiscard]] VirtAddr thread_locals() const noexcept {
    return address(RealStorage::thread.data());
  }

  [[nodiscard]] VirtAddr sbrk(std::ptrdiff_t delta) const noexcept { return result(::sbrk(delta)); }
  [[nodiscard]] VirtAddr mmap(VirtAddr hint, std::size_t n, int prot, int flags) const noexcept {
    return result(::mmap(pointer(hint), n, prot, flags, -1, 0));
  }
  bool munmap(VirtAddr at, std::size_t n) const noexcept { return ::munmap(pointer(at), n) == 0; }
  [[nodiscard]] VirtAddr mremap(VirtAddr at, std::size_t old_length,
                                std::size_t new_length) const noexcept {
    return result(::mremap(pointer(at), old_length, new_length, MREMAP_MAYMOVE));
  }
  [[nodiscard]] bool mprotect(VirtAddr at, std::size_t n, int prot) const noexcept {
    return ::mprotect(pointer(at), n, prot) == 0;
  }
  bool madvise(VirtAddr at, std::size_t n, int advice) const noexcept {
    return ::madvise(pointer(at), n, advice) == 0;
  }

  /// Whole pages, at most 2 MiB of them.
  [[gnu::cold, gnu::noinline]] static std::size_t mincore(VirtAddr at, std::size_t n) noexcept {
    constexpr std::size_t kPage = 4096;
    std::array<unsigned char, 512> core;
    const int saved = errno;
    const bool known = n <= core.size() * kPage && ::mincore(pointer(at), n, core.data()) == 0;
    errno = saved;
    std::size_t present = 0;
    for (std::size_t i = 0; known && i < n / kPage; ++i) present += core[i] & 1U;
    return present * kPage;
  }

  /// Without entropy, clock bits: the key then only has to be unlikely.
  [[nodiscard]] std::uint64_t random() const noexcept {
    std::uint64_t key = 0;
    if (::getrandom(&key, sizeof key, GRND_NONBLOCK) == sizeof key) return key;
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    constexpr std::uint64_t kSpread = 0x9e37'79b9'7f4a'7c15;
    return (static_cast<std::uint64_t>(now.tv_nsec) + address(&now).raw()) * kSpread;
  }
  [[nodiscard]] unsigned online_cpus() const noexcept {
    const long cpus = ::sysconf(_SC_NPROCESSORS_ONLN);
    return cpus > 0 ? static_cast<unsigned>(cpus) : 0;
  }
  [[nodiscard]] bool overcommit_never() const noexcept {
    if (::getauxval(AT_SECURE) != 0) return true;
    std::array<char, 8> buffer;
    return read_small_file("/proc/sys/vm/overcommit_memory", buffer).starts_with('2');
  }
  [[nodiscard, gnu::cold]] static std::size_t thp_size() noexcept {
    std::array<char, 64> buffer;
    const std::string_view mode =
        read_small_file("/sys/kernel/mm/transparent_hugepage/enabled", buffer);
    if (mode.find("[madvise]") == std::string_view::npos) return 0;
    return leading_number(
        read_small_file("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size", buffer));
  }
  /// Static, like thp_size: a copy for each source would take the room of other code.
  [[nodiscard]] static std::size_t hugetlb_size(std::size_t n) noexcept;
  [[nodiscard]] std::string_view environment(const char* name) const noexcept {
    if (::getauxval(AT_SECURE) != 0) return {};
    const char* value = find_variable(name);
    return value == nullptr ? std::string_view{} : std::string_view{value};
  }

  /// The number of the one that the calling thread runs on.
  [[nodiscard]] static unsigned processor() noexcept {
    const int number = ::sched_getcpu();
    return number < 0 ? 0 : static_cast<unsigned>(number);
  }
  [[nodiscard]] bool single_threaded() const noexcept { return ::__libc_single_threaded != 0; }
  void lock(VirtAddr at) const noexcept;
  [[nodiscard]] bool try_lock(VirtAddr at) const noexcept {
    std::uint32_t expected = kFree;
    return __atomic_compare_exchange_n(word(at), &expected, kHeld, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
  }
  void unlock(VirtAddr at) const noexcept;

  [[nodiscard]] int error() const noexcept { return errno; }
  void set_error(int number) const noexcept { errno = number; }
  [[noreturn, gnu::cold, gnu::noinline]] static void die(const char* message) noexcept {
    char newline = '\n';
    const std::array<iovec, 2> text{iovec{const_cast<char*>(message), std::strlen(message)},
                                    iovec{&newline, 1}};
    [[maybe_unused]] const ssize_t written = ::writev(STDERR_FILENO, text.data(), 2);
    std::abort();
  }

 protected:
  static constexpr std::uint32_t kFree = 0;
  static constexpr std::uint32_t kHeld = 1;
  static constexpr std::uint32_t kAwaited = 2;  ///< held, and somebody may sleep on it

  /// Takes a lock that somebody holds: looks whether it is free for about as long as a call holds
  /// it, which costs less than to sleep and be woken; then sleeps on it, marked as awaited.
  [[gnu::cold, gnu::noinline]] static void await(VirtAddr at) noexcept {
    constexpr unsigned kLooks = 40;
    for (unsigned look = 0; look < kLooks; ++look) {
      pause();
      if (__atomic_load_n(word(at), __ATOMIC_RELAXED) == kFree && RealMemory{}.try_lock(at)) return;
    }
    while (__atomic_exchange_n(word(at), kAwaited, __ATOMIC_ACQUIRE) != kFree) {
      futex(at, FUTEX_WAIT, kAwaited);
    }
  }
  static void pause() noexcept {
#ifdef __x86_64__
    __builtin_ia32_pause();
#endif
  }
  /// False, and nothing done: it is awaited.
  [[nodiscard]] static bool try_unlock(VirtAddr at) noexcept {
    std::uint32_t expected = kHeld;
    return __atomic_compare_exchange_n(word(at), &expected, kFree, false, __ATOMIC_RELEASE,
                                       __ATOMIC_RELAXED);
  }

 private:
  /// Size words: who owns a block reads its size while the neighbour's owner, under the arena's
  /// lock, sets the flag P in the same word. No load or store of an aligned word is torn, so plain
  /// ones do; ThreadSanitizer has to be told by atomic ones.
  [[nodiscard]] static constexpr bool is_racy([[maybe_unused]] AccessTag tag) noexcept {
#ifdef __SANITIZE_THREAD__
    return tag == allocator::tag(Writer::ChunkSize) || tag == allocator::tag(Writer::TopHeader);
#else
    return false;
#endif
  }
  [[nodiscard]] static void* pointer(VirtAddr at) noexcept {
    return reinterpret_cast<void*>(at.raw());  // NOLINT(performance-no-int-to-ptr): the one cast
  }
  [[nodiscard]] static VirtAddr address(const void* p) noexcept {
    return VirtAddr{std::bit_cast<std::uint64_t>(p)};
  }
  /// What a system call returned; -1 is null.
  [[nodiscard]] static VirtAddr result(const void* p) noexcept {
    const std::uint64_t raw = std::bit_cast<std::uint64_t>(p);
    return raw == ~std::uint64_t{0} ? VirtAddr{} : VirtAddr{raw};
  }
  [[nodiscard]] static std::uint32_t* word(VirtAddr at) noexcept {
    return static_cast<std::uint32_t*>(pointer(at));
  }
  /// Sleeps or wakes on a lock; errno stays as it is.
  [[gnu::cold, gnu::noinline]] static void futex(VirtAddr at, int operation,
                                                 std::uint32_t value) noexcept {
    const int saved = errno;
    ::syscall(SYS_futex, pointer(at), operation | FUTEX_PRIVATE_FLAG, value, nullptr, nullptr, 0);
    errno = saved;
  }
};
static_assert(MemoryBackend<RealMemory>);

inline void RealMemory::lock(VirtAddr at) const noexcept {
  if (!try_lock(at)) [[unlikely]]
    await(at);
}

inline void RealMemory::unlock(VirtAddr at) const noexcept {
  if (__atomic_exchange_n(word(at), kFree, __ATOMIC_RELEASE) == kAwaited) [[unlikely]]
    futex(at, FUTEX_WAKE, 1);
}

/// The pool's directory is named by the page size in KiB.
inline std::size_t RealMemory::hugetlb_size(std::size_t n) noexcept {
  constexpr std::size_t kKiB = 1024;
  if (n == 0) {
    std::array<char, 4096> buffer;
    const std::string_view text = read_small_file("/proc/meminfo", buffer);
    constexpr std::string_view kKey = "Hugepagesize:";
    const std::size_t at = text.find(kKey);
    if (at == std::string_view::npos) return 0;
    const std::size_t digit = text.find_first_of("0123456789", at);
    if (digit == std::string_view::npos) return 0;
    return leading_number({text.data() + digit, text.size() - digit}) * kKiB;
  }
  std::array<char, 96> path{};
  std::array<char, 24> digits{};
  std::size_t first = digits.size();
  for (std::size_t rest = n / kKiB; rest != 0; rest /= 10) {
    digits[--first] = static_cast<char>('0' + rest % 10);
  }
  const std::string_view number{digits.data() + first, digits.size() - first};
  char* end = path.data();
  const auto add = [&end](std::string_view part) {
    std::memcpy(end, part.data(), part.size());
    end += part.size();
  };
  add("/sys/kernel/mm/hugepages/hugepages-");
  add(number);
  add("kB");
  return n % kKiB == 0 && ::access(path.data(), F_OK) == 0 ? n : 0;
}

}  // namespace allocator
