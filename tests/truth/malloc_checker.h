// Holds a run against a trace, call by call and operation by operation.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include "tests/truth/address_book.h"
#include "tests/truth/malloc_trace.h"

namespace truth {

/// The run differs from the trace; the message names trace, operation, expected and got.
class Mismatch : public std::runtime_error {
 public:
  Mismatch(std::size_t op, const std::string& what) : std::runtime_error{what}, op_{op} {}
  [[nodiscard]] std::size_t op() const noexcept { return op_; }

 private:
  std::size_t op_;
};

/// What an operation gave, with this run's own addresses.
struct RawResult {
  std::uint64_t pointer = 0;
  std::uint64_t usable = 0;
  int error = 0;
  std::int64_t value = 0;  ///< sbrk: the address, or -1
  std::array<std::uint64_t, 5> info{};
};

/// The address the kernel has to choose, where the trace tells: `address`, else one congruent to
/// `residue` modulo `alignment`.
struct Placement {
  std::uint64_t address = 0;
  std::uint64_t alignment = 4096;
  std::uint64_t residue = 0;
};

class Checker {
 public:
  /// How the ends of an arena's 128-MiB reservation, cut off to leave 64 MiB aligned, must match.
  enum class Ends {
    Exact,  ///< the run placed the reservation as the trace did
    Sum     ///< the kernel placed it anywhere
  };
  /// `base`: the run's initial program break. The trace must outlive the checker.
  Checker(const Trace& trace, std::uint64_t base, Ends ends);

  /// The run reached operation `op`.
  void begin(std::size_t op);
  /// The run makes a system call, `call` without its outcome: the trace's own, whose outcome it
  /// must get. Throws Mismatch when the trace has another call here, or none.
  const SystemCall& expect(const RawCall& call);
  /// Where a mapping the run is about to make has to lie.
  [[nodiscard]] Placement placement() const;
  /// The call last expected was made and came out as `call`. Throws Mismatch.
  void made(const RawCall& call);
  /// The operation returned. Throws Mismatch on a difference or a system call not made.
  void finish(const RawResult& result);
  /// The library died. Throws Mismatch unless the trace's did, here, saying the same.
  void died(const std::string& message);

  [[nodiscard]] const AddressBook& book() const noexcept { return book_; }

 private:
  [[noreturn]] void fail(const std::string& what, const std::string& expected,
                         const std::string& got) const;
  [[nodiscard]] bool same(const Place& expected, std::uint64_t got) const;
  [[nodiscard]] bool same_arguments(const SystemCall& expected, const RawCall& call) const;
  [[nodiscard]] bool is_cut_end(const SystemCall& expected) const;
  [[nodiscard]] SystemCall named(const RawCall& call) const;
  void check_calls(const Result& expected) const;
  void check_pointer(const Result& expected, const RawResult& got) const;

  const Trace* trace_;
  AddressBook book_;
  Ends ends_;
  std::size_t op_ = 0;
  std::size_t call_ = 0;
  std::uint64_t unmapped_ = 0;  ///< bytes of the operation's munmaps
};

}  // namespace truth
