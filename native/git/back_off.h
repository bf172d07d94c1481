// How landing waits for what somebody else holds: pauses that double up to 50 ms, within one deadline for all waits of a
// landing, so that two locks do not add up to twice the time that the caller allowed.
#pragma once

#include <algorithm>
#include <chrono>
#include <thread>

#include "cancel.h"

namespace coppice {

class Deadline {
 public:
  explicit Deadline(uint32_t timeoutMs) : at_(std::chrono::steady_clock::now() + std::chrono::milliseconds(timeoutMs)) {}
  std::chrono::steady_clock::duration remaining() const { return at_ - std::chrono::steady_clock::now(); }

 private:
  std::chrono::steady_clock::time_point at_;
};

class BackOff {
 public:
  explicit BackOff(const Deadline& deadline) : deadline_(deadline) {}

  // Sleeps a little; false, without sleeping, when the deadline has passed. Throws CANCELLED.
  bool wait(const Cancel& cancel, const char* operation) {
    cancel.check(operation);
    const auto remaining = deadline_.remaining();
    if (remaining <= std::chrono::steady_clock::duration::zero()) return false;
    std::this_thread::sleep_for(std::min<std::chrono::steady_clock::duration>(pause_, remaining));
    pause_ = std::min(pause_ * 2, kLongest);
    return true;
  }

 private:
  // Shorter than the 100 ms within which an abort must be seen.
  static constexpr std::chrono::milliseconds kLongest{50};
  const Deadline& deadline_;
  std::chrono::milliseconds pause_{1};
};

}  // namespace coppice
