// The index of a pack (version 2): where each object lies, sorted by name.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "checksum.h"
#include "oid.h"
#include "page_allocator.h"

namespace coppice {

// The type of an entry that is a delta on another one of its pack; other entries have the type of their object.
inline constexpr int kOffsetDelta = 6;

struct PackIndexEntry {
  Oid oid{};
  uint32_t crc = 0;  // of the object's bytes in the pack, header included
  uint64_t offset = 0;
};

// Sorts the entries by name, and gives the index to `take` in pieces: as a whole it is as large as the entries.
void writePackIndex(PageVector<PackIndexEntry>& entries, const Checksum::Digest& packChecksum,
                    const std::function<void(std::string_view)>& take);

// An index where it lies, usually in a mapped file. Objects are numbered in the order of their names.
class PackIndexView {
 public:
  // `bytes` and `path` outlive the view. Throws CORRUPT; the trailing checksum is not looked at.
  PackIndexView(std::string_view bytes, const std::string& path);

  size_t count() const { return count_; }
  Oid oid(size_t number) const;
  uint32_t crc(size_t number) const;
  uint64_t offset(size_t number) const;  // throws CORRUPT
  const std::string& path() const { return path_; }

 private:
  std::string_view bytes_;
  const std::string& path_;
  size_t count_ = 0, crcs_ = 0, offsets_ = 0, large_ = 0, largeCount_ = 0;
};

}  // namespace coppice
