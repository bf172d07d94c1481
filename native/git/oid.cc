// The hexadecimal form of object names.
#include "oid.h"

namespace coppice {

namespace {

int digitOf(char character) {
  if (character >= '0' && character <= '9') return character - '0';
  if (character >= 'a' && character <= 'f') return character - 'a' + 10;
  if (character >= 'A' && character <= 'F') return character - 'A' + 10;
  return -1;
}

}  // namespace

std::string toHex(const Oid& oid) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(sizeof oid.id * 2);
  for (unsigned char byte : oid.id) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

bool parseOid(std::string_view text, Oid& oid) {
  if (text.size() != sizeof oid.id * 2) return false;
  Oid parsed{};
  for (size_t i = 0; i < sizeof parsed.id; i++) {
    const int high = digitOf(text[2 * i]);
    const int low = digitOf(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    parsed.id[i] = static_cast<unsigned char>(high << 4 | low);
  }
  oid = parsed;
  return true;
}

}  // namespace coppice
