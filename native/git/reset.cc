// Brings a worktree back to exactly a commit, in place (PROTOCOLS P4): the admin directory first, so that nothing a
// task configured there decides about the files, then the files, then the index. Only what differs is written, and of a
// tracked worktree only what is suspect is looked at. Afterwards our own writes are looked at like anybody's, until there
// are no more events: so nothing that a process which outlived its task writes meanwhile is passed on.
#include <sys/stat.h>

#include <cerrno>

#include "admin_directory.h"
#include "checkout.h"
#include "clean_files.h"
#include "entry_at.h"
#include "failpoint.h"
#include "failure.h"
#include "mount.h"
#include "moved_index.h"
#include "operations.h"
#include "reset_admin.h"
#include "reset_index.h"
#include "restore.h"
#include "settings_cache.h"
#include "suspect_view.h"

namespace coppice {
namespace {

constexpr const char* kOperation = "reset";
constexpr size_t kMaxIndexBytes = size_t{1} << 30;
constexpr int kMaxRounds = 8;  // the second sees nothing but our own writes, unless somebody else writes too

void requireWorktree(const ResetRequest& request, const std::string& admin) {
  const std::optional<std::string> path = worktreePathOf(admin);
  if (!path) fail(failure_code::kNotFound, kOperation, "there is no worktree of this name", request.name);
  struct stat status;
  if (::lstat(request.path.c_str(), &status) != 0) {
    if (errno == ENOENT) fail(failure_code::kNotFound, kOperation, "the worktree's folder is gone", request.path);
    failSystem(kOperation, request.path);
  }
  if (!S_ISDIR(status.st_mode) || (*path != request.path && !isSameFile(*path, request.path)))
    fail(failure_code::kInvalid, kOperation, "the worktree of this name is the folder " + *path, request.path);
  if ((status.st_mode & 0700) != 0700 && ::chmod(request.path.c_str(), (status.st_mode & 07777) | 0700) != 0)
    failSystem(kOperation, request.path);
}

// Before anything is changed. Tracking knows of mounts, and is given up where there is one: then the table need not be read again.
void requireNoMount(const std::string& path, Tracker* tracker) {
  if (tracker != nullptr) tracker->drain();
  if (tracker == nullptr || tracker->lost()) requireNoMountBeneath(kOperation, path);
}

FreshModes freshModes(const RootDirectory& root, Tracker* tracker) {
  // With another umask by now nothing would be found right, tracking would be given up, and this be tried again.
  if (tracker != nullptr && tracker->directoryMode && !tracker->isBlind()) return {*tracker->directoryMode};
  const FreshModes modes = FreshModes::triedIn(root);
  if (tracker != nullptr) tracker->directoryMode = modes.directory;
  return modes;
}

class Reset {
 public:
  Reset(const RestoreSettings& shared, const Oid& treeOid)
      : shared_(shared),
        tracker_(shared.tracker),
        handle_(shared.session.handle()),
        treeOid_(treeOid),
        clean_(shared, treeOid),
        indexPath_(shared.admin + "/index") {}

  ResetReply run() {
    reply_.scanned = whyWhole();
    if (tracker_ != nullptr) tracker_->beginChange();
    if (!reply_.scanned) resetSuspects();
    if (reply_.scanned) resetAll();
    return std::move(reply_);
  }

 private:
  std::optional<std::string> whyWhole() {
    if (tracker_ == nullptr) return "its changes are not tracked";
    tracker_->drain();
    return tracker_->lost();
  }

  void resetAll() {
    if (tracker_ != nullptr) tracker_->begin();
    stays_ = {};
    RestorePlan plan;
    plan.files = listTree(*handle_, treeOid_, shared_.cancel);
    requireSafeTree(plan.files, shared_.cancel);
    plan.ruleFiles = plan.files;
    const IndexFile index = indexOver(plan.files, readIndexIfSound(indexPath_), plan.noLongerTracked);
    plan.index = &index;
    Restore restore(shared_, std::move(plan));
    restore.run();
    failpoint("reset.restored");
    count(restore);
    writeIndex(restore.index());
    if (tracker_ == nullptr || tracker_->isBlind()) return;
    comeToRest();  // what is lost meanwhile stays lost: the next look is at everything again
  }

  void resetSuspects() {
    Suspects todo = tracker_->suspects();
    RestorePlan plan;
    const bool moves = tracker_->treeOid() != treeOid_;
    if (moves) {
      std::vector<Change> changes = diffTrees(*handle_, tracker_->treeOid(), treeOid_, shared_.cancel);
      clean_.overwrite(changes, todo);
      reply_.written += static_cast<uint32_t>(clean_.written().size());
      for (const Change& change : changes) {
        todo.add(change.path);
        if (change.newMode == 0) plan.noLongerTracked.push_back(change.path);
      }
    }
    const std::vector<std::string> gone = plan.noLongerTracked;
    const bool own = tracker_->isOwnIndex(indexPath_);
    std::optional<IndexFile> whole;
    if (!own) whole = wholeIndex(plan.noLongerTracked);
    IndexFile seen;
    bool converts = false;
    if (!restoreView(todo, std::move(plan), seen, converts)) {
      reply_.scanned = "a file that changed has another name";
      return;
    }
    if (moves || converts || !own) writeIndexOver(std::move(whole), std::move(seen), gone);
    if (!comeToRest()) reply_.scanned = tracker_->lost();
  }

