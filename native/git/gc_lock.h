// Git's <common>/gc.pid in our hands: while we hold it `git gc` does not begin, and while git holds it we do not. The file says
// "<pid> <host>", as git's; it counts while that process lives, at most 12 hours.
// A living gc's file is never removed: where one of ours goes or replaces a dead one's, what was there is looked at, not only before.
// It is a second name of a held file, so that one of ours who died is told from a living process that has his number now.
// Rejected: git's way to it through gc.pid.lock. Git dies when it finds that lock, so we only look whether git has it.
#pragma once

#include <optional>
#include <string>

#include "held_file.h"

namespace coppice {

class GcLock {
 public:
  // nullopt: a gc or another consolidation is at work, or the filesystem has no hard links.
  static std::optional<GcLock> tryTake(const std::string& commonDirectory);
  // What a dead process of ours left.
  static void removeDead(const std::string& commonDirectory);

  GcLock(GcLock&& other) noexcept = default;
  GcLock& operator=(GcLock&&) = delete;
  ~GcLock() { release(); }

 private:
  GcLock(std::string path, HeldFile held) : path_(std::move(path)), held_(std::move(held)) {}
  void release() noexcept;

  std::string path_;
  HeldFile held_;
};

}  // namespace coppice
