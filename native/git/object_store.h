// New objects of a session: in memory first, readable at once by everybody in the session, on disk with the next flush.
// Nothing is left out because the object database already has it: only a ref keeps an object from gc (PROTOCOLS P1).
#pragma once

#include <git2.h>
#include <git2/sys/odb_backend.h>

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
  std::optional<Oid> previousOid;  // the version that it grew from: a likely delta base
};

class ObjectStore {
 public:
  // Hashes and keeps; the same object twice is one.
  Oid put(git_object_t type, std::string data, const Oid* previousOid = nullptr);
  // The same for what hashObject has named already.
  void put(const Oid& oid, git_object_t type, std::string data, const Oid* previousOid) { keep(oid, type, std::move(data), previousOid); }
  std::optional<StoredObject> find(const Oid& oid) const;
  size_t bytes() const;
  // Nobody outside of this session could read it: no pack holds it yet. Such an oid must not leave (PROTOCOLS P1).
  bool isOnlyHere(const Oid& oid) const;

  // What a flush may write: everything put so far, oldest first. The objects stay readable here until `drop`, which is called
  // once the pack is durable, so there is no instant at which a reader sees neither.
  std::vector<std::pair<Oid, StoredObject>> pending() const;

  // An object that was put twice stays for the second flush: whoever put it again counts on its own flush to keep it from gc,
  // and the ref of the first may be gone by then. `evenIfShared` is for a pack that stays guarded as long as the session.
  void drop(const std::vector<std::pair<Oid, StoredObject>>& written, bool evenIfShared = false);

  // A libgit2 backend that reads from and writes to this store, to be added to the odb of each handle with a higher priority
  // than the packs. The store outlives every handle. The caller gives it to git_odb_add_backend, which owns it from then on.
  git_odb_backend* newBackend();

 private:
  friend struct StoreBackend;
  void keep(const Oid& oid, git_object_t type, std::string data, const Oid* previousOid);

  struct Kept {
    StoredObject object;
    uint32_t puts = 0;
    bool written = false;  // in a pack, and here for a second one
    uint64_t number = 0;  // the order of arrival
  };
  mutable std::mutex mutex_;
  std::unordered_map<Oid, Kept, OidHash, OidEqual> objects_;
  uint64_t nextNumber_ = 0;
  size_t bytes_ = 0;
};

// Throws when SHA-1 finds a collision attack in the data.
Oid hashObject(git_object_t type, std::string_view data);

}  // namespace coppice
