// Changing refs under their locks.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "commit.h"
#include "durable_directory.h"
#include "failpoint.h"
#include "failure.h"
#include "packed_refs.h"
#include "ref.h"
#include "safe_path.h"

namespace coppice {

namespace {

constexpr const char* kOperation = "updateRef";

// Directories of refs that are all gone may stand where the ref's file belongs.
void removeEmptyDirectories(const std::string& path, int depth = 0) {
  struct stat status;
  if (::lstat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) return;
  if (depth > 128) fail(failure_code::kLimit, kOperation, "directories are nested too deep", path);
  {
    const OwnedFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) return;
    for (const std::string& name : namesIn(fd.get(), path)) removeEmptyDirectories(path + "/" + name, depth + 1);
  }
  if (::rmdir(path.c_str()) != 0 && errno != ENOENT && depth == 0) {
    fail(failure_code::kExists, kOperation, "refs below this name are in the way", path);
  }
}

std::string oneLine(std::string text) {
  std::replace_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r' || c == '\0'; }, ' ');
  return text;
}

}  // namespace

LockedRef LockedRef::take(const RefPlace& place, const std::string& refName, const Deadline& deadline, const Cancel& cancel) {
  requireRefName(refName, kOperation);
  LockedRef ref(place, refName, LockFile::take(place.commonDirectory, place.pathOf(refName), deadline, cancel));
  ref.value_ = readRef(place, refName);
  if (!ref.value_.exists()) {
    // Loose refs in the way are found by the filesystem; packed ones have no directories.
    if (const auto other = PackedRefs::read(place.commonDirectory).inTheWayOf(refName)) {
      fail(failure_code::kExists, kOperation, "the ref " + *other + " is in the way", refName);
    }
    removeEmptyDirectories(place.pathOf(refName));
  }
  return ref;
}

void appendReflog(const RefPlace& place, const std::string& refName, const Oid& oldOid, const Oid& newOid,
                  const Person& committer, const std::string& message) {
  requireRefName(refName, kOperation);
  const std::string path = place.logPathOf(refName);
  makeParentsDurably(path);
  removeEmptyDirectories(path);
  const std::string line = toHex(oldOid) + " " + toHex(newOid) + " " + identityLine(committer, "committer") + "\t" +
                           oneLine(message) + "\n";
  const OwnedFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (!fd) failSystem(kOperation, path);
  writeAll(fd.get(), line.data(), line.size(), path);
  failpoint("ref.logged");
}

void LockedRef::set(const Oid& newOid) && {
  removeEmptyDirectories(place_.pathOf(refName_));
  lock_.commit(toHex(newOid) + "\n");
}

void LockedRef::remove(const Deadline& deadline, const Cancel& cancel) && {
  if (refName_ == "HEAD") fail(failure_code::kInvalid, kOperation, "HEAD is never deleted", refName_);
  const std::string path = place_.pathOf(refName_);
  // Held to the end, as git does: a `git pack-refs` beside us would else pack the loose ref just before it goes.
  LockFile packedLock = LockFile::take(place_.commonDirectory, packedRefsPath(place_.commonDirectory), deadline, cancel);
  // Packed first: the other order would show the old packed value for a moment, and for good after a death in between.
  const PackedRefs packed = PackedRefs::read(place_.commonDirectory);
  failpoint("ref.packed-locked");
  if (packed.find(refName_)) packedLock.replace(packed.without(refName_));
  failpoint("ref.unpacked");
  struct stat status;
  if (::lstat(path.c_str(), &status) == 0 && !S_ISDIR(status.st_mode)) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) failSystem(kOperation, path);
    syncDirectory(path.substr(0, path.rfind('/')));
  }
  failpoint("ref.removed");
  ::unlink(place_.logPathOf(refName_).c_str());
  lock_.release();
  removeEmptyParents();
}

// As git does: down to the second level ("refs/heads" stays). Whoever makes a ref there at this moment makes the directory again.
void LockedRef::removeEmptyParents() const noexcept {
  for (const std::string& path : {place_.pathOf(refName_), place_.logPathOf(refName_)}) {
    const size_t start = path.size() - refName_.size();
    const size_t second = path.find('/', path.find('/', start) + 1);
    for (size_t slash = path.rfind('/'); slash != std::string::npos && slash > second; slash = path.rfind('/', slash - 1)) {
      if (::rmdir(path.substr(0, slash).c_str()) != 0) break;
    }
  }
}

}  // namespace coppice
