#include "delta.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace coppice {

namespace {

constexpr size_t kMaxInsert = 127;
constexpr size_t kMaxCopy = 0x10000;  // git reads more, but writes no more than this
// An insert ends for a copy only when the copy's seven bytes at most are paid back.
constexpr size_t kMinCopy = 12;
constexpr size_t kMinTarget = 64;
constexpr size_t kMaxBytes = std::numeric_limits<uint32_t>::max();  // an offset in the base has four bytes

void appendSize(std::string& delta, size_t size) {
  for (; size > 0x7f; size >>= 7) delta.push_back(static_cast<char>(size | 0x80));
  delta.push_back(static_cast<char>(size));
}

// One byte that says which bytes of offset and size follow: those that are not zero.
void appendCopy(std::string& delta, size_t offset, size_t size) {
  while (size > 0) {
    const size_t piece = std::min(size, kMaxCopy);
    const size_t first = delta.size();
    unsigned char command = 0x80;
    delta.push_back(0);
    for (int i = 0; i < 4; i++) {
      const auto byte = static_cast<unsigned char>(offset >> 8 * i);
      if (byte == 0) continue;
      command = static_cast<unsigned char>(command | 1 << i);
      delta.push_back(static_cast<char>(byte));
    }
    for (int i = 0; piece != kMaxCopy && i < 2; i++) {  // no size at all means the largest
      const auto byte = static_cast<unsigned char>(piece >> 8 * i);
      if (byte == 0) continue;
      command = static_cast<unsigned char>(command | 0x10 << i);
      delta.push_back(static_cast<char>(byte));
    }
    delta[first] = static_cast<char>(command);
    offset += piece;
    size -= piece;
  }
}

void appendInsert(std::string& delta, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, kMaxInsert);
    delta.push_back(static_cast<char>(piece.size()));
    delta.append(piece);
    bytes.remove_prefix(piece.size());
  }
}

size_t commonStart(std::string_view a, std::string_view b) {
  const size_t most = std::min(a.size(), b.size());
  size_t at = 0;
  while (most - at >= 64 && std::memcmp(a.data() + at, b.data() + at, 64) == 0) at += 64;
  while (at < most && a[at] == b[at]) at++;
  return at;
}

size_t commonEnd(std::string_view a, std::string_view b) {
  const size_t most = std::min(a.size(), b.size());
  const char *endOfA = a.data() + a.size(), *endOfB = b.data() + b.size();
  size_t count = 0;
  while (most - count >= 64 && std::memcmp(endOfA - count - 64, endOfB - count - 64, 64) == 0) count += 64;
  while (count < most && endOfA[-1 - static_cast<std::ptrdiff_t>(count)] == endOfB[-1 - static_cast<std::ptrdiff_t>(count)]) count++;
  return count;
}

// Both parts are of one size: copies what is equal at the same place.
void appendAligned(std::string& delta, std::string_view base, std::string_view target, size_t offset, size_t limit) {
  size_t at = 0, written = 0;
  while (at < target.size() && delta.size() < limit) {
    const size_t same = commonStart(base.substr(at), target.substr(at));
    if (same >= kMinCopy) {
      appendInsert(delta, target.substr(written, at - written));
      appendCopy(delta, offset + at, same);
      written = at + same;
    }
    at += same + 1;
  }
  appendInsert(delta, target.substr(written));
}

}  // namespace

std::string deltaBetween(std::string_view base, std::string_view target) {
  if (target.size() < kMinTarget || target.size() > kMaxBytes || base.size() > kMaxBytes) return {};
  const size_t start = commonStart(base, target);
  const size_t end = commonEnd(base.substr(start), target.substr(start));
  const size_t limit = target.size() / 2;
  const std::string_view middle = target.substr(start, target.size() - start - end);
  const bool aligned = base.size() == target.size();
  if (!aligned && middle.size() >= limit) return {};
  std::string delta;
  appendSize(delta, base.size());
  appendSize(delta, target.size());
  appendCopy(delta, 0, start);
  if (aligned) {
    appendAligned(delta, base.substr(start, middle.size()), middle, start, limit);
  } else {
    appendInsert(delta, middle);
  }
  appendCopy(delta, base.size() - end, end);
  if (delta.size() >= limit) return {};
  return delta;
}

}  // namespace coppice
