#include "changes.h"

#include <sys/stat.h>

#include "admin_directory.h"
#include "index_difference.h"
#include "scan.h"
#include "suspect_view.h"
#include "task_commits.h"
#include "tracked_files.h"
#include "tracker.h"

namespace coppice {

namespace {

// A task that removed its admin directory has only lost its index and its HEAD: the repository's own settings then
// count.
std::string gitDirectoryFor(const Session& session, const std::string& name) {
  if (name.empty()) return session.commonDirectory();  // the main worktree's
  const std::string path = adminDirectoryPath(session, name);
  struct stat status;
  return ::stat((path + "/commondir").c_str(), &status) == 0 ? path : session.commonDirectory();
}

class Search {
 public:
  Search(Session& session, const SnapshotRequest& request, const Oid& baseTreeOid, const Cancel& cancel)
      : session_(session),
        request_(request),
        cancel_(cancel),
        handle_(session.handle()),
        tracker_(session.trackers().find(request.name)) {
    set_.root = request.path;
    set_.gitDirectory = gitDirectoryFor(session, request.name);
    set_.baseTreeOid = baseTreeOid;
    set_.exclude = request.exclude;
    set_.limits = request.limits;
  }

  Changes run() {
    std::unique_lock<std::mutex> lock;
    if (tracker_) lock = std::unique_lock<std::mutex>(tracker_->mutex());
    changes_.headOid = readHead(*handle_, set_.gitDirectory);
    changes_.scanned = whyWhole();
    if (changes_.scanned) {
      lookAtAll();
    } else if (request_.verify) {
      verify();
    } else if (!lookAtSuspects()) {
      changes_.scanned = "a file that changed has another name";
      lookAtAll();
    }
    return std::move(changes_);
  }

 private:
  std::optional<std::string> whyWhole() {
    if (!tracker_) return "its changes are not tracked";
    tracker_->drain();
    if (auto why = tracker_->lost()) return why;
    if (tracker_->treeOid() != set_.baseTreeOid) return "it was brought to another tree";
    return std::nullopt;
  }

  // False: looking at the suspects is not enough.
  bool lookAtSuspects() {
    const RootDirectory root(request_.path);
    if (tracker_->isOwnIndex(set_.gitDirectory + "/index")) {
      const SuspectView view =
          viewOfTree(*handle_, set_.baseTreeOid, root, tracker_->suspects(), request_.exclude, cancel_);
      set_.staged = false;
      return collect(view.index, &view.directories).manyNames == false;
    }
    const IndexFile index = readIndex();
    const auto directories = viewOfIndex(index, root, stagedToo(index), request_.exclude);
    return collect(index, &directories).manyNames == false;
  }

  void lookAtAll() {
    set_.staged = true;
    collect(readIndex(), nullptr);
  }

  // Looks at everything, and at suspects even if their stat data says that they are clean.
  void verify() {
    IndexFile index = readIndex();
    const Suspects known = stagedToo(index);
    for (IndexEntry& entry : index.entries)
      if (known.cover(entry.path)) entry.stat = {};
    const ScanResult found = collect(index, nullptr);
    const auto told = [&](const std::string& path) {
      if (!known.cover(path)) changes_.missed.push_back(path);
    };
    for (const TreeEdit& edit : changes_.set.edits)
      told(edit.path);
    // A nested repository is one path here, while tracking tells of its ".git".
    for (const Unheld& unheld : changes_.set.unheld)
      if (!known.reach(unheld.path)) told(unheld.path);
    if (!changes_.missed.empty()) tracker_->lose("tracking missed a change before", true);
    tracker_->add(touched(index, found));
  }

  // Also what a task did that leaves the content as it was, such as giving a file another name outside: the reset looks
  // at it again.
  static Suspects touched(const IndexFile& index, const ScanResult& found) {
    Suspects touched;
    for (const auto* positions : {&found.suspect, &found.missing})
      for (const size_t position : *positions)
        touched.add(index.entries[position].path);
    return touched;
  }

  IndexFile readIndex() {
    return trackedFiles(session_, set_.gitDirectory, set_.baseTreeOid, changes_.headOid, cancel_);
  }

  // The suspects, and the paths of which the task's index says something else than the base.
  Suspects stagedToo(const IndexFile& index) {
    Suspects suspects = tracker_->suspects();
    for (const TreeEdit& edit : indexDifference(*handle_, set_.baseTreeOid, index, cancel_))
      suspects.add(edit.path);
    for (const IndexEntry& entry : index.entries)
      if (entry.stage != 0 || entry.intentToAdd) suspects.add(entry.path);
    return suspects;
  }

  ScanResult collect(const IndexFile& index, const std::vector<TrackedDirectory>* directories) {
    ScanRequest scanRequest;
    scanRequest.root = request_.path;
    scanRequest.gitDirectory = set_.gitDirectory;
    scanRequest.index = &index;
    scanRequest.exclude = request_.exclude;
    scanRequest.directories = directories;
    ScanResult found = scan(session_, scanRequest, cancel_);
    if (directories != nullptr && found.manyNames) return found;
    set_.index = &index;
    set_.scanned = &found;
    changes_.set = changeSetOf(session_, set_, cancel_);
    return found;
  }

  Session& session_;
  const SnapshotRequest& request_;
  const Cancel& cancel_;
  const HandleLease handle_;
  const std::shared_ptr<Tracker> tracker_;
  ChangeSetRequest set_;
  Changes changes_;
};

}  // namespace

Changes findChanges(Session& session, const SnapshotRequest& request, const Oid& baseTreeOid, const Cancel& cancel) {
  return Search(session, request, baseTreeOid, cancel).run();
}

}  // namespace coppice
