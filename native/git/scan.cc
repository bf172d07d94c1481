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
#include "known_names.h"
#include "nested_repository.h"
#include "parallel.h"
#include "path_error.h"
#include "safe_path.h"
#include "settings_cache.h"
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

class Walk {
 public:
  Walk(Session& session, const ScanRequest& request, const Cancel& cancel)
      : session_(session),
        request_(request),
        cancel_(cancel),
        root_(request.root),
        excluded_(request.exclude),
        whole_(request.directories ? std::vector<TrackedDirectory>() : trackedDirectories(*request.index, excluded_)),
        tracked_(request.directories ? *request.directories : whole_) {}

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
    KnownNames known;
    ScanResult found;
    std::vector<std::string> directories;
  };

  template <class Visit>
  void forEach(size_t count, Visit visit) {
    parallelFor(worthThreads(session_.threads(), count), count, [&] {
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
  void lookAtGitlink(int fd, size_t position, const char* name, Worker& worker);
  void meet(int fd, const std::string& directory, size_t listed, Worker& worker);
  void meetUntracked(int fd, const std::string& directory, size_t listed, Worker& worker);
  bool isDirectory(int fd, size_t listed, const DirectoryListing& listing) const;
  bool isDotGit(std::string_view name) const { return equalFolded(name, ".git", session_.ignoreCase()); }
  Ignore& ignore();

  Session& session_;
  const ScanRequest& request_;
  const Cancel& cancel_;
  const RootDirectory root_;
  const ExcludedPaths excluded_;
  const std::vector<TrackedDirectory> whole_;
  const std::vector<TrackedDirectory>& tracked_;
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
      found.untrackedDirectories.empty() && found.unreadable.empty() && worker.directories.empty() && !found.manyNames)
    return;
  std::lock_guard<std::mutex> lock(mutex_);
  all_.manyNames = all_.manyNames || std::exchange(found.manyNames, false);
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
    const std::string& place = request_.gitDirectory;
    ignore_.emplace(
        root_, place.empty() ? WorktreeSettings::read(session_, request_.root) : fileSettings(session_, place)->worktree,
        fromIndex);
  });
  return *ignore_;
}

void Walk::scanTracked(const TrackedDirectory& directory, Worker& worker) {
  const OwnedFd fd = root_.openDirectory(directory.path);
  if (!fd) {
    if (isGone(errno))
      worker.found.missing.assign(directory.files.begin(), directory.files.end());
    else if (isUnreadable(errno))
      worker.found.unreadable.push_back(directory.path);
    else
      failSystem(kOperation, directory.path);
    return;
  }
  if (request_.entering && !directory.only) request_.entering(fd.get(), directory.path);
  worker.known.clear();
  statFiles(fd.get(), directory, worker);
  for (const std::string_view name : directory.subdirectories)
    worker.known.addDirectory(name);
  worker.known.sort();
  const bool read =
      directory.only ? worker.listing.readNamed(fd.get(), *directory.only) : worker.listing.read(fd.get());
  if (!read) {
    if (isUnreadable(errno))
      worker.found.unreadable.push_back(directory.path);
    else if (!isGone(errno))
      failSystem(kOperation, directory.path);
    return;
  }
  for (size_t i = 0; i < worker.listing.size(); i++)
    meet(fd.get(), directory.path, i, worker);
}

void Walk::statFiles(int fd, const TrackedDirectory& directory, Worker& worker) {
  using OnDisk = KnownNames::OnDisk;
  const IndexFile& index = *request_.index;
  const size_t start = directory.path.empty() ? 0 : directory.path.size() + 1;
  for (const uint32_t position : directory.files) {
    const IndexEntry& entry = index.entries[position];
    const char* name = entry.path.c_str() + start;
    struct stat status;
    OnDisk there = OnDisk::kAbsent;
    if (::fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
      const bool asDirectory = S_ISDIR(status.st_mode);
      worker.found.manyNames = worker.found.manyNames || (S_ISREG(status.st_mode) && status.st_nlink > 1);
      const bool gitlink = entry.mode == kModeGitlink && asDirectory;
      there = asDirectory && !gitlink ? OnDisk::kDirectory : OnDisk::kFile;
      if (gitlink)
        lookAtGitlink(fd, position, name, worker);
      else if (asDirectory)
        worker.found.missing.push_back(position);
      else if (!index.proves(entry, status))
        worker.found.suspect.push_back(position);
    } else if (isGone(errno)) {
      worker.found.missing.push_back(position);
    } else if (isUnreadable(errno)) {
      worker.found.unreadable.push_back(entry.path);
    } else {
      failSystem(kOperation, entry.path);
    }
    worker.known.addFile(std::string_view(entry.path).substr(start), there);
  }
}

void Walk::lookAtGitlink(int fd, size_t position, const char* name, Worker& worker) {
  const OwnedFd inside(::openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (inside && request_.entering) request_.entering(inside.get(), request_.index->entries[position].path);
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
  const KnownNames::Found known = worker.known.find(name);
  if (known.settled) return;
  if (known.directory && isDirectory(fd, listed, worker.listing)) return;  // an item of its own
  const bool unknown = !known.file && !known.directory;
  if (unknown && session_.ignoreCase() && worker.known.holdInOtherCase(fd, name)) return;
  meetUntracked(fd, directory, listed, worker);
}

bool Walk::isDirectory(int fd, size_t listed, const DirectoryListing& listing) const {
  if (listing.type(listed) != DT_UNKNOWN) return listing.type(listed) == DT_DIR;
  struct stat status;
  return ::fstatat(fd, listing.name(listed).data(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
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
    if (isUnreadable(errno))
      worker.found.unreadable.push_back(std::move(path));
    else if (!isGone(errno))
      failSystem(kOperation, path);
    return;
  }
  const struct stat& status = untracked.status;
  worker.found.manyNames = worker.found.manyNames || (!ignored && S_ISREG(status.st_mode) && status.st_nlink > 1);
  untracked.path = std::move(path);
  untracked.ignored = ignored;
  if (asDirectory) untracked.path += '/';
  worker.found.untracked.push_back(std::move(untracked));
}

void Walk::scanUntracked(const std::string& path, Worker& worker) {
  const OwnedFd fd = root_.openDirectory(path);
  if (!fd || !worker.listing.read(fd.get())) {
    if (isUnreadable(errno))
      worker.found.unreadable.push_back(path);
    else if (!isGone(errno))
      failSystem(kOperation, path);
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
