// The flag that stops native work. One is made for each call from JavaScript; the session sets it on abort and on close.
#pragma once

#include <atomic>
#include <chrono>

#include "failure.h"

namespace coppice {

class Cancel {
 public:
  void set() noexcept { set_.store(true, std::memory_order_relaxed); }
  bool isSet() const noexcept { return set_.load(std::memory_order_relaxed); }

  // Called in every loop over files, entries or objects: abort latency must stay below 100 ms.
  void check(const char* operation) const {
    if (isSet()) fail(failure_code::kCancelled, operation, "cancelled by the caller");
  }

 private:
  std::atomic<bool> set_{false};
};

}  // namespace coppice
