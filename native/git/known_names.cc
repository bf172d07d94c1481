#include "known_names.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <string>

#include "wildmatch.h"

namespace coppice {

void KnownNames::sort() {
  std::sort(names_.begin(), names_.end(), [](const Known& a, const Known& b) { return a.name < b.name; });
}

KnownNames::Found KnownNames::find(std::string_view name) const {
  const auto before = [](const Known& known, std::string_view wanted) { return known.name < wanted; };
  Found found;
  for (auto at = std::lower_bound(names_.begin(), names_.end(), name, before); at != names_.end() && at->name == name;
       ++at) {
    found.settled |= at->file && at->there == OnDisk::kFile;
    (at->file ? found.file : found.directory) = true;
  }
  return found;
}

bool KnownNames::holdInOtherCase(int directoryFd, std::string_view name) const {
  struct stat own;
  if (::fstatat(directoryFd, std::string(name).c_str(), &own, AT_SYMLINK_NOFOLLOW) != 0) return false;
  return std::any_of(names_.begin(), names_.end(), [&](const Known& known) {
    struct stat status;
    return equalFolded(known.name, name, true) &&
           ::fstatat(directoryFd, std::string(known.name).c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
           status.st_ino == own.st_ino && status.st_dev == own.st_dev;
  });
}

}  // namespace coppice
