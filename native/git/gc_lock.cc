#include "gc_lock.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include <cerrno>

#include "failpoint.h"
#include "failure.h"
#include "lock_file.h"
#include "path_swap.h"
#include "random_name.h"
#include "safe_path.h"

namespace coppice {

namespace {

constexpr const char* kOperation = "gcLock";
constexpr const char* kOwnerPrefix = "gc-";
constexpr time_t kMaxAgeSeconds = 12 * 3600;  // as git
constexpr size_t kMaxBytes = 4096;

std::string pathOf(const std::string& commonDirectory) { return commonDirectory + "/gc.pid"; }

std::string hostName() {
  char host[256] = "";
  if (::gethostname(host, sizeof host - 1) != 0 || host[0] == '\0') return "unknown";
  return host;
}

bool exists(const std::string& path) {
  struct stat status;
  return ::lstat(path.c_str(), &status) == 0;
}

// As git decides it: what cannot be read does not count.
bool isHeld(const std::string& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) != 0 || ::time(nullptr) - status.st_mtime > kMaxAgeSeconds) return false;
  const auto text = readSmallFile(path, kMaxBytes);
  long long pid = 0;
  char host[257] = "";
  if (!text || ::sscanf(text->c_str(), "%lld %256s", &pid, host) != 2) return false;
  return host != hostName() || ::kill(static_cast<pid_t>(pid), 0) == 0 || errno == EPERM;
}

Place placeOf(const std::string& path) { return {AT_FDCWD, path}; }  // by its whole path

// What the system refuses changes nothing.
Swap exchange(const std::string& second, const std::string& path) {
  try {
    return exchangePath(placeOf(second), placeOf(path));
  } catch (const Failure&) {
    return Swap::kOccupied;
  }
}

// Our file, under a second name, changes places with what is there, which is looked at once more: a gc may have begun since it was
// seen to be a dead one's, and gets its place back. Meanwhile the file names a living process all the time, so no other begins.
bool replaceDead(const HeldFile& held, const std::string& path) {
  const std::string second = held.path() + "-" + randomName();
  if (::link(held.path().c_str(), second.c_str()) != 0) return false;
  const Swap swap = exchange(second, path);
  const bool living = swap == Swap::kDone && isHeld(second);
  // Not ours any more: that gc was over at once, or another has come.
  if (living && held.isSameFileAs(path)) exchange(second, path);
  ::unlink(second.c_str());
  if (swap == Swap::kMissing) return ::link(held.path().c_str(), path.c_str()) == 0;  // the dead one's was removed
  return swap == Swap::kDone && !living;
}

bool put(const HeldFile& held, const std::string& path) {
  if (::link(held.path().c_str(), path.c_str()) == 0) return true;
  if (errno != EEXIST || isHeld(path)) return false;  // looked at again: a gc may have begun since
  failpoint("gcLock.dead-seen");
  return replaceDead(held, path);
}

// Not unlinked by its name: a gc that found us too old, or gone, may have put its own there since we looked.
void removeOurs(const HeldFile& held, const std::string& path) {
  if (!held.isSameFileAs(path)) return;
  failpoint("gcLock.releasing");
  const std::string taken = held.path() + "-" + randomName();
  if (takePath(placeOf(path), placeOf(taken)) != Swap::kDone) return;
  if (!held.isSameFileAs(taken)) placePath(placeOf(taken), placeOf(path));
  ::unlink(taken.c_str());
}

}  // namespace

std::optional<GcLock> GcLock::tryTake(const std::string& commonDirectory) {
  const std::string path = pathOf(commonDirectory), gitsLock = path + ".lock";
  if (isHeld(path) || exists(gitsLock)) return std::nullopt;
  HeldFile held = HeldFile::make(locksDirectory(commonDirectory), kOwnerPrefix);
  const std::string text = std::to_string(::getpid()) + " " + hostName();
  writeAll(held.fd(), text.data(), text.size(), held.path());
  failpoint("gcLock.nobody-seen");
  if (!put(held, path)) return std::nullopt;
  GcLock lock(path, std::move(held));
  // Git reads gc.pid and renames its own into place under gc.pid.lock. When it is between the two now, it goes first.
  if (exists(gitsLock) || !lock.held_.isSameFileAs(path)) return std::nullopt;
  return lock;
}

void GcLock::removeDead(const std::string& commonDirectory) {
  const std::string folder = locksDirectory(commonDirectory);
  const OwnedFd directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory && errno == ENOENT) return;
  if (!directory) failSystem(kOperation, folder);
  for (const std::string& name : namesIn(directory.get(), folder)) {
    if (name.rfind(kOwnerPrefix, 0) != 0) continue;
    const auto dead = HeldFile::ofDead(folder, name);
    if (dead) removeOurs(*dead, pathOf(commonDirectory));
  }
}

void GcLock::release() noexcept {
  if (held_.path().empty()) return;
  try {
    removeOurs(held_, path_);
  } catch (...) {
    held_.leave();  // what the system would not remove goes with the next session, which sees that its owner has let go
  }
}

}  // namespace coppice
