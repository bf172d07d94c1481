// The TREE extension of an index, parsed: which directories of the index are known to equal which trees.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "oid.h"

namespace coppice {

struct CachedTree {
  std::string name;   // "" for the root
  long entries = -1;  // index entries below it; -1: it changed, and the oid says nothing
  Oid oid{};
  std::vector<std::unique_ptr<CachedTree>> children;

  const CachedTree* child(std::string_view wanted) const {
    for (const auto& child : children)
      if (child->name == wanted) return child.get();
    return nullptr;
  }
};

// nullptr for anything that git would not have written.
std::unique_ptr<CachedTree> parseTreeExtension(std::string_view data);

}  // namespace coppice
