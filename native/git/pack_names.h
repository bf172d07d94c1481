// The objects of several packs, each once: their indexes are sorted by name, so they are read side by side, without a set of
// all names (which took most of the memory of a consolidation).
#pragma once

#include <functional>
#include <vector>

#include "cancel.h"
#include "pack_index.h"

namespace coppice {

// In the order of the names; `indexes`: how many of them have it. Throws CORRUPT when an index is not sorted, CANCELLED.
void eachName(const std::vector<const PackIndexView*>& indexes, const Cancel& cancel,
              const std::function<void(const Oid& oid, size_t indexes)>& take);

}  // namespace coppice
