// The index of a pack (version 2): where each object lies, sorted by name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "checksum.h"
#include "oid.h"

namespace coppice {

// The type of an entry that is a delta on another one of its pack; other entries have the type of their object.
inline constexpr int kOffsetDelta = 6;

struct PackIndexEntry {
  Oid oid{};
  uint64_t offset = 0;
  uint32_t crc = 0;  // of the object's bytes in the pack, header included
};

// Sorted by name.
std::string packIndexBytes(std::vector<PackIndexEntry> entries, const Checksum::Digest& packChecksum);

// What such bytes say, sorted by name. Throws CORRUPT; the trailing checksum is not looked at.
std::vector<PackIndexEntry> parsePackIndex(std::string_view bytes, const std::string& path);

}  // namespace coppice
