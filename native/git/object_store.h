// New objects of a session: in memory first, readable at once by everybody in the session, on disk with the next flush.
// Nothing is left out because the object database already has it: only a ref keeps an object from gc (PROTOCOLS P1).
#pragma once

#include <git2.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "oid.h"

namespace coppice {

struct StoredObject {
  git_object_t type = GIT_OBJECT_INVALID;
  std::shared_ptr<const std::string> data;
  std::optional<Oid> previousOid;  // a likely delta base
};

class ObjectStore {
 public:
  // Hashes and keeps; the same object twice is one.
  Oid put(git_object_t type, std::string data, const Oid* previousOid = nullptr);
  std::optional<StoredObject> find(const Oid& oid) const;
  size_t bytes() const;

  // What a flush writes: everything put so far, oldest first. The objects stay readable here until `drop`, which is called
  // once the pack is durable, so there is no instant at which a reader sees neither.
  std::vector<std::pair<Oid, StoredObject>> pending() const;
  void drop(const std::vector<std::pair<Oid, StoredObject>>& written);

  // A libgit2 backend that reads from and writes to this store, to be added to the odb of each handle with a higher priority
  // than the packs. The store outlives every handle.
  git_odb_backend* newBackend();

 private:
  mutable std::mutex mutex_;
  std::unordered_map<Oid, StoredObject, OidHash, OidEqual> objects_;
  std::vector<Oid> order_;
  size_t bytes_ = 0;
};

Oid hashObject(git_object_t type, std::string_view data);

}  // namespace coppice
