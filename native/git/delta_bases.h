// The objects of a pack that is being written on which later objects of it may be built: the previous version of an object,
// or, when that one is not in this pack, the first object here that came from the same version.
// Limits: chains of 40 (each link is one more object to read), objects of up to 16 MiB.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>

#include "object_store.h"

namespace coppice {

class DeltaBases {
 public:
  struct Delta {
    uint64_t baseOffset = 0;
    uint32_t depth = 0;
    std::string bytes;
  };

  // nullopt: the object is written whole.
  std::optional<Delta> find(const StoredObject& object) const;

  // `object` lies at `offset`; `depth` 0: whole.
  void add(const Oid& oid, const StoredObject& object, uint64_t offset, uint32_t depth);

 private:
  struct Base {
    git_object_t type = GIT_OBJECT_INVALID;
    std::shared_ptr<const std::string> data;
    uint64_t offset = 0;
    uint32_t depth = 0;
  };
  const Base* baseOf(const Oid& previousOid) const;

  std::unordered_map<Oid, Base, OidHash, OidEqual> bases_;
  std::unordered_map<Oid, Oid, OidHash, OidEqual> firstFrom_;  // by a version that is not in this pack
};

}  // namespace coppice
