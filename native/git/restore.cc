#include "restore.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "failure.h"
#include "mount.h"
#include "parallel.h"

namespace coppice {
namespace {

constexpr const char* kOperation = "reset";
constexpr int kMaxLooks = 1000;  // each but the last has removed an ignore file or opened a directory

bool isIgnoreFile(const std::string& path) {
  return RootDirectory::baseName(path) == ".gitignore";
}

}  // namespace

Restore::Restore(const RestoreSettings& settings, RestorePlan plan)
    : shared_(settings),
      plan_(std::move(plan)),
      files_(plan_.files),
      attributes_(Attributes::ofTree(settings.session, settings.admin, plan_.ruleFiles)),
      removal_(settings.root, settings.request.keep, settings.cancel),
      index_(*plan_.index),
      right_(files_.size(), 0) {}

FileRestorer Restore::restorer() {
  return FileRestorer(shared_.session, shared_.root, attributes_, shared_.settings, shared_.modes, shared_.cancel);
}

bool Restore::run() {
  restoreModes();
  restoreIgnoreFiles();
  for (int round = 0; round < kMaxLooks; round++) {
    const Look look = this->look();
    if (look != Look::kAgain) return look == Look::kEnough;
  }
  fail(failure_code::kLimit, kOperation, "what is ignored keeps changing while the worktree is reset",
       shared_.request.path);
}

bool Restore::converts() const {
  return attributes_.any() && std::any_of(files_.begin(), files_.end(), [&](const TreeFile& file) {
           return (file.mode == kModeFile || file.mode == kModeExecutable) && !attributes_.of(file.path).keepsBlob();
         });
}

// Directories as a fresh checkout makes them; also so that everything below can be read and written from here on.
void Restore::restoreModes() {
  std::string_view last;
  for (const TreeFile& file : files_) {
    const std::string_view path = file.path;
    for (size_t slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/', slash + 1)) {
      if (last.substr(0, slash + 1) == path.substr(0, slash + 1)) continue;  // seen with the file before
      restoreMode(std::string(path.substr(0, slash)));
    }
    last = path;
  }
  for (const std::string& directory : plan_.modes)
    restoreMode(directory);
}

void Restore::restoreMode(const std::string& directory) {
  shared_.cancel.check(kOperation);
  struct stat status;  // a link on the way shows another's mode; then nothing is opened below
  const int rootFd = shared_.root.get();
  if (::fstatat(rootFd, directory.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(status.st_mode)) return;
  if ((status.st_mode & 07777) == shared_.modes.directory) return;
  const OwnedFd parent = shared_.root.openParent(directory);
  const std::string name(RootDirectory::baseName(directory));
  if (!parent || ::fstatat(parent.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(status.st_mode))
    return;
  if (isMountPoint(parent.get(), name)) failMounted(kOperation, directory);
  if (::fchmodat(parent.get(), name.c_str(), shared_.modes.directory, AT_SYMLINK_NOFOLLOW) != 0)
    failSystem(kOperation, directory);
}

// Before anything is judged as ignored: by the base's rules, not the task's.
void Restore::restoreIgnoreFiles() {
  std::optional<FileRestorer> restorer;
  for (size_t i = 0; i < files_.size(); i++) {
    if (!isIgnoreFile(files_[i].path) || removal_.keeps(files_[i].path)) continue;
    if (!restorer) restorer.emplace(this->restorer());
    restore(i, *restorer);
  }
}

void Restore::restore(size_t i, FileRestorer& restorer) {
  if (right_[i]) return;
  shared_.cancel.check(kOperation);
  if (!restorer.isRight(files_[i], index_.entries[i].stat)) {
    index_.entries[i].stat = restorer.put(files_[i]);
    written_++;
  }
  right_[i] = 1;
}

// One look at the worktree and what follows from it.
Restore::Look Restore::look() {
  for (const std::string& path : plan_.noLongerTracked)
    removal_.removeFile(path);
  const bool keepIgnored = shared_.request.keepIgnored;
  ScanRequest request;
  request.root = shared_.request.path;
  request.gitDirectory = shared_.admin;
  request.index = &index_;
  request.listIgnored = !keepIgnored || shared_.tracker != nullptr;
  request.exclude = shared_.request.keep;
  request.directories = plan_.directories;
  if (shared_.tracker != nullptr)
    request.entering = [this](int fd, const std::string& path) { shared_.tracker->watch(fd, path); };
  const ScanResult found = scan(shared_.session, request, shared_.cancel);
  if (plan_.directories != nullptr && found.manyNames) return Look::kNotEnough;
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
    if (untracked.ignored && keepIgnored) {
      stays_.add(std::move(path));
      continue;
    }
    removal_.remove(path);
    rulesChanged = rulesChanged || isIgnoreFile(path);
  }
  for (auto directory = found.untrackedDirectories.rbegin(); directory != found.untrackedDirectories.rend();
       ++directory)
    removal_.removeIfEmpty(*directory);
  for (const size_t gitlink : found.populatedGitlinks)
    removal_.empty(files_[gitlink].path);
  if (!found.suspect.empty() || !found.missing.empty()) restoreFiles(found);
  return opened || rulesChanged ? Look::kAgain : Look::kEnough;
}

void Restore::restoreFiles(const ScanResult& found) {
  std::vector<size_t> wanted(found.suspect);
  wanted.insert(wanted.end(), found.missing.begin(), found.missing.end());
  parallelFor(worthThreads(shared_.session.threads(), wanted.size()), wanted.size(),
              [&] { return [&, restorer = this->restorer()](size_t i) mutable { restore(wanted[i], restorer); }; });
}

}  // namespace coppice
