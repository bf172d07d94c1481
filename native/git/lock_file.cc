#include "lock_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "checksum.h"
#include "durable_directory.h"
#include "failpoint.h"
#include "failure.h"
#include "lock_owner.h"
#include "safe_path.h"

namespace coppice {

namespace {

constexpr const char* kOperation = "lockFile";
constexpr const char* kOwnerPrefix = "lock-";
constexpr int kMaxAttempts = 100;  // each is lost only to somebody who removes empty directories at that moment

// Held files of one lock share the start of their name, so that nobody has to look at all of them.
std::string prefixOf(const std::string& lockPath) {
  const Checksum::Digest digest = Checksum::of(lockPath);
  char text[17];
  for (size_t i = 0; i < 8; i++) std::snprintf(text + 2 * i, 3, "%02x", digest[i]);
  return kOwnerPrefix + std::string(text) + "-";
}

// Removes the lock if it belongs to one of ours who died, and what dead ones left of earlier locks on the same path.
// True: the lock was removed, trying again is worth it.
bool removeDead(const std::string& commonDirectory, const std::string& lockPath) {
  const std::string folder = locksDirectory(commonDirectory);
  const OwnedFd directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) failSystem(kOperation, folder);
  const std::string prefix = prefixOf(lockPath);
  bool removed = false;
  for (const std::string& name : namesIn(directory.get(), folder)) {
    if (name.rfind(prefix, 0) != 0) continue;
    const auto dead = HeldFile::ofDead(folder, name);  // goes at the end of this turn, after the lock
    if (dead && dead->isSameFileAs(lockPath)) removed = ::unlink(lockPath.c_str()) == 0 || removed;
  }
  return removed;
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
  const std::string owner = lockOwner(lockPath);
  struct stat status;
  const std::string age = ::lstat(lockPath.c_str(), &status) == 0 ? " since " + ageText(modificationTime(status)) : "";
  const std::string what =
      owner.empty() ? "this lock is there" + age + ", and no process is seen to hold it; if no git command runs in the "
                      "repository, the lock file may be deleted"
                    : "this lock is held by " + owner + age;
  fail(failure_code::kLocked, kOperation, what, lockPath);
}

}  // namespace

const timespec& modificationTime(const struct stat& status) {
#ifdef __APPLE__
  return status.st_mtimespec;
#else
  return status.st_mtim;
#endif
}

std::string ageText(const timespec& modified) {
  const int64_t seconds = std::max<int64_t>(0, static_cast<int64_t>(::time(nullptr)) - modified.tv_sec);
  if (seconds < 120) return std::to_string(seconds) + " s";
  if (seconds < 7200) return std::to_string(seconds / 60) + " min";
  return std::to_string(seconds / 3600) + " h";
}

std::string locksDirectory(const std::string& commonDirectory) { return commonDirectory + "/coppice/locks"; }

bool isLockOwner(const std::string& name) { return name.rfind(kOwnerPrefix, 0) == 0; }

// False: errno is EEXIST, or a directory on the way is missing.
bool LockFile::tryTake() {
  if (::link(held_.path().c_str(), lockPath().c_str()) == 0) return true;
  if (errno == EPERM || errno == ENOTSUP || errno == EMLINK || errno == EXDEV) {
    plain_ = OwnedFd(::open(lockPath().c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
    if (plain_) return true;
  }
  if (errno != EEXIST && errno != ENOENT && errno != ENOTDIR) failSystem(kOperation, lockPath());
  return false;
}

LockFile LockFile::take(const std::string& commonDirectory, const std::string& path, const Deadline& deadline,
                        const Cancel& cancel) {
  LockFile lock;
  lock.path_ = path;
  lock.held_ = HeldFile::make(locksDirectory(commonDirectory), prefixOf(lock.lockPath()));
  BackOff backOff(deadline);
  for (int missing = 0; !lock.tryTake();) {
    if (errno != EEXIST) {
      if (++missing > kMaxAttempts) failSystem(kOperation, lock.lockPath());
      makeParentsDurably(path);
    } else if (!removeDead(commonDirectory, lock.lockPath()) && !backOff.wait(cancel, kOperation)) {
      failLocked(lock.lockPath());
    }
  }
  failpoint("lock.taken");
  lock.taken_ = true;
  return lock;
}

LockFile::LockFile(LockFile&& other) noexcept
    : path_(std::move(other.path_)),
      held_(std::move(other.held_)),
      plain_(std::move(other.plain_)),
      taken_(std::exchange(other.taken_, false)) {}

bool LockFile::isOurs() const noexcept {
  struct stat own, lock;
  return taken_ && ::fstat(fd(), &own) == 0 && ::lstat(lockPath().c_str(), &lock) == 0 && own.st_ino == lock.st_ino &&
         own.st_dev == lock.st_dev;
}

timespec LockFile::now() const {
  struct stat status;
  if (::futimens(fd(), nullptr) != 0 || ::fstat(fd(), &status) != 0) failSystem(kOperation, lockPath());
  return modificationTime(status);
}

void LockFile::commit(std::string_view bytes, const timespec* date) {
  writeSynced(fd(), bytes, path_, lockPath());
  const timespec dates[2] = {date ? *date : timespec{}, date ? *date : timespec{}};
  if (date && ::futimens(fd(), dates) != 0) failSystem(kOperation, lockPath());
  if (!isOurs()) fail(failure_code::kLocked, kOperation, "somebody removed our lock while it was held", lockPath());
  failpoint("lock.written");
  if (::rename(lockPath().c_str(), path_.c_str()) != 0) failSystem(kOperation, path_);
  failpoint("lock.renamed");
  taken_ = false;
  release();
  syncDirectory(parentDirectoryOf(path_));
}

void LockFile::replace(std::string_view bytes) {
  // Not `<path>.new`, as git names it: one that a death of ours left would stop every later git there.
  const HeldFile fresh = HeldFile::make(parentDirectoryOf(held_.path()), prefixOf(lockPath()));
  writeSynced(fresh.fd(), bytes, path_, fresh.path());
  if (::rename(fresh.path().c_str(), path_.c_str()) != 0) failSystem(kOperation, path_);
  syncDirectory(parentDirectoryOf(path_));
}

void LockFile::release() noexcept {
  // The lock before the held file: without that one nobody could tell whose the lock is.
  const bool stays = isOurs() && ::unlink(lockPath().c_str()) != 0 && errno != ENOENT;
  failpoint("lock.released");
  taken_ = false;
  // A lock that the system would not remove keeps its held file: whoever meets it next sees that its owner has let go.
  if (stays)
    held_.leave();
  else
    held_.remove();
  plain_.reset();
}

}  // namespace coppice
