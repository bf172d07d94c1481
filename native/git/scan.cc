#include "scan.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <optional>

#include "directory_listing.h"
#include "excluded_paths.h"
#include "failure.h"
#include "ignore.h"
#include "nested_repository.h"
#include "parallel.h"
#include "safe_path.h"
#include "tracked_directories.h"
#include "wildmatch.h"

namespace coppice {

namespace {

constexpr const char* kOperation = "scan";

std::string join(const std::string& directory, std::string_view name) {
  std::string path;
  path.reserve(directory.size() + 1 + name.size());
  if (!directory.empty()) path.append(directory) += '/';
  return path.append(name);
}

bool isGone(int error) { return error == ENOENT || error == ENOTDIR || error == ELOOP; }
bool isUnreadable(int error) {
  return error == EACCES || error == EPERM || error == EIO || error == ENAMETOOLONG || error == EOVERFLOW;
}

// A name of a directory that the index knows: as a file, as a directory with files below, or (unmerged) as both.
struct Known {
  std::string_view name;
  bool file = false;
  bool directory = false;
  bool leftAlone = false;  // a gitlink
  std::optional<struct stat> status;  // of what is there, for files
};

class Walk {
 public:
  Walk(Session& session, const ScanRequest& request, const Cancel& cancel)
      : session_(session),
        request_(request),
        cancel_(cancel),
        root_(request.root),
        excluded_(request.exclude),
        tracked_(trackedDirectories(*request.index, excluded_)) {}

  ScanResult run() {
    forEach(tracked_.size(), [this](size_t i, Worker& worker) { scanTracked(tracked_[i], worker); });
    while (!discovered_.empty()) {
      const std::vector<std::string> wave = std::move(discovered_);
      discovered_.clear();
      forEach(wave.size(), [&](size_t i, Worker& worker) { scanUntracked(wave[i], worker); });
    }
    std::sort(all_.suspect.begin(), all_.suspect.end());
    std::sort(all_.missing.begin(), all_.missing.end());
    std::sort(all_.populatedGitlinks.begin(), all_.populatedGitlinks.end());
    std::sort(all_.untracked.begin(), all_.untracked.end(),
              [](const auto& a, const auto& b) { return a.path < b.path; });
    std::sort(all_.untrackedDirectories.begin(), all_.untrackedDirectories.end());
    std::sort(all_.unreadable.begin(), all_.unreadable.end());
    return std::move(all_);
  }

 private:
  // One thread's buffers and what it found in the directory at hand.
  struct Worker {
    DirectoryListing listing;
    DirectoryListing gitlinkListing;
    std::vector<Known> known;
    ScanResult found;
    std::vector<std::string> directories;
  };

  template <class Visit>
  void forEach(size_t count, Visit visit) {
    parallelFor(session_.threads(), count, [&] {
      return [&, worker = Worker()](size_t i) mutable {
        cancel_.check(kOperation);
        visit(i, worker);
        collect(worker);
      };
    });
  }

  void collect(Worker& worker);
  void scanTracked(const TrackedDirectory& directory, Worker& worker);
  void scanUntracked(const std::string& path, Worker& worker);
  void statFiles(int fd, const TrackedDirectory& directory, Worker& worker);
  void lookAtGitlink(int fd, size_t position, Known& known, Worker& worker);
  void meet(int fd, const std::string& directory, size_t listed, Worker& worker);
  void meetUntracked(int fd, const std::string& directory, size_t listed, Worker& worker);
  bool isDirectory(int fd, size_t listed, const DirectoryListing& listing) const;
  bool isKnownInOtherCase(int fd, std::string_view name, const std::vector<Known>& known) const;
  bool isDotGit(std::string_view name) const { return equalFolded(name, ".git", session_.ignoreCase()); }
  Ignore& ignore();

