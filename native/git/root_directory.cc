// RootDirectory: opening and making directories and files beneath one root. The two ways to open are in
// safe_path_linux.cc and safe_path_portable.cc.
#include <fcntl.h>

#include <atomic>
#include <cerrno>

#include "failure.h"
#include "mount.h"
#include "open_beneath.h"
#include "safe_path.h"

namespace coppice {
namespace {

std::atomic<bool> portableOnly{false};

constexpr int kDirectoryFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

std::string_view directoryOf(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

}  // namespace

RootDirectory::RootDirectory(const std::string& path, Mounts mounts)
    : fd_(::open(path.c_str(), kDirectoryFlags | O_NOFOLLOW)), path_(path), mounts_(mounts) {
  if (!fd_) failSystem("safePath.openRoot", path);
}

// `fd`: the root, or a directory beneath it.
OwnedFd RootDirectory::openBeneath(int fd, std::string_view path, int flags, mode_t mode) const {
  const std::string text(path);
  if (!portableOnly && kernelOpensBeneath()) return openBeneathByKernel(fd, text, flags | O_NOFOLLOW, mode, mounts_);
  return openBeneathByWalk(fd, text, flags, mode, mounts_);
}

void RootDirectory::usePortableFallback(bool on) {
  portableOnly = on;
}

std::string_view RootDirectory::baseName(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

OwnedFd RootDirectory::openDirectory(std::string_view path) const {
  if (path.empty()) return OwnedFd(::openat(fd_.get(), ".", kDirectoryFlags));
  return openBeneath(fd_.get(), path, kDirectoryFlags, 0);
}

OwnedFd RootDirectory::openParent(std::string_view path) const {
  return openDirectory(directoryOf(path));
}

OwnedFd RootDirectory::openFile(std::string_view path, int flags, mode_t mode) const {
  return openBeneath(fd_.get(), path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, mode);
}

OwnedFd RootDirectory::makeParent(std::string_view path) const {
  return makeDirectory(directoryOf(path));
}

// From the end: usually all but the last component are there.
OwnedFd RootDirectory::makeDirectory(std::string_view path) const {
  constexpr const char* kOperation = "safePath.makeDirectory";
  OwnedFd directory = openDirectory(path);
  if (directory) return directory;
  if (errno == EXDEV && mounts_ == Mounts::kRefused) failMounted(kOperation, std::string(path));
  if (path.empty() || (errno != ENOENT && errno != ENOTDIR && errno != ELOOP))
    failSystem(kOperation, std::string(path));
  const OwnedFd parent = makeDirectory(directoryOf(path));
  const std::string name(baseName(path));
  if (::mkdirat(parent.get(), name.c_str(), 0777) != 0 && errno != EEXIST) failSystem(kOperation, std::string(path));
  directory = openBeneath(parent.get(), name, kDirectoryFlags, 0);
  if (directory) return directory;
  if (errno != ENOTDIR && errno != ELOOP) failSystem(kOperation, std::string(path));
  fail(failure_code::kUnsafePath, kOperation, "a file or a link stands where a directory is needed", std::string(path));
}

}  // namespace coppice
