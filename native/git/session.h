// The session of an open repository: the one opaque object that TypeScript holds. It owns the in-memory object store, one
// libgit2 handle per thread that works, the parsed-tree cache, the landing in progress and the claims.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "cancel.h"
#include "disk_room.h"
#include "object_store.h"
#include "owned.h"
#include "tree.h"
#include "types.h"

namespace coppice {

class Session;

// One thread's libgit2 repository, with the session's store attached to its odb. Checked out for the length of one
// operation (or of one thread of it) and given back by the destructor: libgit2 locks inside one handle, so sharing one
// between threads would serialise every read.
class Handle {
 public:
  Handle(Session& session, OwnedRepository repository, OwnedOdb odb, uint64_t generation);
  git_repository* repository() const { return repository_.get(); }
  git_odb* odb() const { return odb_.get(); }
  Session& session() const { return session_; }
  uint64_t generation() const { return generation_; }

  // Reads an object from the store or the odb. Throws NOT_FOUND, CORRUPT. `type` GIT_OBJECT_ANY: any.
  struct Read {
    git_object_t type;
    std::shared_ptr<const std::string> data;
  };
  Read read(const Oid& oid, git_object_t type = GIT_OBJECT_ANY);
  Oid write(git_object_t type, std::string data, const Oid* previousOid = nullptr);  // into the session's store
  void writeNamed(const Oid& oid, git_object_t type, std::string data, const Oid* previousOid = nullptr);  // hashed already

 private:
  Session& session_;
  OwnedRepository repository_;
  OwnedOdb odb_;
  uint64_t generation_;
};

class HandleLease {
 public:
  HandleLease(Session& session, std::unique_ptr<Handle> handle);
  ~HandleLease();
  HandleLease(HandleLease&&) noexcept = default;
  Handle& operator*() const { return *handle_; }
  Handle* operator->() const { return handle_.get(); }

 private:
  Session* session_;
  std::unique_ptr<Handle> handle_;
};

// Parsed trees, shared by every thread, bounded by bytes; the oldest half goes when it is full.
class TreeCache {
 public:
  TreePtr find(const Oid& treeOid) const;
  void keep(const Oid& treeOid, TreePtr tree);

 private:
  static constexpr size_t kMaxBytes = 16u << 20;
  mutable std::mutex mutex_;
  std::unordered_map<Oid, TreePtr, OidHash, OidEqual> trees_;
  std::vector<Oid> order_;
  size_t bytes_ = 0;
};

class Landings;  // land.cc: the open landings and what they hold
class Claims;    // claim.cc: the files this session holds with flock
class SessionPacks;  // session_packs.cc: the packs it wrote, and which of them it still guards
class Trackers;  // tracker.h: what is known of the worktrees that it watches

class Session {
 public:
  // Opens and refuses what it cannot work on: NOT_A_REPOSITORY, UNSUPPORTED_REPOSITORY (naming the extension or feature:
  // SHA-256, reftable, partial clone, split index, sparse index).
  static std::shared_ptr<Session> open(const OpenRequest& request, const Cancel& cancel);
  ~Session();

  HandleLease handle();
  // Handles from before this call are closed when their operation ends: libgit2 would keep the files of removed packs open.
  // Gives the number of the new generation.
  uint64_t renewHandles();
  // Whether an operation is still at work with a handle from before that generation.
  bool usesHandlesBefore(uint64_t generation);
  ObjectStore& store() { return store_; }
  TreeCache& trees() { return trees_; }
  DiskRoom& diskRoom() { return diskRoom_; }
  Landings& landings() { return *landings_; }
  Claims& claims() { return *claims_; }
  SessionPacks& packs() { return *packs_; }
  Trackers& trackers() { return *trackers_; }
  unsigned threads() const { return threads_; }

  const std::string& commonDirectory() const { return commonDirectory_; }
  bool ignoreCase() const { return ignoreCase_; }
  uint32_t lockTimeoutMs() const { return lockTimeoutMs_; }

  // Read anew at each call: HEAD, state and configuration are the user's and change beside us.
  RepositoryDescription describe();

 private:
  friend class HandleLease;
  Session();
  void giveBack(std::unique_ptr<Handle> handle) noexcept;
  void countReturned(uint64_t generation) noexcept;

  ObjectStore store_;  // before the handles: their odb backends point into it
  TreeCache trees_;
  DiskRoom diskRoom_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Handle>> idle_;
  uint64_t generation_ = 0;
  std::map<uint64_t, size_t> leased_;  // how many handles of each generation
  std::unique_ptr<Landings> landings_;
  std::unique_ptr<Claims> claims_;
  std::unique_ptr<SessionPacks> packs_;
  std::unique_ptr<Trackers> trackers_;
  std::string path_;
  std::string commonDirectory_;
  bool ignoreCase_ = false;
  unsigned threads_ = 1;
  uint32_t lockTimeoutMs_ = 0;
};

}  // namespace coppice
