// A pack of ours as it lies on disk: its entries one by one, without inflating them. For copying them to another pack, and for
// looking whether a copy is right.
// Limits: packs as PackWriter writes them; an entry of another kind (a delta on a named object) is refused.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mapped_file.h"
#include "pack_index.h"

namespace coppice {

// One entry, as bytes that point into the mapped pack.
struct PackedEntry {
  PackIndexEntry index;
  int type = 0;                   // of the entry: an object's type or kOffsetDelta
  uint64_t size = 0;              // inflated: of the object, or of the delta
  std::optional<size_t> base;     // of a delta: the number of the entry it is built on, always a smaller one
  std::string_view compressed;
};

class PackReader {
 public:
  // `path` without ending. Throws NOT_FOUND when the pack is gone, CORRUPT.
  explicit PackReader(const std::string& path);

  // Entries are numbered in the order in which they lie.
  size_t count() const { return byOffset_.size(); }
  Oid oid(size_t number) const { return index_.oid(byOffset_[number]); }
  // Throws CORRUPT when the bytes are not the ones that were written (CRC-32).
  PackedEntry entry(size_t number) const;
  // Entries before this one have been used. They can still be read.
  void passed(size_t number);
  const PackIndexView& index() const { return index_; }

 private:
  uint64_t offset(size_t number) const { return index_.offset(byOffset_[number]); }
  size_t numberAt(uint64_t offset) const;  // of the first entry that does not lie before it

  std::string path_, indexPath_;
  MappedFile file_, indexFile_;
  PackIndexView index_;
  PageVector<uint32_t> byOffset_;  // numbers of the index
  uint64_t released_ = 0;
};

}  // namespace coppice
