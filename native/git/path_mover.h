// Moves one path of the worktree from its old side to its new one, without ever overwriting a byte: the new file and what was
// there change places (or the new one takes an empty place, or the old one leaves), and then what was displaced is looked at.
// If that is not the old side, the user wrote it since we checked: it goes back, or is kept, and is named.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>

#include "quarantine.h"
#include "side_look.h"

namespace coppice {

struct PathMove {
  enum class Result { kUntouched, kWritten, kRemoved, kDisplaced };
  Result result = Result::kUntouched;
  std::string reason;                   // of kDisplaced, as DisplacedPath
  std::optional<std::string> keptPath;
  bool madeDirectories = false;
  bool heldBack = false;                // what was displaced is still in the quarantine
  bool asNeighbour = false;             // and lies beside its path
  struct stat displaced {};             // as it was looked at
};

// One for each thread. `number` is the change's place in the quarantine's list.
class PathMover {
 public:
  PathMover(Session& session, const LandingSite& site, const SideRules& rules, const Quarantine& quarantine);

  // Prepares the new side's file. Throws (NO_SPACE, NOT_FOUND, UNSUPPORTED_FILTER): nothing has changed by then.
  void stage(size_t number, const Change& change);
  // Removes a file that was prepared and not used.
  void unstage(size_t number) noexcept;
  PathMove remove(size_t number, const Change& change);  // file, link or submodule folder -> nothing
  PathMove write(size_t number, const Change& change);   // anything -> file or link; a submodule's folder is made
  // The last look at what was displaced, then it goes: an editor that held the old file open may have written since.
  void discard(size_t number, const Change& change, PathMove& move);

 private:
  struct Slot;
  Slot slotOf(size_t number, const Change& change, bool asNeighbour) const;
  PathMove exchange(size_t number, const Change& change);
  PathMove create(size_t number, const Change& change);
  PathMove makeSubmoduleFolder(const Change& change);
  Swap exchangeAnywhere(size_t number, const Change& change, const Place& path, bool& asNeighbour);
  Swap placeAnywhere(size_t number, const Change& change, const Place& path, bool& asNeighbour);
  PathMove settleDisplaced(size_t number, const Change& change, const Place& path, bool asNeighbour);
  void giveBack(const Place& slot, const Change& change, const Place& path, PathMove& move);
  void dropAway(const Place& slot, const Change& change, PathMove& move);
  bool isOurs(const Place& place, const Change& change);
  void writeNew(const Place& place, const Change& change, int parentFd);

  const LandingSite& site_;
  const Quarantine& quarantine_;
  SideLook look_;
};

// Removes a directory that holds nothing but directories. False: something else is in it, or it is gone.
bool removeEmptyDirectories(int parentFd, const std::string& name);

}  // namespace coppice
