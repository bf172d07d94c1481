// Claims: files under <common>/coppice/claims that a live process holds with flock (PROTOCOLS P3). The lock belongs to the open
// file, so children that inherit the descriptor keep the claim alive after their parent died.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "owned.h"

namespace coppice {

class Claims {
 public:
  struct Held {
    OwnedFd fd;
    std::string path;
  };
  ~Claims();

  // Gives the claim its number; it is held until `release` or the end of the session.
  uint32_t keep(Held held);
  // Nothing happens when there is no such claim (any more): releasing twice is harmless.
  void release(uint32_t claimId) noexcept;

 private:
  std::mutex mutex_;
  std::map<uint32_t, Held> held_;
  uint32_t nextId_ = 1;
};

// <common>/coppice/claims
std::string claimsDirectory(const std::string& commonDirectory);

// Deletes the file of a claim that nobody holds, and the directories that it leaves empty. False: it stays.
bool removeFreeClaim(const std::string& path);

}  // namespace coppice
