// Named instants of a landing, for tests that die or act as the user exactly there. In production nobody listens.
#pragma once

#include <atomic>

namespace coppice {

inline std::atomic<void (*)(const char* step)> landingStepListener{nullptr};

inline void reachStep(const char* step) {
  if (auto* listener = landingStepListener.load(std::memory_order_relaxed)) listener(step);
}

}  // namespace coppice
