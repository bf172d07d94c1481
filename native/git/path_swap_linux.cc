// renameat2. A kernel or filesystem that does not know it answers ENOSYS or EINVAL; then the portable way is taken.
#ifdef __linux__

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "failure.h"
#include "path_swap.h"

namespace coppice {
namespace {

std::atomic<bool> portableOnly{false};

// By number: the C library's wrapper came with glibc 2.28, later than the kernels and distributions we run on.
int rename2(const Place& from, const Place& to, unsigned flags) {
  return static_cast<int>(
      syscall(SYS_renameat2, from.folderFd, from.name.c_str(), to.folderFd, to.name.c_str(), flags));
}

bool isUnsupported(int error) { return error == ENOSYS || error == EINVAL; }

}  // namespace

void usePortablePathSwap(bool on) { portableOnly = on; }

Swap exchangePath(const Place& ours, const Place& path) {
  if (portableOnly) return portable::exchangePath(ours, path);
  if (rename2(ours, path, RENAME_EXCHANGE) == 0) return Swap::kDone;
  if (isUnsupported(errno)) return portable::exchangePath(ours, path);
  if (errno == ENOENT) return Swap::kMissing;
  if (errno == EXDEV) return Swap::kCrossDevice;
  failSystem("land.exchangePath", path.name);
}

Swap placePath(const Place& ours, const Place& path) {
  if (portableOnly) return portable::placePath(ours, path);
  if (rename2(ours, path, RENAME_NOREPLACE) == 0) return Swap::kDone;
  if (isUnsupported(errno)) return portable::placePath(ours, path);
  if (errno == EEXIST) return Swap::kOccupied;
  if (errno == EXDEV) return Swap::kCrossDevice;
  failSystem("land.placePath", path.name);
}

Swap takePath(const Place& path, const Place& ours) {
  if (portableOnly) return portable::takePath(path, ours);
  if (rename2(path, ours, RENAME_NOREPLACE) == 0) return Swap::kDone;
  if (isUnsupported(errno)) return portable::takePath(path, ours);
  if (errno == ENOENT) return Swap::kMissing;
  if (errno == EXDEV) return Swap::kCrossDevice;
  failSystem("land.takePath", path.name);
}

}  // namespace coppice

#endif  // __linux__
