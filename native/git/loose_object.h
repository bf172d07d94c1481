// Loose objects read by us, from files that anybody with access to the repository may have written. libgit2 1.9.1 reads a
// truncated one for ever, and writes beyond its buffer when one is longer than its header says.
#pragma once

#include <git2.h>
#include <git2/sys/odb_backend.h>

#include <optional>
#include <string>

#include "oid.h"

namespace coppice {

struct LooseObject {
  git_object_t type = GIT_OBJECT_INVALID;
  std::string data;
};

// nullopt: there is no such file. Throws CORRUPT when it is not exactly one object of that name, LIMIT beyond 4 GiB.
std::optional<LooseObject> readLooseObject(const std::string& objectsDirectory, const Oid& oid);

// The same as a backend of an odb, which owns it from git_odb_add_backend on. It never writes.
git_odb_backend* newLooseBackend(std::string objectsDirectory);

}  // namespace coppice
