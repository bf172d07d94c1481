#include "pack_index.h"

#include <algorithm>

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

}  // namespace coppice
