#include "claim.h"

namespace coppice {

uint32_t Claims::keep(Held held) {
  std::lock_guard<std::mutex> lock(mutex_);
  const uint32_t claimId = nextId_++;
  held_.emplace(claimId, std::move(held));
  return claimId;
}

bool Claims::release(uint32_t claimId) {
  std::lock_guard<std::mutex> lock(mutex_);
  return held_.erase(claimId) > 0;
}

Claims::~Claims() = default;

}  // namespace coppice
