#include "untracked_removal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "failure.h"
#include "mount.h"

namespace coppice {
namespace {

constexpr const char* kOperation = "reset.remove";

// errno: EXDEV where something has been mounted on the way since the reset began.
[[noreturn]] void failOpening(const std::string& path) {
  if (errno == EXDEV) failMounted(kOperation, path);
  failSystem(kOperation, path);
}

bool isGone(int error) {
  return error == ENOENT || error == ENOTDIR || error == ELOOP;
}

}  // namespace

UntrackedRemoval::UntrackedRemoval(const RootDirectory& root, const std::vector<std::string>& keep,
                                   const Cancel& cancel)
    : root_(root), kept_(keep), keep_(keep), cancel_(cancel) {}

bool UntrackedRemoval::leadsToKept(const std::string& path) const {
  return std::any_of(keep_.begin(), keep_.end(), [&](const std::string& kept) {
    return kept.size() > path.size() && kept[path.size()] == '/' && kept.compare(0, path.size(), path) == 0;
  });
}

void UntrackedRemoval::remove(const std::string& path) {
  cancel_.check(kOperation);
  if (kept_.cover(path)) return;
  if (leadsToKept(path)) return removeAround(path);
  const OwnedFd parent = root_.openParent(path);
  if (!parent && isGone(errno)) return;
  if (!parent) failOpening(path);
  removeTree(parent.get(), std::string(RootDirectory::baseName(path)), &cancel_);
  count_++;
}

void UntrackedRemoval::removeAround(const std::string& path) {
  const OwnedFd directory = root_.openDirectory(path);
  if (!directory && isGone(errno)) return;
  if (!directory) failOpening(path);
  for (const std::string& name : namesIn(directory.get(), path))
    remove(path + "/" + name);
}

void UntrackedRemoval::removeFile(const std::string& path) {
  if (kept_.cover(path)) return;
  const OwnedFd parent = root_.openParent(path);
  struct stat status;
  const std::string name(RootDirectory::baseName(path));
  if (!parent || ::fstatat(parent.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (isGone(errno) || errno == EACCES)
      return;  // closed directories are opened when they are met, then this is asked again
    failSystem(kOperation, path);
  }
  if (!S_ISDIR(status.st_mode)) remove(path);
}

void UntrackedRemoval::removeIfEmpty(const std::string& directory) {
  const OwnedFd parent = root_.openParent(directory);
  if (!parent) return;
  if (::unlinkat(parent.get(), std::string(RootDirectory::baseName(directory)).c_str(), AT_REMOVEDIR) == 0) count_++;
}

void UntrackedRemoval::empty(const std::string& directory) {
  const OwnedFd opened = root_.openDirectory(directory);
  if (!opened && isGone(errno)) return;
  if (!opened) failOpening(directory);
  for (const std::string& name : namesIn(opened.get(), directory))
    remove(directory + "/" + name);
}

bool UntrackedRemoval::open(const std::string& path) {
  const OwnedFd parent = root_.openParent(path);
  const std::string name(RootDirectory::baseName(path));
  struct stat status;
  if (!parent || ::fstatat(parent.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 || S_ISLNK(status.st_mode))
    return false;
  const mode_t mode = status.st_mode & 07777, needed = S_ISDIR(status.st_mode) ? 0700 : 0400;
  if ((mode & needed) == needed) return false;
  if (isMountPoint(parent.get(), name)) failMounted(kOperation, path);
  return ::fchmodat(parent.get(), name.c_str(), mode | needed, AT_SYMLINK_NOFOLLOW) == 0;
}

}  // namespace coppice
