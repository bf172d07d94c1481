#include "held_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>

#include "durable_directory.h"
#include "failure.h"
#include "random_name.h"

namespace coppice {

namespace {

constexpr const char* kOperation = "heldFile";
constexpr int kMaxAttempts = 100;

}  // namespace

bool HeldFile::isSameFileAs(const std::string& path) const {
  struct stat own, named;
  // While the descriptor is open no other file can get its inode number.
  return ::fstat(fd_.get(), &own) == 0 && ::lstat(path.c_str(), &named) == 0 && own.st_ino == named.st_ino &&
         own.st_dev == named.st_dev;
}

bool HeldFile::hasOtherName() const {
  struct stat own;
  return ::fstat(fd_.get(), &own) == 0 && own.st_nlink > 1;
}

HeldFile HeldFile::make(const std::string& directory, const std::string& prefix) {
  // Somebody who clears up after the dead may take the new file for theirs before it is locked; then another one is made.
  for (int attempt = 0; attempt < kMaxAttempts; attempt++) {
    HeldFile file;
    const std::string path = directory + "/" + prefix + randomName();
    makeParentsDurably(path);
    file.fd_ = OwnedFd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
    if (!file.fd_ && errno == ENOENT) continue;
    if (!file.fd_) failSystem(kOperation, path);
    file.path_ = path;
    if (::flock(file.fd(), LOCK_EX | LOCK_NB) == 0) {
      if (file.isSameFileAs(path)) return file;
    } else if (errno == ENOLCK || errno == ENOSYS || errno == EOPNOTSUPP || errno == EINVAL) {
      fail(failure_code::kUnsupportedRepository, kOperation,
           "the filesystem of the repository has no working file locks (flock)", path);
    } else if (errno != EWOULDBLOCK && errno != EINTR) {
      failSystem(kOperation, path);
    }
  }
  fail(failure_code::kLocked, kOperation, "no file could be kept", directory);
}

std::optional<HeldFile> HeldFile::ofDead(const std::string& directory, const std::string& name) {
  HeldFile file;
  const std::string path = directory + "/" + name;
  file.fd_ = OwnedFd(::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (!file.fd_ || ::flock(file.fd(), LOCK_EX | LOCK_NB) != 0 || !file.isSameFileAs(path)) return std::nullopt;
  file.path_ = path;
  return file;
}

HeldFile& HeldFile::operator=(HeldFile&& other) noexcept {
  if (this == &other) return *this;
  remove();
  path_ = std::exchange(other.path_, {});
  fd_ = std::move(other.fd_);
  return *this;
}

void HeldFile::remove() noexcept {
  if (!path_.empty()) ::unlink(path_.c_str());
  leave();
}

void HeldFile::leave() noexcept {
  path_.clear();
  fd_.reset();
}

}  // namespace coppice
