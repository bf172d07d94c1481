// Copies the entries of several packs into one, as they are compressed, each object once; a delta keeps its base, at its new
// distance.
// Limits: memory follows the largest pack at nine bytes an object, and the objects that are in several packs.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "cancel.h"
#include "pack_reader.h"
#include "pack_writer.h"
#include "session.h"

namespace coppice {

using Packs = std::vector<std::unique_ptr<PackReader>>;

std::vector<const PackIndexView*> indexesOf(const Packs& packs);

class PackCopy {
 public:
  // Reads the names of all packs. Throws CORRUPT, LIMIT, CANCELLED.
  PackCopy(const Packs& packs, const Cancel& cancel);

  uint32_t objects() const { return objects_; }  // in all packs, each once
  // `writer` was announced as many objects.
  void to(PackWriter& writer, Handle& handle);

 private:
  // Where an object came to lie in the new pack.
  struct Place {
    uint64_t offset : 56;  // 0: nowhere yet
    uint64_t depth : 8;
  };
  void copyAll(PackReader& pack, PackWriter& writer, Handle& handle);
  Place copyOne(const PackReader& pack, const PackedEntry& entry, PackWriter& writer, Handle& handle);

  const Packs& packs_;
  const Cancel& cancel_;
  uint32_t objects_ = 0;
  PageVector<Place> places_;                                       // of the pack that is being copied
  std::unordered_map<Oid, Place, OidHash, OidEqual> several_;  // of the objects that are in several packs
};

}  // namespace coppice
