// See entry_at.h.
#include "entry_at.h"

#include <algorithm>

namespace coppice {

MergeEntry entryAt(Handle& handle, const Oid& treeOid, std::string_view path) {
  MergeEntry found{kModeTree, treeOid, nullptr};
  for (size_t from = 0; from < path.size();) {
    if (found.mode != kModeTree) return {};
    const size_t end = std::min(path.find('/', from), path.size());
    const TreePtr tree = readTree(handle, found.oid);
    const TreeEntry* entry = tree->find(path.substr(from, end - from));
    if (!entry) return {};
    found = {entry->mode, entry->oid, nullptr};
    from = end + 1;
  }
  return found;
}

}  // namespace coppice
