// Prepare all new files, remove, write, remove empty directories, make it durable, look once more, discard.
#include "path_update.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "failpoint.h"
#include "failure.h"
#include "parallel.h"
#include "path_mover.h"

namespace coppice {
namespace {

constexpr const char* kOperation = "land.updatePaths";
constexpr size_t kPathsPerThread = 16;

std::string parentOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

class PathUpdate {
 public:
  PathUpdate(Session& session, const LandingSite& site, const IndexFile& index, const std::vector<Change>& changes)
      : session_(session), site_(site), changes_(changes), rules_(session, site, index, changes), quarantine_(site, changes), moves_(changes.size()) {
    for (size_t i = 0; i < changes.size(); i++) {
      const Change& change = changes[i];
      if (isSparse(index, change)) continue;
      const Side oldSide = oldSideOf(change), newSide = newSideOf(change);
      if (oldSide.isGitlink() && newSide.isGitlink()) continue;
      if (newSide.isFile()) staged_.push_back(i);
      if (!oldSide.isNothing() && (!newSide.isFile() || oldSide.isGitlink())) removed_.push_back(i);
      if (!newSide.isNothing()) written_.push_back(i);
    }
  }

  UpdatePathsReply run(const Cancel& cancel) {
    stage(cancel);
    failpoint("landing.staged");
    each(removed_, [&](PathMover& mover, size_t i) { moves_[i] = mover.remove(i, changes_[i]); });
    each(written_, [&](PathMover& mover, size_t i) {
      // The user's file was in the way of a submodule's folder and stays.
      if (moves_[i].result == PathMove::Result::kDisplaced) return;
      const bool heldBack = moves_[i].heldBack;
      PathMove move = mover.write(i, changes_[i]);
      if (!heldBack) moves_[i] = std::move(move);
    });
    removeLeftDirectories();
    syncDirectories();
    failpoint("landing.settled");
    std::vector<size_t> all(changes_.size());
    for (size_t i = 0; i < all.size(); i++) all[i] = i;
    each(all, [&](PathMover& mover, size_t i) { mover.discard(i, changes_[i], moves_[i]); });
    return reply();
  }

 private:
  bool isSparse(const IndexFile& index, const Change& change) const {
    const IndexEntry* entry = index.find(change.path);
    if (!entry || !entry->skipWorktree) return false;
    const OwnedFd parent = site_.root.openParent(change.path);
    struct stat status {};
    const std::string name(RootDirectory::baseName(change.path));
    return !parent || fstatat(parent.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0;
  }

  unsigned threadsFor(size_t count) const {
    return static_cast<unsigned>(std::min<size_t>(session_.threads(), count / kPathsPerThread + 1));
  }

  void stage(const Cancel& cancel) {
    try {
      parallelFor(threadsFor(staged_.size()), staged_.size(), [&] {
        return [&, mover = std::make_shared<PathMover>(session_, site_, rules_, quarantine_)](size_t item) {
          cancel.check(kOperation);
          mover->stage(staged_[item], changes_[staged_[item]]);
        };
      });
      quarantine_.sync();
    } catch (...) {
      PathMover mover(session_, site_, rules_, quarantine_);
      for (const size_t i : staged_) mover.unstage(i);
      throw;
    }
  }

  // One path that cannot be moved must not leave the others behind: the commit point has passed.
  template <class Act>
  void each(const std::vector<size_t>& numbers, Act act) {
    parallelFor(threadsFor(numbers.size()), numbers.size(), [&] {
      return [&, mover = std::make_shared<PathMover>(session_, site_, rules_, quarantine_)](size_t item) {
        const size_t i = numbers[item];
        try {
          act(*mover, i);
          failpoint("landing.path");
        } catch (const Failure&) {
          moves_[i].result = PathMove::Result::kDisplaced;
          moves_[i].reason = "unwritable";
        }
      };
    });
  }

  // As git does: a directory goes with its last tracked file. rmdir spares what holds anything of the user's.
  void removeLeftDirectories() {
    for (const size_t i : removed_) {
      if (moves_[i].result != PathMove::Result::kRemoved || changes_[i].newMode != 0) continue;
      for (std::string directory = parentOf(changes_[i].path); !directory.empty(); directory = parentOf(directory)) {
        const OwnedFd above = site_.root.openParent(directory);
        const std::string name(RootDirectory::baseName(directory));
        if (!above || unlinkat(above.get(), name.c_str(), AT_REMOVEDIR) != 0) break;
      }
    }
  }

  void syncDirectories() {
    std::set<std::string> directories;
    for (size_t i = 0; i < changes_.size(); i++) {
      if (moves_[i].result != PathMove::Result::kRemoved && moves_[i].result != PathMove::Result::kWritten) continue;
      std::string directory = parentOf(changes_[i].path);
      directories.insert(directory);
      // Directories that were made, or removed, are names in those above them.
      const bool all = moves_[i].madeDirectories || changes_[i].newMode == 0;
      for (; all && !directory.empty(); directory = parentOf(directory)) directories.insert(parentOf(directory));
    }
    for (const std::string& directory : directories) {
      const OwnedFd fd = site_.root.openDirectory(directory);
      // A directory that is gone by now has nothing to keep. Failing here would tell nothing that helps: the files are there.
      if (fd) fsync(fd.get());
    }
  }

  UpdatePathsReply reply() const {
    UpdatePathsReply reply;
    for (size_t i = 0; i < changes_.size(); i++) {
      const PathMove& move = moves_[i];
      if (move.result == PathMove::Result::kWritten) reply.written++;
      if (move.result == PathMove::Result::kRemoved) reply.removed++;
      if (move.result == PathMove::Result::kDisplaced) reply.displaced.push_back({changes_[i].path, move.reason, move.keptPath});
    }
    return reply;
  }

  Session& session_;
  const LandingSite& site_;
  const std::vector<Change>& changes_;
  const SideRules rules_;
  Quarantine quarantine_;
  std::vector<PathMove> moves_;
  std::vector<size_t> staged_, removed_, written_;
};

}  // namespace

UpdatePathsReply updatePaths(Session& session, const LandingSite& site, const IndexFile& index,
                             const std::vector<Change>& changes, const Cancel& cancel) {
  for (const Change& change : changes) requireSafePath(change.path, kOperation, change.newMode);
  if (changes.empty()) return {};
  return PathUpdate(session, site, index, changes).run(cancel);
}

}  // namespace coppice
