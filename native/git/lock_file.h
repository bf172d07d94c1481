// Git's `<path>.lock` in our hands: it keeps git out, and one that a dead process of ours left is told from a living one and
// from git's, and removed.
// The lock is a second name, made by link(2), of a held file in <common>/coppice/locks. Whoever meets the lock looks for a held
// file of the same inode: when nobody holds that one any more, its owner is dead.
// Rejected: giving up locks by age (a process can be stopped for longer than any limit) and by pid (containers share them).
// On filesystems without hard links the lock is made as git makes it, and a dead one has to be deleted by hand.
#pragma once

#include <sys/stat.h>
#include <time.h>

#include <string>
#include <string_view>

#include "back_off.h"
#include "cancel.h"
#include "held_file.h"

namespace coppice {

class LockFile {
 public:
  // Makes missing parent directories, durably. Throws LOCKED when the deadline passes, EXISTS when a file is where a directory
  // is needed.
  static LockFile take(const std::string& commonDirectory, const std::string& path, const Deadline& deadline,
                       const Cancel& cancel);
  LockFile(LockFile&& other) noexcept;
  LockFile& operator=(LockFile&&) = delete;
  ~LockFile() { release(); }

  const std::string& path() const { return path_; }

  // False: somebody removed the lock by hand, and what it guards may have changed since.
  bool isOurs() const noexcept;
  // The time by the clock of the lock's filesystem.
  timespec now() const;

  // The new content of `path`, on disk when this returns; the lock is gone then. Mode as before, or git's for a new file.
  // `date`: when the content was right (an index says by its date which files it can vouch for); null: now. Throws LOCKED,
  // with nothing changed, when the lock is not ours any more.
  void commit(std::string_view bytes, const timespec* date = nullptr);
  // The same, but the lock stays.
  void replace(std::string_view bytes);
  void release() noexcept;

 private:
  LockFile() = default;
  std::string lockPath() const { return path_ + ".lock"; }
  int fd() const { return plain_ ? plain_.get() : held_.fd(); }
  bool tryTake();

  std::string path_;
  HeldFile held_;
  OwnedFd plain_;  // instead of the held file, where there are no hard links
  bool taken_ = false;
};

const timespec& modificationTime(const struct stat& status);
// "3 s" or "2 h" since a file was last written, for messages.
std::string ageText(const timespec& modified);

// <common>/coppice/locks: held files of locks and sessions.
std::string locksDirectory(const std::string& commonDirectory);
// Whether a name in there is one of a lock's held file.
bool isLockOwner(const std::string& name);

}  // namespace coppice
