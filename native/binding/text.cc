#include "text.h"

#include <cstdint>

namespace coppice {

namespace {

constexpr char16_t kEscapeBase = 0xDC00;

struct Decoded {
  char32_t codePoint;
  size_t length;  // 0: the byte at that place begins no valid sequence
};

bool isContinuation(unsigned char byte) { return (byte & 0xC0) == 0x80; }

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
Decoded decode(std::string_view bytes, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char first = byte(at);
  if (first < 0x80) return {first, 1};
  const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || bytes.size() - at < length) return {0, 0};
  char32_t codePoint = first & (0x7F >> length);
  for (size_t i = 1; i < length; i++) {
    if (!isContinuation(byte(at + i))) return {0, 0};
    codePoint = codePoint << 6 | (byte(at + i) & 0x3F);
  }
  const bool overlong = (length == 3 && codePoint < 0x800) || (length == 4 && codePoint < 0x10000);
  const bool surrogate = codePoint >= 0xD800 && codePoint <= 0xDFFF;
  if (overlong || surrogate || codePoint > 0x10FFFF) return {0, 0};
  return {codePoint, length};
}

void encode(char32_t codePoint, std::string& bytes) {
  const auto add = [&](char32_t value) { bytes.push_back(static_cast<char>(value)); };
  if (codePoint < 0x80) return add(codePoint);
  if (codePoint < 0x800) {
    add(0xC0 | codePoint >> 6);
  } else if (codePoint < 0x10000) {
    add(0xE0 | codePoint >> 12);
    add(0x80 | (codePoint >> 6 & 0x3F));
  } else {
    add(0xF0 | codePoint >> 18);
    add(0x80 | (codePoint >> 12 & 0x3F));
    add(0x80 | (codePoint >> 6 & 0x3F));
  }
  add(0x80 | (codePoint & 0x3F));
}

}  // namespace

bool isUtf8(std::string_view bytes) {
  for (size_t at = 0; at < bytes.size();) {
    const size_t length = decode(bytes, at).length;
    if (length == 0) return false;
    at += length;
  }
  return true;
}

std::u16string toUtf16(std::string_view bytes) {
  std::u16string text;
  text.reserve(bytes.size());
  for (size_t at = 0; at < bytes.size();) {
    const Decoded decoded = decode(bytes, at);
    if (decoded.length == 0) {
      text.push_back(static_cast<char16_t>(kEscapeBase + static_cast<unsigned char>(bytes[at++])));
      continue;
    }
    if (decoded.codePoint < 0x10000) {
      text.push_back(static_cast<char16_t>(decoded.codePoint));
    } else {
      const char32_t offset = decoded.codePoint - 0x10000;
      text.push_back(static_cast<char16_t>(0xD800 + (offset >> 10)));
      text.push_back(static_cast<char16_t>(0xDC00 + (offset & 0x3FF)));
    }
    at += decoded.length;
  }
  return text;
}

std::optional<std::string> fromUtf16(std::u16string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (size_t at = 0; at < text.size(); at++) {
    const char16_t unit = text[at];
    const bool high = unit >= 0xD800 && unit <= 0xDBFF;
    const bool low = unit >= 0xDC00 && unit <= 0xDFFF;
    if (high && at + 1 < text.size() && text[at + 1] >= 0xDC00 && text[at + 1] <= 0xDFFF) {
      encode(0x10000 + ((unit - 0xD800u) << 10) + (text[++at] - 0xDC00u), bytes);
    } else if (low && unit >= kEscapeBase + 0x80 && unit <= kEscapeBase + 0xFF) {
      bytes.push_back(static_cast<char>(unit - kEscapeBase));
    } else if (high || low) {
      return std::nullopt;
    } else {
      encode(unit, bytes);
    }
  }
  return bytes;
}

}  // namespace coppice
