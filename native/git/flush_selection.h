// Which objects of the store a flush writes: what its refs and the finished commits reach. An object that an operation is still
// working with stays in memory, because in a pack it would have no ref that keeps it from gc when that operation's own flush
// leaves it out.
#pragma once

#include <unordered_set>
#include <utility>
#include <vector>

#include "cancel.h"
#include "object_store.h"

namespace coppice {

struct FlushSelection {
  std::vector<std::pair<Oid, StoredObject>> objects;  // oldest first
  std::unordered_set<Oid, OidHash, OidEqual> roots;   // the commits among them, and the objects that refs name
  bool everything = false;                            // all of the store, whether something reaches it or not
};

// `everything`: asked for by the caller. It is also selected when too many bytes would be left.
FlushSelection selectObjects(const ObjectStore& store, const std::vector<Oid>& refOids, bool everything, const Cancel& cancel);

}  // namespace coppice
