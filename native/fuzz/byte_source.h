// Numbers and texts out of the bytes of a fuzzer: when they are used up everything is zero or empty, so that a longer input only
// says more. scripts/fuzz-seeds.mjs writes the same.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace coppice::fuzz {

class ByteSource {
 public:
  explicit ByteSource(std::string_view bytes) : bytes_(bytes) {}

  bool empty() const { return bytes_.empty(); }
  uint8_t byte() {
    if (bytes_.empty()) return 0;
    const auto value = static_cast<uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    return value;
  }
  uint16_t number() {
    const unsigned high = byte();
    return static_cast<uint16_t>(high << 8 | byte());
  }
  std::string_view take(size_t size) {
    const std::string_view piece = bytes_.substr(0, std::min(size, bytes_.size()));
    bytes_.remove_prefix(piece.size());
    return piece;
  }
  /** Its length in one byte, or in two, before it. */
  std::string_view shortText() { return take(byte()); }
  std::string_view longText() { return take(number()); }
  std::string_view rest() { return take(bytes_.size()); }

 private:
  std::string_view bytes_;
};

}  // namespace coppice::fuzz
