// The events of the directories of one worktree. They are in the queue when the call that caused them has returned, so
// whoever reads the queue to its end knows of everything that happened before. Linux only (inotify); elsewhere `open`
// says so. What raises no event: docs/tracking.md.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "mount.h"
#include "owned.h"
#include "suspects.h"

namespace coppice {

class DirectoryWatches {
 public:
  // Nothing is watched yet. nullptr, with the reason in `why`: it cannot be done here.
  static std::unique_ptr<DirectoryWatches> open(const std::string& root, std::string& why);
  ~DirectoryWatches();
  DirectoryWatches(const DirectoryWatches&) = delete;
  DirectoryWatches& operator=(const DirectoryWatches&) = delete;

  // Threads may watch side by side. `path` is relative to the root, "" for the root itself. What is in the directory must
  // be looked at afterwards: only what happens from here on is told. False, with the reason: it cannot be watched.
  bool watch(int directoryFd, const std::string& path, std::string& why);

  // Reads the queue to its end. False, with the reason: something may have happened that was not told.
  bool read(Suspects& suspects, std::string& why);

  // How many directories this process may watch at once; for tests. 0: half of what the user may.
  static void limit(uint64_t watches);

 private:
  DirectoryWatches() = default;
  bool handle(const void* event, std::string_view name, Suspects& suspects, std::string& why);
  void forgetBelow(const std::string& path);
  bool mountBeneath();

  OwnedFd queue_;
  MountTable mounts_;
  std::mutex mutex_;
  std::unordered_map<int, std::string> paths_;  // by watch descriptor
};

}  // namespace coppice