  // `whole`: nothing where the index is still the one that the last reset wrote.
  void writeIndexOver(std::optional<IndexFile> whole, IndexFile seen, const std::vector<std::string>& gone) {
    if (!whole) {
      const std::optional<std::string> bytes = movedOwnIndex(seen, gone);
      if (bytes) return replaceIndex(*bytes);
      std::vector<std::string> none;
      whole = wholeIndex(none);
    }
    takeStats(*whole, seen.entries);
    takeStats(*whole, clean_.written());
    writeIndex(std::move(*whole));
  }

  std::optional<std::string> movedOwnIndex(const IndexFile& seen, const std::vector<std::string>& gone) {
    const std::optional<std::string> bytes = readSmallFile(indexPath_, kMaxIndexBytes);
    if (!bytes || !tracker_->isOwnIndex(indexPath_)) return std::nullopt;
    const std::vector<IndexEdit> edits = indexEdits({&seen.entries, &clean_.written()}, gone);
    return movedIndex(*handle_, *bytes, tracker_->treeOid(), treeOid_, edits, shared_.cancel);
  }

  IndexFile wholeIndex(std::vector<std::string>& noLongerTracked) {
    return indexOver(listTree(*handle_, treeOid_, shared_.cancel), readIndexIfSound(indexPath_), noLongerTracked);
  }

  bool restoreView(const Suspects& todo, RestorePlan plan, IndexFile& seen, bool& converts) {
    for (const auto& [path, kind] : todo)
      if (kind == Suspects::Kind::kMode && entryAt(*handle_, treeOid_, path).mode == kModeTree)
        plan.modes.push_back(path);
    const SuspectView view =
        viewOfTree(*handle_, treeOid_, shared_.root, todo, shared_.request.keep, shared_.cancel);
    for (const IndexEntry& entry : view.index.entries)
      plan.files.push_back({entry.path, entry.mode, entry.oid});
    requireSafeTree(plan.files, shared_.cancel);
    plan.ruleFiles = ruleFilesAbove(*handle_, treeOid_, plan.files);
    plan.index = &view.index;
    plan.directories = &view.directories;
    Restore restore(shared_, std::move(plan));
    const bool enough = restore.run();
    failpoint("reset.restored");
    count(restore);
    seen = restore.index();
    converts = restore.converts();
    return enough;
  }

  // False: not everything that happened is known, or somebody writes without end.
  bool comeToRest() {
    for (const std::string& path : shared_.request.keep)
      stays_.add(path.substr(0, path.find_last_not_of('/') + 1));
    for (int round = 0; round < kMaxRounds; round++) {
      const Suspects fresh = tracker_->drain();
      if (tracker_->isBlind()) return false;
      if (fresh.empty()) {
        tracker_->proven(treeOid_, std::move(stays_), indexPath_);
        return true;
      }
      const Suspects unclear = clean_.unclear(fresh);
      if (unclear.empty()) continue;
      IndexFile seen;
      bool converts = false;
      if (!restoreView(unclear, {}, seen, converts)) break;
    }
    tracker_->lose("somebody writes into it while it is reset");
    return false;
  }

  void count(const Restore& restore) {
    reply_.written += restore.written();
    reply_.removed += restore.removed();
    stays_.add(restore.stays());
  }

  void replaceIndex(std::string_view bytes) {
    replaceFile(indexPath_, bytes, Deadline(shared_.session.lockTimeoutMs()), shared_.cancel);
  }

  void writeIndex(IndexFile index) {
    index.version = 2;
    index.treeExtension = treeExtensionFor(*handle_, treeOid_, shared_.cancel);
    replaceIndex(serializeIndex(index));
    failpoint("reset.index-written");
  }

  const RestoreSettings& shared_;
  Tracker* const tracker_;
  const HandleLease handle_;
  const Oid treeOid_;
  CleanFiles clean_;
  const std::string indexPath_;
  Suspects stays_;
  ResetReply reply_;
};

}  // namespace

ResetReply reset(Session& session, const ResetRequest& request, const Cancel& cancel) {
  const std::string admin = adminDirectoryPath(session, request.name);
  requireWorktree(request, admin);
  for (const std::string& path : request.keep)
    requireSafePath(std::string_view(path).substr(0, path.find_last_not_of('/') + 1), kOperation);
  const HandleLease handle = session.handle();
  handle->read(request.baseOid, GIT_OBJECT_COMMIT);
  const Oid treeOid = treeOfTreeish(*handle, request.baseOid);
  const std::shared_ptr<Tracker> tracker = session.trackers().find(request.name);
  std::unique_lock<std::mutex> lock;
  if (tracker) lock = std::unique_lock<std::mutex>(tracker->mutex());

  requireNoMount(request.path, tracker.get());
  sweepAdminDirectory(session, admin, request.baseOid, tracker ? &tracker->adminMarks : nullptr, cancel);
  failpoint("reset.admin-swept");
  RootDirectory root(request.path, Mounts::kRefused);
  const FreshModes modes = freshModes(root, tracker.get());
  restoreGitFile(root, admin, cancel);
  const RestoreSettings shared{session, request, admin,         std::move(root), fileSettings(session, admin)->worktree,
                               modes,   tracker.get(), cancel};
  return Reset(shared, treeOid).run();
}

}  // namespace coppice
