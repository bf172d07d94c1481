// openat2: the kernel itself refuses to leave the directory or to follow a link, whatever changes meanwhile.
// Elsewhere this file answers "not there" and safe_path_portable.cc does all the work.
#include <cerrno>

#include "open_beneath.h"

#ifdef __linux__
#include <fcntl.h>
#include <sys/syscall.h>

#include <cstdint>
#endif

namespace coppice {

#if defined(__linux__) && defined(SYS_openat2)

namespace {

// <linux/openat2.h> is missing where the build machine's headers are older than 5.6; the layout is part of the kernel's
// ABI.
struct OpenHow {
  uint64_t flags;
  uint64_t mode;
  uint64_t resolve;
};
constexpr uint64_t kResolveNoMounts = 0x01;
constexpr uint64_t kResolveNoMagicLinks = 0x02;
constexpr uint64_t kResolveNoSymlinks = 0x04;
constexpr uint64_t kResolveBeneath = 0x08;

long openat2(int rootFd, const char* path, int flags, mode_t mode, Mounts mounts) noexcept {
  OpenHow how{};
  how.flags = static_cast<uint64_t>(static_cast<unsigned>(flags));
  how.mode = (flags & O_CREAT) ? (mode & 07777) : 0;  // the kernel refuses a mode without O_CREAT
  how.resolve = kResolveBeneath | kResolveNoSymlinks | kResolveNoMagicLinks;
  if (mounts == Mounts::kRefused) how.resolve |= kResolveNoMounts;
  return syscall(SYS_openat2, rootFd, path, &how, sizeof how);
}

}  // namespace

bool kernelOpensBeneath() noexcept {
  // ENOSYS on old kernels, EPERM under seccomp filters that do not know the call: both mean "not here".
  static const bool there = [] {
    const long fd = openat2(AT_FDCWD, ".", O_PATH | O_DIRECTORY | O_CLOEXEC, 0, Mounts::kRefused);
    if (fd >= 0) ::close(static_cast<int>(fd));
    return fd >= 0 || (errno != ENOSYS && errno != EPERM && errno != EINVAL);
  }();
  return there;
}

OwnedFd openBeneathByKernel(int rootFd, const std::string& path, int flags, mode_t mode, Mounts mounts) noexcept {
  long fd;
  do {
    fd = openat2(rootFd, path.c_str(), flags, mode, mounts);
  } while (fd < 0 && errno == EINTR);
  return OwnedFd(static_cast<int>(fd));
}

#else

bool kernelOpensBeneath() noexcept {
  return false;
}

OwnedFd openBeneathByKernel(int, const std::string&, int, mode_t, Mounts) noexcept {
  errno = ENOSYS;
  return OwnedFd();
}

#endif

}  // namespace coppice
