// The same by link(2) and rename(2). Nothing of the user's is overwritten here either, but
// - exchange: for an instant nothing is at the path; a reader misses the file, a death there is mended at recovery;
// - place, only where hard links do not work: a file that appears between the look and the rename is overwritten.
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "failure.h"
#include "path_swap.h"

namespace coppice {

std::string awayName(const std::string& name) { return name + ".away"; }

#ifndef __linux__
void usePortablePathSwap(bool) {}
Swap exchangePath(const Place& ours, const Place& path) { return portable::exchangePath(ours, path); }
Swap placePath(const Place& ours, const Place& path) { return portable::placePath(ours, path); }
Swap takePath(const Place& path, const Place& ours) { return portable::takePath(path, ours); }
#endif

namespace portable {
namespace {

bool isThere(const Place& place) {
  struct stat status {};
  return fstatat(place.folderFd, place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
}

int renamePlace(const Place& from, const Place& to) {
  return renameat(from.folderFd, from.name.c_str(), to.folderFd, to.name.c_str());
}

}  // namespace

Swap takePath(const Place& path, const Place& ours) {
  if (renamePlace(path, ours) == 0) return Swap::kDone;
  if (errno == ENOENT) return Swap::kMissing;
  if (errno == EXDEV) return Swap::kCrossDevice;
  failSystem("land.takePath", path.name);
}

Swap placePath(const Place& ours, const Place& path) {
  // link(2) never replaces. Our second name goes afterwards; dying between leaves one file with two names.
  if (linkat(ours.folderFd, ours.name.c_str(), path.folderFd, path.name.c_str(), 0) == 0) {
    if (unlinkat(ours.folderFd, ours.name.c_str(), 0) != 0) failSystem("land.placePath", path.name);
    return Swap::kDone;
  }
  if (errno == EEXIST) return Swap::kOccupied;
  if (errno == EXDEV) return Swap::kCrossDevice;
  // Directories, and filesystems without hard links.
  if (errno != EPERM && errno != ENOTSUP && errno != EMLINK && errno != EACCES) failSystem("land.placePath", path.name);
  if (isThere(path)) return Swap::kOccupied;
  if (renamePlace(ours, path) == 0) return Swap::kDone;
  if (errno == EEXIST || errno == ENOTEMPTY || errno == EISDIR || errno == ENOTDIR) return Swap::kOccupied;
  if (errno == EXDEV) return Swap::kCrossDevice;
  failSystem("land.placePath", path.name);
}

Swap exchangePath(const Place& ours, const Place& path) {
  const Place away{ours.folderFd, awayName(ours.name)};
  const Swap taken = portable::takePath(path, away);
  if (taken != Swap::kDone) return taken;
  const Swap placed = portable::placePath(ours, path);
  if (placed != Swap::kDone) return placed;
  if (renamePlace(away, ours) != 0) failSystem("land.exchangePath", path.name);
  return Swap::kDone;
}

}  // namespace portable
}  // namespace coppice
