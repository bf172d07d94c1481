// Room on a filesystem for files that are about to be written: asked for before the first of them, so that a fan-out stops
// making worktrees while the user's disk still has a reserve, instead of at the last byte.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace coppice {

struct RoomNeeded {
  uint64_t bytes = 0;
  uint64_t files = 0;  // with directories: inodes
};

// Of a session. What is being written by one operation is promised, so that several at once do not all count on the same room.
class DiskRoom {
 public:
  // Ends the promise when it is destroyed.
  class Promise {
   public:
    Promise(DiskRoom& room, dev_t device, RoomNeeded needed) : room_(room), device_(device), needed_(needed) {}
    ~Promise();
    Promise(const Promise&) = delete;
    Promise& operator=(const Promise&) = delete;

   private:
    DiskRoom& room_;
    dev_t device_;
    RoomNeeded needed_;
  };

  // `directory` exists. `reserveBytes` stay free, but no more than a twentieth of the filesystem, so that a small one can be
  // used. Throws NO_SPACE, which says what is needed, what is free and what is held back.
  std::unique_ptr<Promise> take(const std::string& directory, RoomNeeded needed, uint64_t reserveBytes);

 private:
  std::mutex mutex_;
  std::map<dev_t, RoomNeeded> promised_;
};

}  // namespace coppice
