// The packs that a session wrote and still guards with a .keep file, because not everything in them is reached by a ref yet.
// `git repack -ad` drops a packed object that no ref reaches at once, but never from a pack with .keep (PROTOCOLS P1).
// The .keep file names a file that this session holds as long as it lives, so the next session removes what a dead one left.
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

class KeptPacks {
 public:
  explicit KeptPacks(std::string commonDirectory) : commonDirectory_(std::move(commonDirectory)) {}
  ~KeptPacks();

  // The right to flush: one at a time in a session. Throws CANCELLED.
  std::unique_lock<std::mutex> turn(const Cancel& cancel);

  // The .keep files of dead sessions: their objects either got their ref, or nobody was ever told of them.
  static void removeDead(const std::string& commonDirectory);

  // The bytes of a .keep, on disk under a name that git does not know yet; the caller renames it.
  std::string writeTemporaryKeep(const std::string& packDirectory);

  // Guards a pack until all of `roots` are reached. `untilClose`: as long as the session.
  void add(std::string keepPath, std::unordered_set<Oid, OidHash, OidEqual> roots, bool untilClose);

  // A ref reaches this commit from now on, and so its ancestors. The .keep of packs of which nothing is left unreached goes.
  void reached(Handle& handle, const Oid& commitOid);

 private:
  struct Kept {
    std::string keepPath;
    std::unordered_set<Oid, OidHash, OidEqual> unreached;
    bool untilClose = false;
  };
  bool forget(const Oid& commitOid);

  std::string commonDirectory_;
  std::mutex flushing_;
  std::mutex mutex_;
  HeldFile owner_;
  std::vector<Kept> kept_;
};

}  // namespace coppice
