#include "dead_locks.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <vector>

#include "failpoint.h"
#include "failure.h"
#include "held_file.h"
#include "lock_file.h"
#include "safe_path.h"

namespace coppice {

namespace {

constexpr const char* kOperation = "removeDeadLocks";
constexpr size_t kMaxDepth = 128;

bool endsWith(const std::string& text, std::string_view end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

std::vector<std::string> namesOf(const std::string& folder) {
  const OwnedFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) return {};
  if (!fd) failSystem(kOperation, folder);
  return namesIn(fd.get(), folder);
}

// All lock files of refs. A held file does not say which lock it belongs to: by the time of a death it may hold the new value.
void findLocks(const std::string& path, size_t depth, const Cancel& cancel, std::vector<std::string>& locks) {
  cancel.check(kOperation);
  if (depth > kMaxDepth) return;
  struct stat status;
  if (::lstat(path.c_str(), &status) != 0) return;
  if (S_ISREG(status.st_mode) && endsWith(path, ".lock")) locks.push_back(path);
  if (!S_ISDIR(status.st_mode)) return;
  for (const std::string& name : namesOf(path)) findLocks(path + "/" + name, depth + 1, cancel, locks);
}

std::vector<std::string> refLocksOf(const std::string& commonDirectory, const Cancel& cancel) {
  std::vector<std::string> locks;
  findLocks(commonDirectory + "/packed-refs.lock", 0, cancel, locks);
  findLocks(commonDirectory + "/HEAD.lock", 0, cancel, locks);
  findLocks(commonDirectory + "/refs", 0, cancel, locks);
  for (const std::string& name : namesOf(commonDirectory + "/worktrees")) {
    findLocks(commonDirectory + "/worktrees/" + name + "/HEAD.lock", 0, cancel, locks);
  }
  return locks;
}

std::vector<std::string> indexLocksOf(const std::string& commonDirectory, const Cancel& cancel) {
  std::vector<std::string> locks;
  findLocks(commonDirectory + "/index.lock", 0, cancel, locks);
  for (const std::string& name : namesOf(commonDirectory + "/worktrees")) {
    findLocks(commonDirectory + "/worktrees/" + name + "/index.lock", 0, cancel, locks);
  }
  return locks;
}

std::vector<HeldFile> deadOwners(const std::string& commonDirectory) {
  const std::string folder = locksDirectory(commonDirectory);
  std::vector<HeldFile> dead;
  for (const std::string& name : namesOf(folder)) {
    if (isLockOwner(name)) {
      if (auto file = HeldFile::ofDead(folder, name)) dead.push_back(std::move(*file));
    }
  }
  return dead;
}

bool isAmong(const HeldFile& file, const std::vector<std::string>& locks) {
  return std::any_of(locks.begin(), locks.end(), [&](const std::string& lock) { return file.isSameFileAs(lock); });
}

using Find = std::vector<std::string> (*)(const std::string& commonDirectory, const Cancel& cancel);

// `others` finds the locks of the other kind, which stay.
void removeDeadAmong(Find find, Find others, const std::string& commonDirectory, const Cancel& cancel) {
  std::vector<HeldFile> dead = deadOwners(commonDirectory);
  if (dead.empty()) return;
  for (const std::string& lock : find(commonDirectory, cancel)) {
    for (const HeldFile& file : dead) {
      if (!file.isSameFileAs(lock)) continue;
      ::unlink(lock.c_str());
      failpoint("recover.lock-removed");
    }
  }
  // Without its held file nobody could tell later whose a lock of the other kind is. What has another name and is no lock at all
  // was renamed into place just before the death: its held file has done its work.
  std::optional<std::vector<std::string>> left;
  for (HeldFile& file : dead) {
    if (!file.hasOtherName()) continue;
    if (!left) left = others(commonDirectory, cancel);
    if (isAmong(file, *left)) file.leave();
  }
}

std::vector<std::string> deadAmong(Find find, const std::string& commonDirectory, const Cancel& cancel) {
  std::vector<std::string> found;
  std::vector<HeldFile> dead = deadOwners(commonDirectory);
  for (const std::string& lock : dead.empty() ? std::vector<std::string>() : find(commonDirectory, cancel)) {
    const bool ours = std::any_of(dead.begin(), dead.end(), [&](const HeldFile& file) { return file.isSameFileAs(lock); });
    if (ours) found.push_back(lock);
  }
  // Looking removes nothing: without its held file nobody could tell later whose a lock is.
  for (HeldFile& file : dead) file.leave();
  return found;
}

}  // namespace

std::vector<std::string> deadRefLocks(const std::string& commonDirectory, const Cancel& cancel) {
  return deadAmong(refLocksOf, commonDirectory, cancel);
}

void removeDeadRefLocks(const std::string& commonDirectory, const Cancel& cancel) {
  removeDeadAmong(refLocksOf, indexLocksOf, commonDirectory, cancel);
}

std::vector<std::string> deadIndexLocks(const std::string& commonDirectory, const Cancel& cancel) {
  return deadAmong(indexLocksOf, commonDirectory, cancel);
}

void removeDeadIndexLocks(const std::string& commonDirectory, const Cancel& cancel) {
  removeDeadAmong(indexLocksOf, refLocksOf, commonDirectory, cancel);
}

}  // namespace coppice
