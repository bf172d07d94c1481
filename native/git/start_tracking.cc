#include "start_tracking.h"

#include "failure.h"
#include "scan.h"
#include "tracker.h"

namespace coppice {

// Watched first, looked at then: somebody may write by the path of a worktree that was here before. Watching while the
// files are written was rejected: their own events, three a file, cost more than looking at them once.
namespace {

void start(Session& session, Tracker& tracker, FreshWorktree& worktree, const Cancel& cancel) {
  struct stat status;
  const std::string indexPath = worktree.admin + "/index";
  if (::stat(indexPath.c_str(), &status) == 0) {
    const FileStat date = FileStat::of(status);
    worktree.index.mtimeSeconds = date.mtimeSeconds;
    worktree.index.mtimeNanoseconds = date.mtimeNanoseconds;
  }
  ScanRequest request;
  request.root = worktree.path;
  request.gitDirectory = worktree.admin;
  request.index = &worktree.index;
  request.listIgnored = true;
  request.entering = [&](int fd, const std::string& path) { tracker.watch(fd, path); };
  const ScanResult found = scan(session, request, cancel);
  Suspects suspects;
  for (const auto* positions : {&found.suspect, &found.missing, &found.populatedGitlinks})
    for (const size_t position : *positions)
      suspects.add(worktree.index.entries[position].path);
  for (const ScanResult::Untracked& untracked : found.untracked)
    suspects.add(untracked.path.substr(0, untracked.path.find_last_not_of('/') + 1));
  for (const std::string& path : found.untrackedDirectories)
    suspects.add(path);
  for (const std::string& path : found.unreadable)
    suspects.add(path);
  tracker.drain();
  suspects.add(tracker.suspects());
  tracker.proven(worktree.treeOid, std::move(suspects), indexPath);
}

}  // namespace

std::optional<std::string> startTracking(Session& session, FreshWorktree worktree, const Cancel& cancel) {
  const std::shared_ptr<Tracker> tracker = session.trackers().make(worktree.name, worktree.path);
  std::lock_guard<std::mutex> lock(tracker->mutex());
  if (!tracker->begin()) return tracker->lost();
  try {
    start(session, *tracker, worktree, cancel);
  } catch (const Failure& failure) {
    if (failure.code == failure_code::kCancelled) throw;
    tracker->lose("it could not be looked at: " + failure.message);
  }
  return tracker->lost();
}

}  // namespace coppice
