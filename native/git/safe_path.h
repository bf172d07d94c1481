// File operations beneath a root directory that never follow a link on the way and never leave the root: openat2 with
// RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS where the kernel has it, a walk of O_NOFOLLOW directory handles elsewhere.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "back_off.h"
#include "cancel.h"
#include "owned.h"

namespace coppice {

// Whether a repository path may be written: relative, no empty, "." or ".." component, no ".git" in any spelling that
// case-folding, NTFS or HFS+ filesystems would take for it, no NUL, at most 4,096 bytes. With the mode of a symlink
// also no ".gitmodules", as git does.
bool isSafePath(std::string_view path, uint32_t mode = 0);
// Throws UNSAFE_PATH.
void requireSafePath(std::string_view path, const char* operation, uint32_t mode = 0);

// Whether paths may lead from the root into what is mounted beneath it. The root itself may lie in any mount.
enum class Mounts {
  kEntered,  // as git does: a mount in the user's working tree is the user's wish
  kRefused,  // EXDEV: in a worktree of ours, what a task has mounted is not ours to write to
};

class RootDirectory {
 public:
  // Throws when `path` is not a directory; a link to one is none. Links above it are its caller's business.
  explicit RootDirectory(const std::string& path, Mounts mounts = Mounts::kEntered);
  int get() const { return fd_.get(); }
  const std::string& path() const { return path_; }

  // The directory that holds `path` ("" for a top-level name), opened without following links; a falsy fd with errno
  // set when a component is missing, not a directory, a link, or in a mount that is refused.
  OwnedFd openParent(std::string_view path) const;
  // The same, making missing directories. Throws UNSAFE_PATH when a component is a link or a file, MOUNTED.
  OwnedFd makeParent(std::string_view path) const;
  OwnedFd openDirectory(std::string_view path) const;
  OwnedFd makeDirectory(std::string_view path) const;
  // O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK added: a FIFO in the place of a file must not hold us up.
  OwnedFd openFile(std::string_view path, int flags, mode_t mode = 0) const;

  static std::string_view baseName(std::string_view path);
  // For the test of the portable fallback: turns openat2 off in this process.
  static void usePortableFallback(bool on);

 private:
  OwnedFd openBeneath(int fd, std::string_view path, int flags, mode_t mode) const;

  OwnedFd fd_;
  std::string path_;
  Mounts mounts_;
};

// Writes all bytes or throws (NO_SPACE, SYSTEM).
void writeAll(int fd, const char* data, size_t size, const std::string& path);
// A new file with these bytes beside nothing else: O_EXCL, fsync, and the directory is NOT synced (callers group that).
void writeNewFile(const std::string& path, std::string_view bytes, mode_t mode, bool sync);
// Lock file + rename, as git does for small files: `path`.lock is created exclusively, and somebody else's is waited for (a gc locks
// every worktree's HEAD for a moment). Not synced. Throws LOCKED when the deadline passes, CANCELLED.
void replaceFile(const std::string& path, std::string_view bytes, const Deadline& deadline, const Cancel& cancel);
void syncDirectory(const std::string& path);
// Reads a whole small file; nullopt when it is not there. Throws LIMIT beyond maxBytes.
std::optional<std::string> readSmallFile(const std::string& path, size_t maxBytes);

// Names in an open directory, without "." and "..", in no order. The descriptor stays the caller's. Throws SYSTEM.
std::vector<std::string> namesIn(int directoryFd, const std::string& path);

// Removes a file or a whole directory below `parentFd`, never following links; read-only directories are made writable.
// Missing is fine. Throws MOUNTED where another mount begins, with what is before it gone perhaps: whoever wants all or nothing
// asks requireNoMountBeneath first. Throws SYSTEM when something else stays.
void removeTree(int parentFd, const std::string& name, const Cancel* cancel = nullptr);

}  // namespace coppice
