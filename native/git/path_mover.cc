#include "path_mover.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "failure.h"

namespace coppice {
namespace {

constexpr unsigned kMaxDepth = 1024;

PathMove displaced(const char* reason, std::optional<std::string> keptPath = std::nullopt) {
  PathMove move;
  move.result = PathMove::Result::kDisplaced;
  move.reason = reason;
  move.keptPath = std::move(keptPath);
  return move;
}

PathMove done(PathMove::Result result) {
  PathMove move;
  move.result = result;
  return move;
}

// Of a file that becomes a submodule, the file's part.
Change asRemoval(Change change) {
  change.newMode = 0;
  change.newOid.reset();
  return change;
}

bool statPlace(const Place& place, struct stat& status) {
  return fstatat(place.folderFd, place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
}

void unlinkPlace(const Place& place) noexcept { unlinkat(place.folderFd, place.name.c_str(), 0); }

// Same file, same size, same times: nobody wrote since, unless within the tick of the clock in which it was displaced.
bool isUntouched(const struct stat& before, const struct stat& now) {
  const FileStat a = FileStat::of(before), b = FileStat::of(now);
  const bool settled = a.mtimeSeconds + 1 < a.ctimeSeconds;
  return a == b && settled;
}

bool holdsOnlyDirectories(int parentFd, const std::string& name, unsigned depth) {
  const OwnedFd fd(openat(parentFd, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd || depth > kMaxDepth) return false;
  for (const std::string& child : namesIn(fd.get(), name)) {
    if (!holdsOnlyDirectories(fd.get(), child, depth + 1)) return false;
  }
  return true;
}

void removeDirectories(int parentFd, const std::string& name) {
  {
    const OwnedFd fd(openat(parentFd, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) return;
    for (const std::string& child : namesIn(fd.get(), name)) removeDirectories(fd.get(), child);
  }
  unlinkat(parentFd, name.c_str(), AT_REMOVEDIR);
}

}  // namespace

bool removeEmptyDirectories(int parentFd, const std::string& name) {
  if (!holdsOnlyDirectories(parentFd, name, 0)) return false;
  removeDirectories(parentFd, name);
  struct stat status {};
  return !statPlace({parentFd, name}, status);
}

// A place in the quarantine, with the folder that it needs when it is a neighbour of its path.
struct PathMover::Slot {
  OwnedFd parent;
  Place place;
};

PathMover::PathMover(Session& session, const LandingSite& site, const SideRules& rules, const Quarantine& quarantine)
    : site_(site), quarantine_(quarantine), look_(session, site, rules) {}

PathMover::Slot PathMover::slotOf(size_t number, const Change& change, bool asNeighbour) const {
  Slot slot;
  if (!asNeighbour) {
    slot.place = quarantine_.slot(number);
    return slot;
  }
  slot.parent = site_.root.openParent(change.path);
  slot.place = quarantine_.neighbour(number, slot.parent.get());
  return slot;
}

void PathMover::writeNew(const Place& place, const Change& change, int parentFd) {
  const Side side = newSideOf(change);
  struct stat parent {};
  const bool grouped = parentFd >= 0 && fstat(parentFd, &parent) == 0 && (parent.st_mode & S_ISGID);
  writeSide(place, side, look_.bytesFor(change.path, side), site_, grouped ? parent.st_gid : static_cast<gid_t>(-1));
}

void PathMover::stage(size_t number, const Change& change) {
  const OwnedFd parent = site_.root.openParent(change.path);
  writeNew(quarantine_.slot(number), change, parent.get());
}

void PathMover::unstage(size_t number) noexcept {
  const Place slot = quarantine_.slot(number);
  unlinkPlace(slot);
  unlinkPlace({slot.folderFd, partName(slot.name)});
}

bool PathMover::isOurs(const Place& place, const Change& change) {
  for (const Side& side : {oldSideOf(change), newSideOf(change)}) {
    if (side.isFile() && look_.look(place, change.path, side) == Found::kSame) return true;
  }
  return false;
}

Swap PathMover::exchangeAnywhere(size_t number, const Change& change, const Place& path, bool& asNeighbour) {
  const Swap swap = exchangePath(quarantine_.slot(number), path);
  if (swap != Swap::kCrossDevice) return swap;
  asNeighbour = true;
  const Place neighbour = quarantine_.neighbour(number, path.folderFd);
  writeNew(neighbour, change, path.folderFd);
  unstage(number);
  return exchangePath(neighbour, path);
}

Swap PathMover::placeAnywhere(size_t number, const Change& change, const Place& path, bool& asNeighbour) {
  const Place own = asNeighbour ? quarantine_.neighbour(number, path.folderFd) : quarantine_.slot(number);
  const Swap swap = placePath(own, path);
  if (swap != Swap::kCrossDevice) return swap;
  asNeighbour = true;
  const Place neighbour = quarantine_.neighbour(number, path.folderFd);
  writeNew(neighbour, change, path.folderFd);
  unstage(number);
  return placePath(neighbour, path);
}

PathMove PathMover::write(size_t number, const Change& change) {
  if (change.newMode == kModeGitlink) return makeSubmoduleFolder(change);
  return oldSideOf(change).isFile() ? exchange(number, change) : create(number, change);
}

PathMove PathMover::exchange(size_t number, const Change& change) {
  const OwnedFd parent = site_.root.openParent(change.path);
  if (!parent) {
    const char* reason = errno == ENOENT ? "deleted" : "type-changed";
    unstage(number);
    return displaced(reason);
  }
  const Place path{parent.get(), std::string(RootDirectory::baseName(change.path))};
  bool asNeighbour = false;
  const Swap swap = exchangeAnywhere(number, change, path, asNeighbour);
  const Place slot = asNeighbour ? quarantine_.neighbour(number, parent.get()) : quarantine_.slot(number);
  if (swap == Swap::kDone) return settleDisplaced(number, change, path, asNeighbour);
  unlinkPlace(slot);
  if (swap == Swap::kMissing) return displaced("deleted");
  PathMove move = displaced("modified");
  dropAway(slot, change, move);
  return move;
}

// The portable exchange lost its path to somebody else; what it took away before lies aside.
void PathMover::dropAway(const Place& slot, const Change& change, PathMove& move) {
  const Place away{slot.folderFd, awayName(slot.name)};
  struct stat status {};
  if (!statPlace(away, status)) return;
  if (isOurs(away, change)) {
    unlinkPlace(away);
    return;
  }
  const std::string keptPath = quarantine_.keep(away, change.path);
  if (!move.keptPath) move.keptPath = keptPath;
}

PathMove PathMover::settleDisplaced(size_t number, const Change& change, const Place& path, bool asNeighbour) {
  const Place slot = asNeighbour ? quarantine_.neighbour(number, path.folderFd) : quarantine_.slot(number);
  PathMove move = done(change.newMode == 0 ? PathMove::Result::kRemoved : PathMove::Result::kWritten);
  if (!statPlace(slot, move.displaced)) failSystem("land.settleDisplaced", change.path);
  if (isOurs(slot, change)) {
    move.heldBack = true;
    move.asNeighbour = asNeighbour;
    return move;
  }
  giveBack(slot, change, path, move);
  return move;
}

// `slot` holds what the user wrote. The path gets it back, and nothing that the path holds now is lost on the way.
void PathMover::giveBack(const Place& slot, const Change& change, const Place& path, PathMove& move) {
  const Found found = look_.look(slot, change.path, oldSideOf(change));
  move = displaced(reasonOf(found));
  Swap swap = change.newMode == 0 ? placePath(slot, path) : exchangePath(slot, path);
  if (swap == Swap::kMissing) swap = placePath(slot, path);
  if (swap != Swap::kDone) {
    move.keptPath = quarantine_.keep(slot, change.path);
    dropAway(slot, change, move);
    return;
  }
  struct stat status {};
  if (change.newMode == 0 || !statPlace(slot, status)) return;
  if (look_.look(slot, change.path, newSideOf(change)) == Found::kSame) {
    unlinkPlace(slot);
    return;
  }
  // Between our two steps somebody wrote the path again. That is the latest, so it stays there, and the earlier is kept.
  if (exchangePath(slot, path) != Swap::kDone) placePath(slot, path);
  if (statPlace(slot, status)) move.keptPath = quarantine_.keep(slot, change.path);
}

PathMove PathMover::create(size_t number, const Change& change) {
  PathMove move = done(PathMove::Result::kWritten);
  OwnedFd parent = site_.root.openParent(change.path);
  if (!parent) {
    move.madeDirectories = true;
    try {
      parent = site_.root.makeParent(change.path);
    } catch (const Failure& failure) {
      unstage(number);
      if (failure.code != failure_code::kUnsafePath) throw;
      return displaced("untracked");
    }
  }
  const Place path{parent.get(), std::string(RootDirectory::baseName(change.path))};
  bool asNeighbour = false;
  Swap swap = placeAnywhere(number, change, path, asNeighbour);
  if (swap == Swap::kOccupied && removeEmptyDirectories(path.folderFd, path.name))
    swap = placeAnywhere(number, change, path, asNeighbour);
  if (swap == Swap::kDone) return move;
  const Found found = look_.look(path, change.path, newSideOf(change));
  unlinkPlace(asNeighbour ? quarantine_.neighbour(number, parent.get()) : quarantine_.slot(number));
  if (found == Found::kSame) return done(PathMove::Result::kUntouched);
  return displaced(found == Found::kDirectory ? "directory-in-the-way" : "untracked");
}

PathMove PathMover::makeSubmoduleFolder(const Change& change) {
  OwnedFd parent;
  try {
    parent = site_.root.makeParent(change.path);
  } catch (const Failure& failure) {
    if (failure.code != failure_code::kUnsafePath) throw;
    return displaced("untracked");
  }
  const std::string name(RootDirectory::baseName(change.path));
  if (mkdirat(parent.get(), name.c_str(), 0777) == 0) return done(PathMove::Result::kWritten);
  if (errno != EEXIST) failSystem("land.makeSubmoduleFolder", change.path);
  const Found found = look_.look({parent.get(), name}, change.path, newSideOf(change));
  return found == Found::kSame ? done(PathMove::Result::kUntouched) : displaced("untracked");
}

PathMove PathMover::remove(size_t number, const Change& change) {
  const OwnedFd parent = site_.root.openParent(change.path);
  if (!parent) return done(PathMove::Result::kUntouched);
  const Place path{parent.get(), std::string(RootDirectory::baseName(change.path))};
  if (change.oldMode == kModeGitlink) {
    // A populated submodule stays, as with git; an empty folder goes.
    const bool gone = unlinkat(path.folderFd, path.name.c_str(), AT_REMOVEDIR) == 0;
    return done(gone ? PathMove::Result::kRemoved : PathMove::Result::kUntouched);
  }
  bool asNeighbour = false;
  Swap swap = takePath(path, quarantine_.slot(number));
  if (swap == Swap::kCrossDevice) {
    asNeighbour = true;
    swap = takePath(path, quarantine_.neighbour(number, parent.get()));
  }
  if (swap != Swap::kDone) return done(PathMove::Result::kUntouched);
  return settleDisplaced(number, asRemoval(change), path, asNeighbour);
}

void PathMover::discard(size_t number, const Change& whole, PathMove& move) {
  if (!move.heldBack) return;
  move.heldBack = false;
  const Change change = whole.newMode == kModeGitlink ? asRemoval(whole) : whole;
  const Slot slot = slotOf(number, change, move.asNeighbour);
  struct stat now {};
  if (!statPlace(slot.place, now)) return;
  if (isUntouched(move.displaced, now) || isOurs(slot.place, change)) {
    unlinkPlace(slot.place);
    return;
  }
  OwnedFd parent;
  try {
    parent = site_.root.makeParent(change.path);  // a directory that went with its last file comes back with it
  } catch (const Failure&) {
    move = displaced("modified", quarantine_.keep(slot.place, change.path));
    return;
  }
  const Place path{parent.get(), std::string(RootDirectory::baseName(change.path))};
  // What landed is at the path; only if it still is, the late writer's file goes back there.
  if (change.newMode != 0 && look_.look(path, change.path, newSideOf(change)) != Found::kSame) {
    move = displaced("modified", quarantine_.keep(slot.place, change.path));
    return;
  }
  giveBack(slot.place, change, path, move);
}

}  // namespace coppice
