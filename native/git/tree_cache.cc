// Parsed trees, shared by every thread of a session.
#include "session.h"

namespace coppice {

namespace {

size_t sizeOf(const Tree& tree) { return sizeof tree + tree.bytes.capacity() + tree.entries.capacity() * sizeof(TreeEntry); }

}  // namespace

TreePtr TreeCache::find(const Oid& treeOid) const {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = trees_.find(treeOid);
  return found == trees_.end() ? nullptr : found->second;
}

void TreeCache::keep(const Oid& treeOid, TreePtr tree) {
  const size_t size = sizeOf(*tree);
  std::lock_guard<std::mutex> lock(mutex_);
  if (!trees_.emplace(treeOid, std::move(tree)).second) return;
  order_.push_back(treeOid);
  bytes_ += size;
  if (bytes_ <= kMaxBytes) return;
  // Half at once: one tree at a time would shift the whole order at each new tree.
  const size_t oldest = order_.size() / 2 + 1;
  for (size_t i = 0; i < oldest; i++) {
    const auto found = trees_.find(order_[i]);
    bytes_ -= sizeOf(*found->second);
    trees_.erase(found);
  }
  order_.erase(order_.begin(), order_.begin() + static_cast<std::ptrdiff_t>(oldest));
}

}  // namespace coppice
