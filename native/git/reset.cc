// Brings a worktree back to exactly a commit, in place (PROTOCOLS P4): the admin directory first, so that nothing a
// task configured there decides about the files, then the files, then the index. Only what differs is written.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

#include "admin_directory.h"
#include "checkout.h"
#include "failure.h"
#include "file_restorer.h"
#include "operations.h"
#include "parallel.h"
#include "reset_admin.h"
#include "scan.h"
#include "untracked_removal.h"

namespace coppice {
namespace {

constexpr const char* kOperation = "reset";
constexpr int kMaxRounds = 1000;  // each but the last has removed an ignore file or opened a directory

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

bool isIgnoreFile(const std::string& path) {
  return RootDirectory::baseName(path) == ".gitignore";
}

class Reset {
 public:
  Reset(Session& session, const ResetRequest& request, const std::string& admin, std::vector<TreeFile> files,
        const Cancel& cancel)
      : session_(session),
        request_(request),
        admin_(admin),
        cancel_(cancel),
        files_(std::move(files)),
        root_(request.path),
        attributes_(Attributes::ofTree(session, admin, files_)),
        settings_(WorktreeSettings::read(session, admin)),
        modes_(FreshModes::triedIn(root_)),
        removal_(root_, request.keep, cancel),
        right_(files_.size(), 0) {}

  void files() {
    readIndex();
    restoreModes();
    restoreIgnoreFiles();
    for (int round = 0; round < kMaxRounds; round++) {
      if (settle()) return;
    }
    fail(failure_code::kLimit, kOperation, "what is ignored keeps changing while the worktree is reset", request_.path);
  }

  void writeIndex(std::string treeExtension) {
    index_.version = 2;
    index_.treeExtension = std::move(treeExtension);
    replaceFile(admin_ + "/index", serializeIndex(index_), false);
  }

  ResetReply reply() const {
    ResetReply reply;
    reply.scanned = "its changes are not tracked";
    reply.written = written_;
    reply.removed = removal_.count();
    return reply;
  }

 private:
  FileRestorer restorer() { return FileRestorer(session_, root_, attributes_, settings_, modes_, cancel_); }

  // The index to be: the base's entries, each with the stat data that the task's index holds for the same content. What
  // that one holds besides is remembered, because ignore rules do not protect what was tracked.
  void readIndex() {
    IndexFile old;
    try {
      old = IndexFile::read(admin_ + "/index").value_or(IndexFile());
    } catch (const Failure& failure) {
      if (failure.code == failure_code::kCancelled) throw;  // damaged or of an unknown kind: then nothing is proven
    }
    index_.mtimeSeconds = old.mtimeSeconds;
    index_.mtimeNanoseconds = old.mtimeNanoseconds;
    index_.entries.resize(files_.size());
    auto at = old.entries.begin();
    const auto pass = [&] { noLongerTracked_.push_back((at++)->path); };
    for (size_t i = 0; i < files_.size(); i++) {
      IndexEntry& entry = index_.entries[i];
      entry.path = files_[i].path;
      entry.mode = files_[i].mode;
      entry.oid = files_[i].oid;
      while (at != old.entries.end() && at->path < entry.path)
        pass();
      for (; at != old.entries.end() && at->path == entry.path; ++at) {
        const bool same = at->mode == entry.mode && at->oid == entry.oid && at->stage == 0;
        if (same && !at->assumeUnchanged && !at->skipWorktree && !at->intentToAdd) entry.stat = at->stat;
      }
    }
    while (at != old.entries.end())
      pass();
    // What is not safe to name cannot be a file of ours.
    noLongerTracked_.erase(std::remove_if(noLongerTracked_.begin(), noLongerTracked_.end(),
                                          [](const std::string& path) { return !isSafePath(path); }),
                           noLongerTracked_.end());
  }

  // Directories as a fresh checkout makes them; also so that everything below can be read and written from here on.
  void restoreModes() {
    std::string_view last;
    for (const TreeFile& file : files_) {
      const std::string_view path = file.path;
      for (size_t slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/', slash + 1)) {
        if (last.substr(0, slash + 1) == path.substr(0, slash + 1)) continue;  // seen with the file before
        restoreMode(std::string(path.substr(0, slash)));
      }
      last = path;
    }
  }