  Session& session_;
  const ScanRequest& request_;
  const Cancel& cancel_;
  const RootDirectory root_;
  const ExcludedPaths excluded_;
  const std::vector<TrackedDirectory> tracked_;
  std::mutex mutex_;
  ScanResult all_;
  std::vector<std::string> discovered_;
  std::once_flag ignoreMade_;
  std::optional<Ignore> ignore_;
};

template <class T>
void moveAll(std::vector<T>& from, std::vector<T>& to) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  from.clear();
}

void Walk::collect(Worker& worker) {
  ScanResult& found = worker.found;
  if (found.suspect.empty() && found.missing.empty() && found.populatedGitlinks.empty() && found.untracked.empty() &&
      found.untrackedDirectories.empty() && found.unreadable.empty() && worker.directories.empty())
    return;
  std::lock_guard<std::mutex> lock(mutex_);
  moveAll(found.suspect, all_.suspect);
  moveAll(found.missing, all_.missing);
  moveAll(found.populatedGitlinks, all_.populatedGitlinks);
  moveAll(found.untracked, all_.untracked);
  moveAll(found.untrackedDirectories, all_.untrackedDirectories);
  moveAll(found.unreadable, all_.unreadable);
  moveAll(worker.directories, discovered_);
}

// Made when the first untracked name is met: reading the configuration is not free.
Ignore& Walk::ignore() {
  std::call_once(ignoreMade_, [this] {
    const auto fromIndex = [this](const std::string& path) -> std::optional<std::string> {
      const IndexEntry* entry = request_.index->find(path);
      if (entry == nullptr || !entry->skipWorktree) return std::nullopt;
      return *session_.handle()->read(entry->oid, GIT_OBJECT_BLOB).data;
    };
    const std::string& place = request_.gitDirectory.empty() ? request_.root : request_.gitDirectory;
    ignore_.emplace(root_, WorktreeSettings::read(session_, place), fromIndex);
  });
  return *ignore_;
}

void Walk::scanTracked(const TrackedDirectory& directory, Worker& worker) {
  const OwnedFd fd = root_.openDirectory(directory.path);
  if (!fd) {
    if (isGone(errno)) worker.found.missing.assign(directory.files.begin(), directory.files.end());
    else if (isUnreadable(errno)) worker.found.unreadable.push_back(directory.path);
    else failSystem(kOperation, directory.path);
    return;
  }
  worker.known.clear();
  statFiles(fd.get(), directory, worker);
  for (const std::string_view name : directory.subdirectories) {
    Known known;
    known.name = name;
    known.directory = true;
    worker.known.push_back(known);
  }
  std::sort(worker.known.begin(), worker.known.end(), [](const Known& a, const Known& b) { return a.name < b.name; });
  if (!worker.listing.read(fd.get())) {
    if (isUnreadable(errno)) worker.found.unreadable.push_back(directory.path);
    else if (!isGone(errno)) failSystem(kOperation, directory.path);
    return;
  }
  for (size_t i = 0; i < worker.listing.size(); i++) meet(fd.get(), directory.path, i, worker);
}

void Walk::statFiles(int fd, const TrackedDirectory& directory, Worker& worker) {
  const IndexFile& index = *request_.index;
  for (const uint32_t position : directory.files) {
    const IndexEntry& entry = index.entries[position];
    const size_t start = directory.path.empty() ? 0 : directory.path.size() + 1;
    Known known;
    known.file = true;
    known.name = std::string_view(entry.path).substr(start);
    struct stat status;
    if (::fstatat(fd, entry.path.c_str() + start, &status, AT_SYMLINK_NOFOLLOW) == 0) {
      known.status = status;
      if (entry.mode == kModeGitlink && S_ISDIR(status.st_mode)) {
        lookAtGitlink(fd, position, known, worker);
      } else if (S_ISDIR(status.st_mode)) {
        worker.found.missing.push_back(position);
      } else if (!index.proves(entry, status)) {
        worker.found.suspect.push_back(position);
      }
    } else if (isGone(errno)) {
      worker.found.missing.push_back(position);
    } else if (isUnreadable(errno)) {
      worker.found.unreadable.push_back(entry.path);
    } else {
      failSystem(kOperation, entry.path);
    }
    worker.known.push_back(known);
  }
}

void Walk::lookAtGitlink(int fd, size_t position, Known& known, Worker& worker) {
  known.leftAlone = true;
  const OwnedFd inside(
      ::openat(fd, std::string(known.name).c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  const bool read = inside && worker.gitlinkListing.read(inside.get());
  if (!read || worker.gitlinkListing.size() > 0) worker.found.populatedGitlinks.push_back(position);
}

// A name that a tracked directory really holds.
void Walk::meet(int fd, const std::string& directory, size_t listed, Worker& worker) {
  const std::string_view name = worker.listing.name(listed);
  if (isDotGit(name)) {
    if (directory.empty()) return;  // the worktree's own
    return meetUntracked(fd, directory, listed, worker);
  }
  const auto less = [](const Known& known, std::string_view wanted) { return known.name < wanted; };
  auto at = std::lower_bound(worker.known.begin(), worker.known.end(), name, less);
  bool asFile = false, asDirectory = false;
  for (; at != worker.known.end() && at->name == name; ++at) {
    if (at->leftAlone || (at->file && at->status && !S_ISDIR(at->status->st_mode))) return;
    asFile |= at->file;
    asDirectory |= at->directory;
  }
  if (asDirectory && isDirectory(fd, listed, worker.listing)) return;  // an item of its own
  if (!asFile && !asDirectory && session_.ignoreCase() && isKnownInOtherCase(fd, name, worker.known)) return;
  meetUntracked(fd, directory, listed, worker);
}

bool Walk::isDirectory(int fd, size_t listed, const DirectoryListing& listing) const {
  if (listing.type(listed) != DT_UNKNOWN) return listing.type(listed) == DT_DIR;
  struct stat status;
  return ::fstatat(fd, listing.name(listed).data(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
}

// On a filesystem that folds case, a file whose name differs from the index's in case only is that file.
bool Walk::isKnownInOtherCase(int fd, std::string_view name, const std::vector<Known>& known) const {
  struct stat own;
  if (::fstatat(fd, name.data(), &own, AT_SYMLINK_NOFOLLOW) != 0) return false;
  return std::any_of(known.begin(), known.end(), [&](const Known& other) {
    struct stat status;
    return equalFolded(other.name, name, true) &&
           ::fstatat(fd, std::string(other.name).c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
           status.st_ino == own.st_ino && status.st_dev == own.st_dev;
  });
}

void Walk::meetUntracked(int fd, const std::string& directory, size_t listed, Worker& worker) {
  const std::string_view name = worker.listing.name(listed);
  std::string path = join(directory, name);
  if (excluded_.names(path)) return;
  // Nothing in a ".git" is ever looked at or ignored: it is reported as it stands.
  const bool dotGit = isDotGit(name);
  const bool asDirectory = !dotGit && isDirectory(fd, listed, worker.listing);
  const bool ignored = !dotGit && ignore().isIgnored(directory, name, asDirectory);
  if (ignored && !request_.listIgnored) return;
  if (asDirectory && !ignored) {
    worker.directories.push_back(std::move(path));
    return;
  }
  ScanResult::Untracked untracked;
  if (::fstatat(fd, name.data(), &untracked.status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (isUnreadable(errno)) worker.found.unreadable.push_back(std::move(path));
    else if (!isGone(errno)) failSystem(kOperation, path);
    return;
  }
  untracked.path = std::move(path);
  untracked.ignored = ignored;
  if (asDirectory) untracked.path += '/';
  worker.found.untracked.push_back(std::move(untracked));
}

void Walk::scanUntracked(const std::string& path, Worker& worker) {
  const OwnedFd fd = root_.openDirectory(path);
  if (!fd || !worker.listing.read(fd.get())) {
    if (isUnreadable(errno)) worker.found.unreadable.push_back(path);
    else if (!isGone(errno)) failSystem(kOperation, path);
    return;
  }
  const DirectoryListing& listing = worker.listing;
  for (size_t i = 0; i < listing.size(); i++) {
    if (!isDotGit(listing.name(i)) || !isNestedRepository(join(root_.path(), path))) continue;
    ScanResult::Untracked repository;
    if (::fstat(fd.get(), &repository.status) != 0) failSystem(kOperation, path);
    repository.path = path;
    worker.found.untracked.push_back(std::move(repository));
    return;
  }
  worker.found.untrackedDirectories.push_back(path);
  for (size_t i = 0; i < listing.size(); i++) {
    if (i % 1024 == 1023) cancel_.check(kOperation);
    meetUntracked(fd.get(), path, i, worker);
  }
}

}  // namespace

ScanResult scan(Session& session, const ScanRequest& request, const Cancel& cancel) {
  return Walk(session, request, cancel).run();
}

}  // namespace coppice
