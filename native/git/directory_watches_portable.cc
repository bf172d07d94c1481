// Where there is no inotify nothing can be watched, and every worktree is scanned.
#ifndef __linux__

#include "directory_watches.h"

namespace coppice {

std::unique_ptr<DirectoryWatches> DirectoryWatches::open(const std::string&, std::string& why) {
  why = "changes cannot be tracked on this system";
  return nullptr;
}

DirectoryWatches::~DirectoryWatches() = default;

bool DirectoryWatches::watch(int, const std::string&, std::string&) {
  return false;
}

bool DirectoryWatches::read(Suspects&, std::string&) {
  return false;
}

void DirectoryWatches::limit(uint64_t) {}

}  // namespace coppice

#endif
