#include "portable_path.h"

#include <algorithm>
#include <array>
#include <string>

namespace coppice {
namespace {

constexpr size_t kMaxComponentBytes = 255;

// Windows takes the name up to the first dot, less the spaces before it, for the device, whatever the extension.
bool isDeviceName(std::string_view component) {
  std::string stem(component.substr(0, component.find('.')));
  while (!stem.empty() && stem.back() == ' ') stem.pop_back();
  for (char& c : stem)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  constexpr std::array<std::string_view, 6> kDevices = {"con", "prn", "aux", "nul", "conin$", "conout$"};
  if (std::find(kDevices.begin(), kDevices.end(), stem) != kDevices.end()) return true;
  if (stem.compare(0, 3, "com") != 0 && stem.compare(0, 3, "lpt") != 0) return false;
  // The superscripts one, two and three count as digits there.
  constexpr std::array<std::string_view, 12> kNumbers = {"1", "2", "3", "4", "5", "6", "7", "8", "9", "\xc2\xb9", "\xc2\xb2", "\xc2\xb3"};
  return std::find(kNumbers.begin(), kNumbers.end(), std::string_view(stem).substr(3)) != kNumbers.end();
}

bool isPortableComponent(std::string_view component) {
  if (component.empty() || component.size() > kMaxComponentBytes) return false;
  if (component.back() == '.' || component.back() == ' ') return false;
  constexpr std::string_view kRefused = "<>:\"|?*\\";
  const bool refused = std::any_of(component.begin(), component.end(), [&](char c) {
    return static_cast<unsigned char>(c) < 32 || kRefused.find(c) != std::string_view::npos;
  });
  return !refused && !isDeviceName(component);
}

// The number of bytes of the character at the front, by its first byte; 0: none begins like this.
size_t lengthOfCharacter(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return 2;
  if (first >= 0xe0 && first <= 0xef) return 3;
  return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

bool isUtf8(std::string_view text) {
  while (!text.empty()) {
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
    const size_t length = lengthOfCharacter(byte(0));
    if (length == 0 || length > text.size()) return false;
    for (size_t i = 1; i < length; i++)
      if ((byte(i) & 0xc0) != 0x80) return false;
    // Longer than need be, a surrogate, or beyond the last character.
    if ((byte(0) == 0xe0 && byte(1) < 0xa0) || (byte(0) == 0xed && byte(1) > 0x9f) || (byte(0) == 0xf0 && byte(1) < 0x90) ||
        (byte(0) == 0xf4 && byte(1) > 0x8f))
      return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace

bool isPortablePath(std::string_view path) {
  for (size_t start = 0;;) {
    const size_t slash = path.find('/', start);
    if (!isPortableComponent(path.substr(start, slash == std::string_view::npos ? slash : slash - start))) return false;
    if (slash == std::string_view::npos) return isUtf8(path);
    start = slash + 1;
  }
}

}  // namespace coppice
