// Which paths two worktrees have both changed since their tasks began, as far as tracking tells. Reads the queues of events, and of the
// worktrees nothing but the paths that are in two of them.
//
// Limits: what lies in a directory that is new in both is not known before somebody looks at it, so of new directories nothing is told.
// A file that was written and is as it was counts as changed.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <iterator>

#include "entry_at.h"
#include "ignore.h"
#include "operations.h"
#include "safe_path.h"
#include "settings_cache.h"
#include "tracker.h"

namespace coppice {

namespace {

struct Touched {
  const OverlapWorktree* worktree;
  Oid treeOid{};
  std::vector<std::string> paths;  // sorted
};

// Nothing of a worktree that another operation is at work on: it is asked about again.
Touched touchedIn(Session& session, const OverlapWorktree& worktree) {
  Touched touched{&worktree, {}, {}};
  const std::shared_ptr<Tracker> tracker = session.trackers().find(worktree.name);
  if (!tracker) return touched;
  const std::unique_lock<std::mutex> lock(tracker->mutex(), std::try_to_lock);
  if (!lock) return touched;
  tracker->drain();
  if (worktree.begins) tracker->forgetTouched();
  if (tracker->lost()) return touched;
  touched.treeOid = tracker->treeOid();
  for (const auto& [path, kind] : tracker->touched()) {
    if (kind == Suspects::Kind::kAll) touched.paths.push_back(path);
  }
  return touched;
}

// Whether a snapshot of this worktree could have the path as a file, or without it.
class Wanted {
 public:
  Wanted(Session& session, Handle& handle, const Touched& touched)
      : handle_(handle),
        treeOid_(touched.treeOid),
        root_(touched.worktree->path),
        ignore_(root_, fileSettings(session, session.commonDirectory())->worktree,
                [](const std::string&) { return std::optional<std::string>(); }) {}

  bool operator()(const std::string& path) {
    const std::string name(RootDirectory::baseName(path));
    const OwnedFd parent = root_.openParent(path);
    struct stat status;
    if (parent && ::fstatat(parent.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode)) return false;
    if (entryAt(handle_, treeOid_, path)) return true;
    const std::string directory = path.size() > name.size() ? path.substr(0, path.size() - name.size() - 1) : std::string();
    return !ignore_.isIgnored(directory, name, false);
  }

 private:
  Handle& handle_;
  const Oid treeOid_;
  const RootDirectory root_;
  Ignore ignore_;
};

}  // namespace

OverlapReply findOverlaps(Session& session, const OverlapRequest& request, const Cancel& cancel) {
  std::vector<Touched> all;
  for (const OverlapWorktree& worktree : request.worktrees) {
    cancel.check("findOverlaps");
    all.push_back(touchedIn(session, worktree));
  }
  const HandleLease handle = session.handle();
  OverlapReply reply;
  for (size_t i = 0; i < all.size(); i++) {
    for (size_t j = i + 1; j < all.size(); j++) {
      cancel.check("findOverlaps");
      std::vector<std::string> both;
      std::set_intersection(all[i].paths.begin(), all[i].paths.end(), all[j].paths.begin(), all[j].paths.end(),
                            std::back_inserter(both));
      if (both.empty()) continue;
      Wanted first(session, *handle, all[i]), second(session, *handle, all[j]);
      for (std::string& path : both) {
        if (!first(path) || !second(path)) continue;
        reply.overlaps.push_back({std::move(path), all[i].worktree->name, all[j].worktree->name});
      }
    }
  }
  return reply;
}

}  // namespace coppice
