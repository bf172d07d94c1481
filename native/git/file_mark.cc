#include "file_mark.h"

namespace coppice {

namespace {

bool sameTime(const timespec& a, const timespec& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

}  // namespace

std::optional<FileMark> FileMark::of(const std::string& path, bool follow) {
  struct stat status;
  const int result = follow ? ::stat(path.c_str(), &status) : ::lstat(path.c_str(), &status);
  if (result != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  FileMark mark;
  mark.device = status.st_dev;
  mark.inode = status.st_ino;
  mark.size = static_cast<uint64_t>(status.st_size);
#ifdef __APPLE__
  mark.modified = status.st_mtimespec;
  mark.changed = status.st_ctimespec;
#else
  mark.modified = status.st_mtim;
  mark.changed = status.st_ctim;
#endif
  return mark;
}

bool FileMark::operator==(const FileMark& other) const {
  return device == other.device && inode == other.inode && size == other.size && sameTime(modified, other.modified) &&
         sameTime(changed, other.changed);
}

}  // namespace coppice