  void restoreMode(const std::string& directory) {
    cancel_.check(kOperation);
    struct stat status;  // a link on the way shows another's mode; then nothing is opened below
    if (::fstatat(root_.get(), directory.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(status.st_mode))
      return;
    if ((status.st_mode & 07777) == modes_.directory) return;
    const OwnedFd parent = root_.openParent(directory);
    const std::string name(RootDirectory::baseName(directory));
    if (!parent || ::fstatat(parent.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(status.st_mode))
      return;
    if (::fchmodat(parent.get(), name.c_str(), modes_.directory, AT_SYMLINK_NOFOLLOW) != 0)
      failSystem(kOperation, directory);
  }

  // Before anything is judged as ignored: by the base's rules, not the task's.
  void restoreIgnoreFiles() {
    FileRestorer restorer = this->restorer();
    for (size_t i = 0; i < files_.size(); i++) {
      if (isIgnoreFile(files_[i].path) && !removal_.keeps(files_[i].path)) restore(i, restorer);
    }
  }

  void restore(size_t i, FileRestorer& restorer) {
    if (right_[i]) return;
    cancel_.check(kOperation);
    if (!restorer.isRight(files_[i], index_.entries[i].stat)) {
      index_.entries[i].stat = restorer.put(files_[i]);
      written_++;
    }
    right_[i] = 1;
  }

  // One look at the worktree and what follows from it. False: another look is needed.
  bool settle() {
    for (const std::string& path : noLongerTracked_)
      removal_.removeFile(path);
    const ScanResult found =
        scan(session_, {request_.path, admin_, &index_, !request_.keepIgnored, request_.keep}, cancel_);
    bool opened = false;
    for (const std::string& path : found.unreadable)
      opened = removal_.open(path) || opened;
    if (!opened && !found.unreadable.empty())
      fail(failure_code::kSystem, kOperation, "this cannot be read, nor its mode changed", found.unreadable.front());
    for (const std::string& directory : found.untrackedDirectories)
      removal_.open(directory);
    bool rulesChanged = false;
    for (const ScanResult::Untracked& untracked : found.untracked) {
      std::string path = untracked.path;
      if (path.back() == '/') path.pop_back();
      removal_.remove(path);
      rulesChanged = rulesChanged || isIgnoreFile(path);
    }
    for (auto directory = found.untrackedDirectories.rbegin(); directory != found.untrackedDirectories.rend();
         ++directory)
      removal_.removeIfEmpty(*directory);
    for (const size_t gitlink : found.populatedGitlinks)
      removal_.empty(files_[gitlink].path);
    restoreFiles(found);
    return !opened && !rulesChanged;
  }

  void restoreFiles(const ScanResult& found) {
    std::vector<size_t> wanted(found.suspect);
    wanted.insert(wanted.end(), found.missing.begin(), found.missing.end());
    parallelFor(session_.threads(), wanted.size(),
                [&] { return [&, restorer = this->restorer()](size_t i) mutable { restore(wanted[i], restorer); }; });
  }

  Session& session_;
  const ResetRequest& request_;
  const std::string& admin_;
  const Cancel& cancel_;
  const std::vector<TreeFile> files_;
  const RootDirectory root_;
  const Attributes attributes_;
  const WorktreeSettings settings_;
  const FreshModes modes_;
  UntrackedRemoval removal_;
  IndexFile index_;
  std::vector<std::string> noLongerTracked_;
  std::vector<char> right_;  // files that were looked at or written here (not vector<bool>: threads write side by side)
  std::atomic<uint32_t> written_{0};
};

}  // namespace

ResetReply reset(Session& session, const ResetRequest& request, const Cancel& cancel) {
  const std::string admin = adminDirectoryPath(session, request.name);
  requireWorktree(request, admin);
  for (const std::string& path : request.keep)
    requireSafePath(std::string_view(path).substr(0, path.find_last_not_of('/') + 1), kOperation);
  HandleLease handle = session.handle();
  handle->read(request.baseOid, GIT_OBJECT_COMMIT);
  const Oid treeOid = treeOfTreeish(*handle, request.baseOid);
  std::vector<TreeFile> files = listTree(*handle, treeOid, cancel);
  requireSafeTree(files, cancel);

  sweepAdminDirectory(session, admin, request.baseOid, cancel);
  Reset reset(session, request, admin, std::move(files), cancel);
  restoreGitFile(RootDirectory(request.path), admin, cancel);
  reset.files();
  reset.writeIndex(treeExtensionFor(*handle, treeOid, cancel));
  return reset.reply();
}

}  // namespace coppice
