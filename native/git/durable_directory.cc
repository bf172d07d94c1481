#include "durable_directory.h"

#include <sys/stat.h>

#include <cerrno>

#include "failure.h"
#include "safe_path.h"

namespace coppice {

namespace {

constexpr const char* kOperation = "makeDirectory";
constexpr int kMaxAttempts = 100;  // each is lost only to somebody who removes empty directories at that moment

bool isDirectory(const std::string& path) {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

// False: its parent is gone. True: made, or made by somebody else meanwhile.
bool makeDirectory(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0777) == 0) {
    syncDirectory(parentDirectoryOf(folder));
    return true;
  }
  if (errno == ENOENT) return false;
  if (errno == EEXIST && isDirectory(folder)) return true;
  if (errno == EEXIST || errno == ENOTDIR) {
    fail(failure_code::kExists, kOperation, "a file is where a directory is needed", folder);
  }
  failSystem(kOperation, folder);
}

}  // namespace

std::string parentDirectoryOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

void makeParentsDurably(const std::string& path) {
  const std::string folder = parentDirectoryOf(path);
  if (folder.empty() || isDirectory(folder)) return;
  for (int attempt = 0; attempt < kMaxAttempts; attempt++) {
    makeParentsDurably(folder);
    if (makeDirectory(folder)) return;
  }
  failSystem(kOperation, folder);
}

}  // namespace coppice
