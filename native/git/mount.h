// Mounts beneath a worktree. What lies behind one is somebody else's, whoever mounted it: nothing of ours removes or writes
// there. Two looks, because neither is enough: the table of mounts names them all before anything is touched, and each
// directory is compared with where we came from while we go, because somebody may mount in between.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "owned.h"

namespace coppice {

// In which mount `name` below an open directory lies, or the open file itself without a name; links are not followed. Equal for
// two files when no mount is between them. nullopt, with errno: it cannot be told.
// By the mount's own number (Linux 5.8); elsewhere by the device, which does not see a folder bound to another of its own
// filesystem. Rejected: both, because each subvolume of btrfs has a device of its own without being a mount.
std::optional<uint64_t> mountOf(int fd, const std::string& name = {});

// Whether an open file lies in another mount than an open directory. By devices only for directories: a file of an overlay may have
// the device of its layer.
bool isInOtherMount(int fd, int directoryFd);
// Whether another mount begins at `name` in an open directory. False when nothing is there.
bool isMountPoint(int directoryFd, const std::string& name);

// For the test of the comparison by devices: turns the mounts' numbers off in this process.
void tellMountsByDevice(bool on);

// Throws MOUNTED.
[[noreturn]] void failMounted(const char* operation, const std::string& path);

// What the kernel's table of mounts says of one folder; the table is read again only when it has changed.
class MountTable {
 public:
  // `root`: a real path. Falsy: there is no table here (no /proc).
  static MountTable open(std::string root);
  explicit operator bool() const { return static_cast<bool>(file_); }

  // The mount points beneath the root; not the root itself. nullopt: the table cannot be read.
  std::optional<std::vector<std::string>> beneath();

 private:
  bool read();

  std::string root_;
  OwnedFd file_;
  bool fresh_ = false;
  std::vector<std::string> points_;
};

// Of a folder, by any path to it. Empty also where there is no table: then only `mountOf` tells.
std::vector<std::string> mountsBeneath(const std::string& path);

// Throws MOUNTED with the first one's path.
void requireNoMountBeneath(const char* operation, const std::string& path);

}  // namespace coppice
