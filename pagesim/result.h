// Result: a value or an error, spelled like std::expected so that C++23 can take its place.
#pragma once

#include <utility>
#include <variant>

namespace pagesim {

template <class E>
class Unexpected {
 public:
  constexpr explicit Unexpected(E error) : error_{std::move(error)} {}
  [[nodiscard]] constexpr const E& error() const noexcept { return error_; }

 private:
  E error_;
};

/// Holds a T or an E. value() of an error and error() of a value throw std::bad_variant_access.
template <class T, class E>
class [[nodiscard]] Result {
 public:
  constexpr Result(T value) : held_{std::in_place_index<0>, std::move(value)} {}
  constexpr Result(Unexpected<E> error) : held_{std::in_place_index<1>, error.error()} {}

  [[nodiscard]] constexpr bool has_value() const noexcept { return held_.index() == 0; }
  constexpr explicit operator bool() const noexcept { return has_value(); }
  [[nodiscard]] constexpr const T& value() const { return std::get<0>(held_); }
  [[nodiscard]] constexpr const E& error() const { return std::get<1>(held_); }
  [[nodiscard]] constexpr T value_or(T otherwise) const {
    return has_value() ? value() : std::move(otherwise);
  }
  [[nodiscard]] constexpr const T& operator*() const { return value(); }
  constexpr const T* operator->() const { return &value(); }

 private:
  std::variant<T, E> held_;
};

/// Nothing, or an error.
struct Done {
  friend bool operator==(Done, Done) = default;
};
template <class T>
using SysResult = Result<T, int>;  ///< the error is an errno, positive

}  // namespace pagesim
