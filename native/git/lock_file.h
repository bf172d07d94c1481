// Git's `<path>.lock` in our hands: it keeps git out, and one that a dead process of ours left is told from a living one and
// from git's, and removed.
// The lock is a second name, made by link(2), of a private file in <common>/coppice/locks, which its owner holds with flock.
// So whoever meets the lock looks for a private file of the same inode: nobody holds that one any more, then its owner is dead.
// Rejected: giving up locks by age (a process can be stopped for longer than any limit) and by pid (containers share them).
#pragma once

#include <string>
#include <string_view>

#include "back_off.h"
#include "cancel.h"
#include "owned.h"

namespace coppice {

class LockFile {
 public:
  // Makes missing parent directories, durably. Throws LOCKED when the deadline passes, EXISTS when a file is where a directory
  // is needed.
  static LockFile take(const std::string& commonDirectory, const std::string& path, const Deadline& deadline,
                       const Cancel& cancel);
  LockFile(LockFile&& other) noexcept;
  LockFile& operator=(LockFile&&) = delete;
  ~LockFile();

  const std::string& path() const { return path_; }

  // The new content of `path`, on disk when this returns; the lock is gone then. Mode as before, or git's for a new file.
  void commit(std::string_view bytes);
  // The same, but the lock stays.
  void replace(std::string_view bytes);
  void release() noexcept;

 private:
  LockFile() = default;
  std::string lockPath() const { return path_ + ".lock"; }
  void makePrivate(const std::string& commonDirectory);
  bool tryLink();

  std::string path_;
  std::string privatePath_;  // empty on filesystems without hard links
  OwnedFd fd_;
  bool taken_ = false;
};

// The parent directories of `path`, made and synced where missing. Throws EXISTS when one of them is a file.
void makeParentsDurably(const std::string& path);

}  // namespace coppice
