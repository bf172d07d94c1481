// Named instants of everything that must be safe to die in, for tests that die, stop or act as the user exactly there. Their
// names are "<what>.<what has just been done>". In production nobody listens: the listener is built into other programs only.
#pragma once

#include <atomic>

namespace coppice {

inline std::atomic<void (*)(const char* name)> failpointListener{nullptr};

inline void failpoint(const char* name) {
  if (auto* listener = failpointListener.load(std::memory_order_relaxed)) listener(name);
}

}  // namespace coppice
