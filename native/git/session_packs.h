// The packs that a session wrote: what of them is still guarded with a .keep file, and how many there are.
// `git repack -ad` drops a packed object that no ref reaches at once, but never from a pack with .keep (PROTOCOLS P1), so a pack
// is guarded until refs reach everything in it. The .keep file names a file that this session holds as long as it lives, so the
// next session removes what a dead one left.
#pragma once

#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include "cancel.h"
#include "held_file.h"
#include "oid.h"

namespace coppice {

class Handle;

using OidSet = std::unordered_set<Oid, OidHash, OidEqual>;

struct SessionPack {
  std::string name;  // "pack-<hex>"
  uint64_t bytes = 0;
  bool guarded = true;      // its .keep is there
  OidSet unreached;         // commits that no ref reaches yet
  bool untilClose = false;  // guarded as long as the session
};

class SessionPacks {
 public:
  explicit SessionPacks(std::string commonDirectory) : commonDirectory_(std::move(commonDirectory)) {}
  ~SessionPacks();

  const std::string& commonDirectory() const { return commonDirectory_; }
  std::string directory() const { return commonDirectory_ + "/objects/pack"; }
  std::string pathOf(const std::string& name) const { return directory() + "/" + name; }

  // The right to flush, or to consolidate: each one at a time in a session. Throws CANCELLED.
  std::unique_lock<std::mutex> turnToFlush(const Cancel& cancel) { return turn(flushing_, cancel); }
  std::unique_lock<std::mutex> turnToConsolidate(const Cancel& cancel) { return turn(consolidating_, cancel); }

  // The .keep files of dead sessions: their objects either got their ref, or nobody was ever told of them.
  static void removeDead(const std::string& commonDirectory);

  // A name that no other pack has, not even one of the same objects by another session: its .keep would be shared.
  static std::string newName();
  // Writes the .keep of a pack that is about to be made.
  void writeKeep(const std::string& name);

  // A pack whose .keep is there; it goes when all of `unreached` is reached.
  void add(SessionPack pack);
  // One pack in the place of several; it is guarded while any of them would be. The others are retired: their files go once
  // nobody reads from them any more.
  void replace(const std::vector<std::string>& names, const std::string& name, uint64_t bytes);
  std::vector<std::string> retired() const;
  // Their files go. Throws SYSTEM.
  void removeRetired();
  void forget(const std::vector<std::string>& names);

  std::vector<SessionPack> list() const;  // oldest first
  uint32_t count() const;               // of those that lie on disk: retired ones too

  // A ref reaches this commit from now on, and so its ancestors. The .keep of packs of which nothing is left unreached goes.
  void reached(Handle& handle, const Oid& commitOid);
  void releaseReached() noexcept;

 private:
  void beginKeeping();
  static std::unique_lock<std::mutex> turn(std::mutex& mutex, const Cancel& cancel);
  bool eraseUnreached(const Oid& commitOid);
  void removeKeep(SessionPack& pack) noexcept;

  std::string commonDirectory_;
  std::mutex flushing_, consolidating_;
  mutable std::mutex mutex_;
  HeldFile owner_;
  std::vector<SessionPack> packs_;
  std::vector<std::string> retired_;
};

// The name of a pack that is about to be made. Its .keep is there first, so that whatever a death leaves of it is known by that.
// Until it is accepted it goes with this object.
class PackInMaking {
 public:
  explicit PackInMaking(SessionPacks& packs);
  ~PackInMaking();
  PackInMaking(const PackInMaking&) = delete;
  PackInMaking& operator=(const PackInMaking&) = delete;

  const std::string& name() const { return name_; }
  // It is the session's now.
  void accept() { accepted_ = true; }

 private:
  SessionPacks& packs_;
  const std::string name_;
  bool accepted_ = false;
};

}  // namespace coppice
