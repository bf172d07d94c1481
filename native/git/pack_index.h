// The index of a pack (version 2): where each object lies, sorted by name.
#pragma once

#include <string>
#include <vector>

#include "checksum.h"
#include "oid.h"

namespace coppice {

struct PackIndexEntry {
  Oid oid{};
  uint64_t offset = 0;
  uint32_t crc = 0;  // of the object's bytes in the pack, header included
};

std::string packIndexBytes(std::vector<PackIndexEntry> entries, const Checksum::Digest& packChecksum);

}  // namespace coppice
