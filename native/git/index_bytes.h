// Reading big-endian numbers and pieces out of untrusted bytes, every length checked. For the index and its extensions.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace coppice {

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}
  size_t left() const { return bytes_.size() - at_; }
  size_t position() const { return at_; }

  bool take(size_t count, std::string_view& piece) {
    if (left() < count) return false;
    piece = bytes_.substr(at_, count);
    at_ += count;
    return true;
  }
  // Up to (and past) the next `end`.
  bool takeUntil(char end, std::string_view& piece) {
    const size_t found = bytes_.find(end, at_);
    if (found == std::string_view::npos) return false;
    piece = bytes_.substr(at_, found - at_);
    at_ = found + 1;
    return true;
  }
  bool take16(uint16_t& value) {
    std::string_view piece;
    if (!take(2, piece)) return false;
    value = static_cast<uint16_t>(byte(piece, 0) << 8 | byte(piece, 1));
    return true;
  }
  bool take32(uint32_t& value) {
    std::string_view piece;
    if (!take(4, piece)) return false;
    value = static_cast<uint32_t>(byte(piece, 0)) << 24 | static_cast<uint32_t>(byte(piece, 1)) << 16 |
            static_cast<uint32_t>(byte(piece, 2)) << 8 | byte(piece, 3);
    return true;
  }
  // The offset encoding of packs, which index version 4 uses too.
  bool takeVarint(uint64_t& value) {
    std::string_view piece;
    if (!take(1, piece)) return false;
    value = byte(piece, 0) & 0x7f;
    while (byte(piece, 0) & 0x80) {
      if (value > (uint64_t{1} << 48) || !take(1, piece)) return false;
      value = ((value + 1) << 7) | (byte(piece, 0) & 0x7f);
    }
    return true;
  }

 private:
  static unsigned char byte(std::string_view piece, size_t i) { return static_cast<unsigned char>(piece[i]); }

  std::string_view bytes_;
  size_t at_ = 0;
};

template <class Bytes>
void append16(Bytes& bytes, uint16_t value) {
  bytes.push_back(static_cast<char>(value >> 8));
  bytes.push_back(static_cast<char>(value));
}
template <class Bytes>
void append32(Bytes& bytes, uint32_t value) {
  append16(bytes, static_cast<uint16_t>(value >> 16));
  append16(bytes, static_cast<uint16_t>(value));
}

// The bits of an entry's flags.
namespace index_flag {
inline constexpr uint16_t kAssumeUnchanged = 0x8000;
inline constexpr uint16_t kExtended = 0x4000;
inline constexpr uint16_t kStageMask = 0x3000;
inline constexpr int kStageShift = 12;
inline constexpr uint16_t kNameMask = 0x0fff;
inline constexpr uint16_t kExtendedSkipWorktree = 0x4000;
inline constexpr uint16_t kExtendedIntentToAdd = 0x2000;
}  // namespace index_flag

}  // namespace coppice
