// Delta debugging over the lines of a script, then over the words and numbers of each.
#include "tests/scripts/script_shrinker.h"

#include <fmt/format.h>

#include <cctype>
#include <vector>

#include "tests/shrink.h"

namespace tools::run {
namespace {

using Clock = std::chrono::steady_clock;
using Pieces = std::vector<std::string>;

class Shrinker {
 public:
  Shrinker(const Pieces& script, const std::function<bool(const std::string&)>& fails,
           std::chrono::milliseconds budget)
      : fails_{fails}, deadline_{Clock::now() + budget}, best_{script} {}

  std::string run() {
    do {
      drop_parts([this]() -> const Pieces& { return best_; },
                 [this](Pieces candidate) { keep_if_failing(std::move(candidate)); },
                 [this] { return in_time(); });
    } while (simplify());
    return joined(best_);
  }

 private:
  static std::string joined(const Pieces& pieces) {
    return fmt::format("{}", fmt::join(pieces, ""));
  }

  bool keep_if_failing(Pieces candidate) {
    if (!in_time() || candidate == best_ || !fails_(joined(candidate))) return false;
    best_ = std::move(candidate);
    return true;
  }

  bool replace(std::size_t line, std::string text) {
    Pieces candidate = best_;
    candidate[line] = std::move(text);
    return keep_if_failing(std::move(candidate));
  }

  bool simplify() {
    bool any = false;
    for (std::size_t i = 0; i < best_.size(); ++i) {
      while (drop_word(i)) any = true;
      while (lower_number(i)) any = true;
    }
    return any;
  }

  bool drop_word(std::size_t line) {
    const std::string text = best_[line];
    for (std::size_t end = text.size() - 1; end != std::string::npos && end > 0;) {
      const std::size_t space = text.rfind(' ', end - 1);
      if (space == std::string::npos) return false;
      if (replace(line, text.substr(0, space) + text.substr(end))) return true;
      end = space;
    }
    return false;
  }

  /// Decimal numbers alone: names have their digits glued to letters, addresses are hexadecimal.
  bool lower_number(std::size_t line) {
    const std::string text = best_[line];
    const auto is_digit = [&](std::size_t at) {
      return at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0;
    };
    for (std::size_t at = 1; at < text.size(); ++at) {
      if (!is_digit(at) || std::isalnum(static_cast<unsigned char>(text[at - 1])) != 0) continue;
      std::size_t end = at;
      while (is_digit(end)) ++end;
      if (end < text.size() && text[end] == 'x') continue;
      const unsigned long now = std::stoul(text.substr(at, end - at));
      for (const unsigned long simpler : {0ul, 1ul, now / 2, now - (now != 0 ? 1 : 0)}) {
        if (simpler >= now) continue;
        if (replace(line, text.substr(0, at) + std::to_string(simpler) + text.substr(end)))
          return true;
      }
    }
    return false;
  }

  [[nodiscard]] bool in_time() const { return Clock::now() < deadline_; }

  const std::function<bool(const std::string&)>& fails_;
  const Clock::time_point deadline_;
  Pieces best_;
};

}  // namespace

std::string shrink_script(const std::vector<std::string>& script,
                          const std::function<bool(const std::string&)>& fails,
                          std::chrono::milliseconds budget) {
  return Shrinker{script, fails, budget}.run();
}

}  // namespace tools::run
