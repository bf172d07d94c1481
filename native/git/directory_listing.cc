#include "directory_listing.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace coppice {

namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

}  // namespace

void DirectoryListing::clear() {
  names_.clear();
  entries_.clear();
}

void DirectoryListing::add(const char* name, unsigned char type, uint64_t inode) {
  if (name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'))) return;
  const size_t length = std::strlen(name);
  entries_.push_back({names_.size(), length, type, inode});
  names_.append(name, length + 1);
}

bool DirectoryListing::readPortable(int directoryFd) {
  clear();
  const int copy = ::fcntl(directoryFd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return false;
  const std::unique_ptr<DIR, CloseDirectory> directory(::fdopendir(copy));
  if (!directory) {
    const int error = errno;
    ::close(copy);
    errno = error;
    return false;
  }
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(directory.get());
    if (entry == nullptr) return errno == 0;
    add(entry->d_name, entry->d_type);
  }
}

bool DirectoryListing::readNamed(int directoryFd, const std::vector<std::string>& names) {
  clear();
  for (const std::string& name : names) {
    struct stat status;
    if (::fstatat(directoryFd, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0)
      add(name.c_str(), IFTODT(status.st_mode));
    else if (errno != ENOENT && errno != ENOTDIR)
      return false;
  }
  return true;
}

#ifndef __linux__
bool DirectoryListing::read(int directoryFd) {
  return readPortable(directoryFd);
}
#endif

}  // namespace coppice
