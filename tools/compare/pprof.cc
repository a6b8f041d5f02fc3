// pprof's profile.proto: https://github.com/google/pprof/blob/main/proto/profile.proto.
#include <zlib.h>

#include <map>
#include <stdexcept>
#include <string_view>

#include "tools/compare/exports.h"

namespace tools::compare {
namespace {

/// One protobuf message: numbered fields, numbers as varints, texts and messages by length.
class Message {
 public:
  void number(unsigned field, std::uint64_t value) {
    varint(field << 3);
    varint(value);
  }
  void text(unsigned field, std::string_view value) {
    constexpr unsigned kByLength = 2;
    varint(field << 3 | kByLength);
    varint(value.size());
    bytes_ += value;
  }
  void message(unsigned field, const Message& value) { text(field, value.bytes_); }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }
  [[nodiscard]] const std::string& bytes() const noexcept { return bytes_; }

 private:
  std::string bytes_;
};

/// Field numbers of profile.proto, by message.
namespace profile_field {
constexpr unsigned kSampleType = 1, kSample = 2, kMapping = 3, kLocation = 4, kFunction = 5,
                   kStringTable = 6, kPeriodType = 11, kPeriod = 12;
}
namespace sample_field {
constexpr unsigned kLocations = 1, kValues = 2, kLabel = 3;
}

class PprofWriter {
 public:
  PprofWriter() { static_cast<void>(string("")); }

  void add(const Entry& entry) {
    for (const Profile::Stack& stack : entry.profile->stacks) add(entry, stack);
  }

  std::string finish() {
    const Message faults = pair_of(string("faults"), string("count"));
    profile_.message(profile_field::kSampleType, faults);
    profile_.message(profile_field::kPeriodType, faults);
    profile_.number(profile_field::kPeriod, 1);
    for (const std::string_view text : in_order_) profile_.text(profile_field::kStringTable, text);
    return profile_.bytes();
  }

 private:
  /// ValueType{type, unit}, Label{key, str}.
  static Message pair_of(std::uint64_t first, std::uint64_t second) {
    Message pair;
    pair.number(1, first);
    pair.number(2, second);
    return pair;
  }

  void add(const Entry& entry, const Profile::Stack& stack) {
    Message locations, values, sample;
    for (auto frame = stack.frames.rbegin(); frame != stack.frames.rend(); ++frame) {
      locations.varint(location(entry.profile->frames[*frame]));
    }
    values.varint(stack.faults);
    sample.message(sample_field::kLocations, locations);
    sample.message(sample_field::kValues, values);
    sample.message(sample_field::kLabel, pair_of(string("allocator"), string(entry.subject.name)));
    profile_.message(profile_field::kSample, sample);
  }

  std::uint64_t string(const std::string& text) {
    const auto [found, fresh] = strings_.try_emplace(text, strings_.size());
    if (fresh) in_order_.push_back(found->first);
    return found->second;
  }

  std::uint64_t mapping(const std::string& object) {
    const auto [found, fresh] = mappings_.try_emplace(object, mappings_.size() + 1);
    if (fresh) {
      constexpr unsigned kId = 1, kFileName = 5, kHasFunctions = 7;
      Message message;
      message.number(kId, found->second);
      message.number(kFileName, string(object));
      message.number(kHasFunctions, 1);
      profile_.message(profile_field::kMapping, message);
    }
    return found->second;
  }

  std::uint64_t function(const ProfileFrame& frame) {
    const std::string name = frame.symbol.function.empty() ? frame.label() : frame.symbol.function;
    const auto [found, fresh] =
        functions_.try_emplace({name, frame.symbol.source}, functions_.size() + 1);
    if (fresh) {
      constexpr unsigned kId = 1, kName = 2, kFileName = 4;
      Message message;
      message.number(kId, found->second);
      message.number(kName, string(name));
      message.number(kFileName, string(frame.symbol.source));
      profile_.message(profile_field::kFunction, message);
    }
    return found->second;
  }

  std::uint64_t location(const ProfileFrame& frame) {
    const auto [found, fresh] =
        locations_.try_emplace({frame.object, frame.offset}, locations_.size() + 1);
    if (fresh) {
      constexpr unsigned kId = 1, kMapping = 2, kAddress = 3, kLine = 4;
      Message message;
      message.number(kId, found->second);
      message.number(kMapping, mapping(frame.object));
      message.number(kAddress, frame.offset);
      message.message(kLine,
                      pair_of(function(frame), static_cast<std::uint64_t>(frame.symbol.line)));
      profile_.message(profile_field::kLocation, message);
    }
    return found->second;
  }

  Message profile_;
  std::map<std::string, std::uint64_t> strings_;
  std::vector<std::string_view> in_order_;  ///< the keys of strings_
  std::map<std::string, std::uint64_t> mappings_;
  std::map<std::pair<std::string, std::string>, std::uint64_t> functions_;
  std::map<std::pair<std::string, std::uint64_t>, std::uint64_t> locations_;
};

std::string gzip(const std::string& text) {
  constexpr int kGzip = 16 + MAX_WBITS, kMemory = 8;
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzip, kMemory,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error{"zlib has no memory"};
  }
  std::string packed(deflateBound(&stream, text.size()), '\0');
  std::string input = text;  // zlib's pointer is not const
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const int result = deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) throw std::runtime_error{"zlib did not finish"};
  return packed;
}

}  // namespace

std::string to_pprof(const Comparison& comparison) {
  PprofWriter writer;
  for (const Entry& entry : comparison.entries) {
    if (entry.profile) writer.add(entry);
  }
  return gzip(writer.finish());
}

}  // namespace tools::compare
