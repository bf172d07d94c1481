// The folder, its list, and the one way in which new files come to be.
#include "quarantine.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cerrno>

#include "failure.h"
#include "quarantine_list.h"
#include "random_name.h"

namespace coppice {
namespace {

constexpr const char* kOperation = "land.quarantine";

void makeFolder(const std::string& path) {
  if (mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) failSystem(kOperation, path);
}

OwnedFd openFolder(const std::string& path) {
  OwnedFd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) failSystem(kOperation, path);
  return fd;
}

// Where a neighbour of `path` lies, for the user to find it again.
std::string pathOf(const LandingSite& site, const Place& place, const std::string& path) {
  const size_t slash = path.rfind('/');
  return site.root.path() + "/" + (slash == std::string::npos ? "" : path.substr(0, slash + 1)) + place.name;
}

}  // namespace

Quarantine::Quarantine(const LandingSite& site, const std::vector<Change>& changes) : site_(site), token_(randomName()) {
  path_ = site.gitDirectory + "/" + kQuarantinePrefix + token_;
  if (mkdir(path_.c_str(), 0777) != 0) failSystem(kOperation, path_);
  folder_ = openFolder(path_);
  const std::string list = path_ + "/" + kQuarantineList;
  writeNewFile(partName(list), serializeQuarantineList(site.root.path(), changes), 0666, true);
  if (rename(partName(list).c_str(), list.c_str()) != 0) failSystem(kOperation, list);
  sync();
  syncDirectory(site.gitDirectory);
}

Quarantine::~Quarantine() {
  try {
    for (const std::string& name : namesIn(folder_.get(), path_)) {
      if (name != kQuarantineList) return;
    }
    unlinkat(folder_.get(), kQuarantineList, 0);
    rmdir(path_.c_str());
  } catch (const Failure&) {
    // It stays, and the next landing settles it.
  }
}

void Quarantine::sync() const {
  if (fsync(folder_.get()) != 0 && errno != EINVAL) failSystem(kOperation, path_);
}

std::string Quarantine::keep(const Place& place, const std::string& path) const { return keepFile(site_, token_, place, path); }

std::string keepFile(const LandingSite& site, const std::string& token, const Place& place, const std::string& path) {
  // Below the git directory, where neither `git clean` nor `git add -A` reaches it.
  const std::string folder = site.gitDirectory + "/coppice-kept";
  makeFolder(folder);
  makeFolder(folder + "/" + token);
  const RootDirectory kept(folder + "/" + token);
  const OwnedFd parent = kept.makeParent(path);
  const std::string base(RootDirectory::baseName(path));
  std::string name = base;
  for (int attempt = 1; attempt <= 1000; attempt++) {
    const Swap moved = placePath(place, {parent.get(), name});
    if (moved == Swap::kDone) {
      const std::string target = kept.path() + "/" + path.substr(0, path.size() - base.size()) + name;
      fsync(parent.get());
      return target;
    }
    if (moved == Swap::kCrossDevice) return pathOf(site, place, path);  // it stays beside its path
    name = base + "." + std::to_string(attempt);
  }
  return pathOf(site, place, path);
}

void writeSide(const Place& place, const Side& side, const std::string& bytes, const LandingSite& site, gid_t group) {
  const std::string part = partName(place.name);
  const bool link = side.mode == kModeSymlink && site.settings.symlinks;
  if (link) {
    if (bytes.find('\0') != std::string::npos) fail(failure_code::kInvalid, kOperation, "a symlink's target has a NUL byte");
    if (symlinkat(bytes.c_str(), place.folderFd, part.c_str()) != 0) failSystem(kOperation, place.name);
  } else {
    const mode_t mode = side.mode == kModeExecutable ? 0777 : 0666;
    OwnedFd fd(openat(place.folderFd, part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
    if (!fd) failSystem(kOperation, place.name);
    writeAll(fd.get(), bytes.data(), bytes.size(), place.name);
    // In a folder with the set-group bit git's own files would get the folder's group; without the right to do so, ours.
    if (group != static_cast<gid_t>(-1) && fchown(fd.get(), static_cast<uid_t>(-1), group) != 0 && errno != EPERM)
      failSystem(kOperation, place.name);
    if (fsync(fd.get()) != 0) failSystem(kOperation, place.name);
  }
  if (renameat(place.folderFd, part.c_str(), place.folderFd, place.name.c_str()) != 0) failSystem(kOperation, place.name);
}

}  // namespace coppice
