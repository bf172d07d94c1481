// Removing a directory and everything in it, by handles, never through a link or into another mount. Depth costs neither stack nor
// descriptors: what lies deeper than kMaxDepth is first renamed up to the top of the directory that is being removed.
#include <dirent.h>
#include <fcntl.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "failure.h"
#include "mount.h"
#include "safe_path.h"

namespace coppice {
namespace {

constexpr const char* kOperation = "removeTree";
constexpr unsigned kMaxDepth = 64;
constexpr unsigned kMaxRounds = 8;  // a process that is still alive may add files while we remove

class TreeRemoval {
 public:
  TreeRemoval(int topFd, std::optional<uint64_t> mount, const Cancel* cancel)
      : topFd_(topFd), mount_(mount), cancel_(cancel) {}

  // Empties and removes the directory `name` below `parentFd`.
  void removeDirectory(int parentFd, const std::string& name, unsigned depth) {
    for (unsigned round = 0; round < kMaxRounds; round++) {
      const OwnedFd directory = openWritable(parentFd, name);
      if (!directory) return;  // gone, or no directory any more: the caller's next look decides
      empty(directory.get(), depth);
      if (::unlinkat(parentFd, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return;
      if (errno != ENOTEMPTY && errno != EEXIST) failSystem(kOperation, name);
    }
    fail(failure_code::kSystem, kOperation, "something keeps adding files to a directory that is being removed", name);
  }

  void empty(int directoryFd, unsigned depth) {
    for (const std::string& name : namesIn(directoryFd, "")) {
      if (cancel_ != nullptr) cancel_->check(kOperation);
      if (removeFile(directoryFd, name)) continue;
      if (depth + 1 < kMaxDepth || directoryFd == topFd_) {
        removeDirectory(directoryFd, name, depth + 1);
      } else {
        liftToTop(directoryFd, name);
      }
    }
  }

  static bool removeFile(int directoryFd, const std::string& name) {
    if (::unlinkat(directoryFd, name.c_str(), 0) == 0 || errno == ENOENT) return true;
    const int reason = errno;
    if (reason == EBUSY && isMountPoint(directoryFd, name)) failMounted(kOperation, name);
    errno = reason;
    if (errno == EISDIR || errno == EPERM) {  // POSIX says EPERM for a directory, Linux EISDIR
      struct stat status;
      if (::fstatat(directoryFd, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode))
        return false;
      errno = EPERM;
    }
    failSystem(kOperation, name);
  }

  unsigned lifted() const { return lifted_; }

 private:
  // A task may leave directories without rights for their owner. The mode is changed only of what is on this side of a mount.
  OwnedFd openWritable(int parentFd, const std::string& name) const {
    constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    OwnedFd directory(::openat(parentFd, name.c_str(), kFlags));
    if (!directory && errno == EACCES) {
      requireSameMount(mountOf(parentFd, name), name);
      if (::fchmodat(parentFd, name.c_str(), 0700, AT_SYMLINK_NOFOLLOW) != 0) failSystem(kOperation, name);
      directory = OwnedFd(::openat(parentFd, name.c_str(), kFlags));
    }
    if (!directory && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) return directory;
    if (!directory) failSystem(kOperation, name);
    requireSameMount(mountOf(directory.get()), name);
    struct stat status;
    if (::fstat(directory.get(), &status) != 0) failSystem(kOperation, name);
    if ((status.st_mode & 0700) != 0700) ::fchmod(directory.get(), 0700);  // refused: the unlink below says why
    return directory;
  }

  void requireSameMount(std::optional<uint64_t> mount, const std::string& name) const {
    if (!mount) failSystem(kOperation, name);
    if (mount != mount_) failMounted(kOperation, name);
  }

  void liftToTop(int directoryFd, const std::string& name) {
    if (isMountPoint(directoryFd, name)) failMounted(kOperation, name);
    ::fchmodat(directoryFd, name.c_str(), 0700, AT_SYMLINK_NOFOLLOW);  // a moved directory must be writable itself
    for (;;) {
      const std::string target = ".lifted-" + std::to_string(lifted_++);
      struct stat status;
      if (::fstatat(topFd_, target.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) continue;
      if (::renameat(directoryFd, name.c_str(), topFd_, target.c_str()) != 0 && errno != ENOENT)
        failSystem(kOperation, name);
      return;
    }
  }

  int topFd_;
  std::optional<uint64_t> mount_;  // everything that goes lies in this one
  const Cancel* cancel_;
  unsigned lifted_ = 0;
};

}  // namespace

std::vector<std::string> namesIn(int directoryFd, const std::string& path) {
  // A handle of its own: a duplicate would share the read position with the caller's.
  const int fd = ::openat(directoryFd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) failSystem("namesIn", path);
  DIR* stream = ::fdopendir(fd);
  if (stream == nullptr) {
    ::close(fd);
    failSystem("namesIn", path);
  }
  const std::unique_ptr<DIR, int (*)(DIR*)> owner(stream, ::closedir);
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream);
    if (entry == nullptr && errno != 0) failSystem("namesIn", path);
    if (entry == nullptr) return names;
    if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0)
      names.emplace_back(entry->d_name);
  }
}

void removeTree(int parentFd, const std::string& name, const Cancel* cancel) {
  if (TreeRemoval::removeFile(parentFd, name)) return;
  const std::optional<uint64_t> mount = mountOf(parentFd);
  if (!mount) failSystem(kOperation, name);
  if (isMountPoint(parentFd, name)) failMounted(kOperation, name);
  ::fchmodat(parentFd, name.c_str(), 0700, AT_SYMLINK_NOFOLLOW);  // refused: opening says why
  for (unsigned round = 0; round < kMaxRounds; round++) {
    const OwnedFd top(::openat(parentFd, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!top && errno == ENOENT) return;
    if (!top && (errno == ENOTDIR || errno == ELOOP) && TreeRemoval::removeFile(parentFd, name)) return;
    if (!top) failSystem(kOperation, name);
    if (mountOf(top.get()) != mount) failMounted(kOperation, name);
    TreeRemoval removal(top.get(), mount, cancel);
    unsigned liftedBefore;
    do {  // each pass ends with what the one before lifted
      liftedBefore = removal.lifted();
      removal.empty(top.get(), 0);
    } while (removal.lifted() != liftedBefore);
    if (::unlinkat(parentFd, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return;
    if (errno != ENOTEMPTY && errno != EEXIST) failSystem(kOperation, name);
  }
  fail(failure_code::kSystem, kOperation, "something keeps adding files to a directory that is being removed", name);
}

}  // namespace coppice
