#include "lock_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>

#include "checksum.h"
#include "failure.h"
#include "random_name.h"
#include "safe_path.h"

namespace coppice {

namespace {

constexpr const char* kOperation = "lockFile";
constexpr int kMaxAttempts = 100;  // each is lost only to somebody who removes empty directories at that moment

std::string directoryOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

bool sameFile(const struct stat& a, const struct stat& b) { return a.st_ino == b.st_ino && a.st_dev == b.st_dev; }

// Private files of one lock share the start of their name, so that nobody has to look at all of them.
std::string privatePrefix(const std::string& lockPath) {
  const Checksum::Digest digest = Checksum::of(lockPath);
  char text[17];
  for (size_t i = 0; i < 8; i++) std::snprintf(text + 2 * i, 3, "%02x", digest[i]);
  return std::string(text) + "-";
}

std::string locksDirectory(const std::string& commonDirectory) { return commonDirectory + "/coppice/locks"; }

// Removes the lock if it belongs to one of ours who died, and what dead ones left of earlier locks on the same path.
// True: something was removed, trying again is worth it.
bool removeDead(const std::string& commonDirectory, const std::string& lockPath) {
  const std::string folder = locksDirectory(commonDirectory);
  const OwnedFd directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) failSystem(kOperation, folder);
  const std::string prefix = privatePrefix(lockPath);
  bool removed = false;
  for (const std::string& name : namesIn(directory.get(), folder)) {
    if (name.rfind(prefix, 0) != 0) continue;
    const OwnedFd owner(::openat(directory.get(), name.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    if (!owner || ::flock(owner.get(), LOCK_EX | LOCK_NB) != 0) continue;
    struct stat own, lock;
    if (::fstat(owner.get(), &own) != 0) continue;
    // While `owner` is open no other file can get its inode number.
    if (::lstat(lockPath.c_str(), &lock) == 0 && sameFile(own, lock)) removed = ::unlink(lockPath.c_str()) == 0;
    ::unlinkat(directory.get(), name.c_str(), 0);
  }
  return removed;
}

// True: made, or made by somebody else meanwhile.
bool makeDirectory(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0777) == 0) {
    syncDirectory(directoryOf(folder));
    return true;
  }
  struct stat status;
  if (errno == EEXIST && ::stat(folder.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return true;
  if (errno == ENOENT) return false;
  if (errno == EEXIST || errno == ENOTDIR) {
    fail(failure_code::kExists, kOperation, "a file is where a directory is needed; refs cannot be named like directories of refs",
         folder);
  }
  failSystem(kOperation, folder);
}

// As shared or as private as the file that these bytes will replace.
void writeSynced(int fd, std::string_view bytes, const std::string& target, const std::string& path) {
  struct stat old;
  if (::lstat(target.c_str(), &old) == 0 && S_ISREG(old.st_mode) && ::fchmod(fd, old.st_mode & 0777) != 0) {
    failSystem(kOperation, path);
  }
  writeAll(fd, bytes.data(), bytes.size(), path);
  if (::fsync(fd) != 0) failSystem(kOperation, path);
}

[[noreturn]] void failLocked(const std::string& lockPath) {
  fail(failure_code::kLocked, kOperation,
       "another process holds this lock; if no git command runs in the repository, the lock file may be deleted", lockPath);
}

}  // namespace

void makeParentsDurably(const std::string& path) {
  const std::string folder = directoryOf(path);
  struct stat status;
  if (folder.empty() || (::stat(folder.c_str(), &status) == 0 && S_ISDIR(status.st_mode))) return;
  // Git removes directories that became empty, so one that was there a moment ago may be missing again.
  for (int attempt = 0; attempt < kMaxAttempts; attempt++) {
    makeParentsDurably(folder);
    if (makeDirectory(folder)) return;
  }
  failSystem(kOperation, folder);
}

// Somebody who clears up after the dead may take the new file for theirs before it is locked; then another one is made.
void LockFile::makePrivate(const std::string& commonDirectory) {
  for (int attempt = 0; attempt < kMaxAttempts; attempt++) {
    privatePath_ = locksDirectory(commonDirectory) + "/" + privatePrefix(lockPath()) + randomName();
    makeParentsDurably(privatePath_);
    fd_ = OwnedFd(::open(privatePath_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
    if (!fd_) failSystem(kOperation, privatePath_);
    struct stat own, named;
    if (::flock(fd_.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) failSystem(kOperation, privatePath_);
    } else if (::fstat(fd_.get(), &own) == 0 && ::lstat(privatePath_.c_str(), &named) == 0 && sameFile(own, named)) {
      return;
    }
    ::unlink(privatePath_.c_str());
  }
  fail(failure_code::kLocked, kOperation, "no private file could be kept", privatePath_);
}

// False: errno is EEXIST, or a directory on the way is missing.
bool LockFile::tryLink() {
  if (::link(privatePath_.c_str(), lockPath().c_str()) == 0) return true;
  if (errno == EPERM || errno == ENOTSUP || errno == EMLINK || errno == EXDEV) {
    OwnedFd plain(::open(lockPath().c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
    if (plain) {
      ::unlink(privatePath_.c_str());
      privatePath_.clear();
      fd_ = std::move(plain);
      return true;
    }
  }
  if (errno != EEXIST && errno != ENOENT && errno != ENOTDIR) failSystem(kOperation, lockPath());
  return false;
}

LockFile LockFile::take(const std::string& commonDirectory, const std::string& path, const Deadline& deadline,
                        const Cancel& cancel) {
  LockFile lock;
  lock.path_ = path;
  lock.makePrivate(commonDirectory);
  BackOff backOff(deadline);
  for (int missing = 0; !lock.tryLink();) {
    if (errno != EEXIST) {
      if (++missing > kMaxAttempts) failSystem(kOperation, lock.lockPath());
      makeParentsDurably(path);
      continue;
    }
    if (removeDead(commonDirectory, lock.lockPath())) continue;
    if (!backOff.wait(cancel, kOperation)) failLocked(lock.lockPath());
  }
  lock.taken_ = true;
  return lock;
}

LockFile::LockFile(LockFile&& other) noexcept
    : path_(std::move(other.path_)),
      privatePath_(std::exchange(other.privatePath_, {})),
      fd_(std::move(other.fd_)),
      taken_(std::exchange(other.taken_, false)) {}

LockFile::~LockFile() { release(); }

void LockFile::commit(std::string_view bytes) {
  writeSynced(fd_.get(), bytes, path_, lockPath());
  if (::rename(lockPath().c_str(), path_.c_str()) != 0) failSystem(kOperation, path_);
  taken_ = false;
  release();
  syncDirectory(directoryOf(path_));
}

void LockFile::replace(std::string_view bytes) {
  // Not `<path>.new`, as git names it: one that a death of ours left would stop every later git there.
  const std::string fresh = privatePath_.empty() ? path_ + "." + randomName() : privatePath_ + ".new";
  const OwnedFd fd(::open(fresh.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (!fd) failSystem(kOperation, fresh);
  try {
    writeSynced(fd.get(), bytes, path_, fresh);
    if (::rename(fresh.c_str(), path_.c_str()) != 0) failSystem(kOperation, path_);
  } catch (...) {
    ::unlink(fresh.c_str());
    throw;
  }
  syncDirectory(directoryOf(path_));
}

void LockFile::release() noexcept {
  // The lock before the private name: without that name nobody could tell whose the lock is.
  if (taken_) ::unlink(lockPath().c_str());
  taken_ = false;
  if (!privatePath_.empty()) ::unlink(privatePath_.c_str());
  privatePath_.clear();
  fd_.reset();
}

}  // namespace coppice
