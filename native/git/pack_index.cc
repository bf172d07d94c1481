#include "pack_index.h"

#include <algorithm>
#include <cstring>

#include "failure.h"

namespace coppice {

namespace {

constexpr uint32_t kLarge = 0x80000000u;  // marks a position in the table of 64-bit offsets

void append32(std::string& bytes, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(value >> shift & 0xff));
}

void appendDigest(std::string& bytes, const Checksum::Digest& digest) {
  bytes.append(reinterpret_cast<const char*>(digest.data()), digest.size());
}

// For each first byte of a name, how many objects have that one or a lower one.
void appendFanout(std::string& bytes, const std::vector<PackIndexEntry>& entries) {
  size_t count = 0;
  for (unsigned first = 0; first < 256; first++) {
    while (count < entries.size() && entries[count].oid.id[0] <= first) count++;
    append32(bytes, static_cast<uint32_t>(count));
  }
}

void appendOffsets(std::string& bytes, const std::vector<PackIndexEntry>& entries) {
  std::string large;
  for (const PackIndexEntry& entry : entries) {
    if (entry.offset < kLarge) {
      append32(bytes, static_cast<uint32_t>(entry.offset));
      continue;
    }
    append32(bytes, kLarge | static_cast<uint32_t>(large.size() / 8));
    append32(large, static_cast<uint32_t>(entry.offset >> 32));
    append32(large, static_cast<uint32_t>(entry.offset));
  }
  bytes.append(large);
}

uint32_t read32(std::string_view bytes, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(bytes[at + i])); };
  return byte(0) << 24 | byte(1) << 16 | byte(2) << 8 | byte(3);
}

}  // namespace

std::string packIndexBytes(std::vector<PackIndexEntry> entries, const Checksum::Digest& packChecksum) {
  std::sort(entries.begin(), entries.end(), [](const PackIndexEntry& a, const PackIndexEntry& b) {
    return std::memcmp(a.oid.id, b.oid.id, sizeof a.oid.id) < 0;
  });
  std::string bytes("\377tOc", 4);
  bytes.reserve(1100 + entries.size() * 28);
  append32(bytes, 2);
  appendFanout(bytes, entries);
  for (const PackIndexEntry& entry : entries) bytes.append(reinterpret_cast<const char*>(entry.oid.id), sizeof entry.oid.id);
  for (const PackIndexEntry& entry : entries) append32(bytes, entry.crc);
  appendOffsets(bytes, entries);
  appendDigest(bytes, packChecksum);
  appendDigest(bytes, Checksum::of(bytes));
  return bytes;
}

std::vector<PackIndexEntry> parsePackIndex(std::string_view bytes, const std::string& path) {
  constexpr size_t kFanoutEnd = 8 + 256 * 4, kTrailers = 40, kNameBytes = 20;
  const auto corrupt = [&] { fail(failure_code::kCorrupt, "parsePackIndex", "the index of a pack is malformed", path); };
  if (bytes.size() < kFanoutEnd + kTrailers || bytes.substr(0, 4) != "\377tOc" || read32(bytes, 4) != 2) corrupt();
  const size_t count = read32(bytes, kFanoutEnd - 4);
  const size_t crcs = kFanoutEnd + count * kNameBytes, offsets = crcs + count * 4, large = offsets + count * 4;
  if (bytes.size() < large + kTrailers) corrupt();
  const size_t largeCount = (bytes.size() - kTrailers - large) / 8;
  std::vector<PackIndexEntry> entries(count);
  for (size_t i = 0; i < count; i++) {
    PackIndexEntry& entry = entries[i];
    std::memcpy(entry.oid.id, bytes.data() + kFanoutEnd + i * kNameBytes, kNameBytes);
    entry.crc = read32(bytes, crcs + i * 4);
    entry.offset = read32(bytes, offsets + i * 4);
    if ((entry.offset & kLarge) == 0) continue;
    const size_t at = entry.offset & ~kLarge;
    if (at >= largeCount) corrupt();
    entry.offset = static_cast<uint64_t>(read32(bytes, large + at * 8)) << 32 | read32(bytes, large + at * 8 + 4);
  }
  return entries;
}

}  // namespace coppice
