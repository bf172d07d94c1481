// The object database of a handle: the session's store, then packs, then loose objects, of the repository and its alternates.
// Put together by us instead of git_repository_odb, which would read loose objects its own way (loose_object.h).
#pragma once

#include <string>

#include "object_store.h"
#include "owned.h"

namespace coppice {

OwnedOdb openObjectDatabase(const std::string& commonDirectory, ObjectStore& store);

}  // namespace coppice
