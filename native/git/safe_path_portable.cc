// Opening beneath a directory with POSIX alone: every component is opened by itself with O_NOFOLLOW, from the handle of
// the one before, so a directory that is swapped for a link while we walk is refused and never followed.
#include <fcntl.h>

#include <cerrno>

#include "mount.h"
#include "open_beneath.h"

namespace coppice {
namespace {

int openRetrying(int directoryFd, const char* name, int flags, mode_t mode) noexcept {
  int fd;
  do {
    fd = ::openat(directoryFd, name, flags, mode);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

// The file, unless another mount begins there: then nothing, and EXDEV, as openat2 answers.
OwnedFd inSameMount(OwnedFd opened, int rootFd, Mounts mounts) noexcept {
  if (!opened || mounts == Mounts::kEntered || !isInOtherMount(opened.get(), rootFd)) return opened;
  opened.reset();
  errno = EXDEV;
  return opened;
}

}  // namespace

OwnedFd openBeneathByWalk(int rootFd, const std::string& path, int flags, mode_t mode, Mounts mounts) noexcept {
  OwnedFd directory;  // the handle of the component before; falsy: the root itself
  size_t start = 0;
  for (;;) {
    const size_t slash = path.find('/', start);
    const std::string name = path.substr(start, slash == std::string::npos ? slash : slash - start);
    if (name.empty() || name == "..") {
      errno = EXDEV;  // what openat2 answers for a path that would leave the root
      return OwnedFd();
    }
    const int parentFd = directory ? directory.get() : rootFd;
    if (slash == std::string::npos)
      return inSameMount(OwnedFd(openRetrying(parentFd, name.c_str(), flags | O_NOFOLLOW, mode)), rootFd, mounts);
    directory = inSameMount(
        OwnedFd(openRetrying(parentFd, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0)), rootFd, mounts);
    if (!directory) return OwnedFd();
    start = slash + 1;
  }
}

}  // namespace coppice
