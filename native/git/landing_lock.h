// The repository's landing lock: one landing at a time, whichever process, session or thread it comes from. flock on
// <common>/coppice/landing.lock, so it ends with its holder; the file itself stays, because unlinking a file that others
// wait for would let two of them in.
#pragma once

#include <string>

#include "back_off.h"
#include "cancel.h"
#include "owned.h"

namespace coppice {

class LandingLock {
 public:
  // Throws LOCKED (naming path, owner and age) when the deadline passes, UNSUPPORTED_REPOSITORY where flock does not work.
  static LandingLock take(const std::string& commonDirectory, const Deadline& deadline, const Cancel& cancel);
  LandingLock(LandingLock&&) noexcept = default;
  ~LandingLock();

 private:
  explicit LandingLock(OwnedFd fd) noexcept : fd_(std::move(fd)) {}
  OwnedFd fd_;
};

// <common>/coppice, made when missing: what landing notes for whoever recovers after us.
std::string makeNotesDirectory(const std::string& commonDirectory);

}  // namespace coppice
