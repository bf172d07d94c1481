// The merge of one path, once renames are followed: its three entries in, one entry or a conflict out.
#pragma once

#include <memory>
#include <string>

#include "changed_paths.h"

namespace coppice {

struct PathMerge {
  MergeEntry entry;            // mode 0: nothing is left at this path
  const char* kind = nullptr;  // a conflict_kind; null: clean
  std::shared_ptr<const std::string> markers;
  MergeEntry beside[3];        // by side: files of a conflict of kind "type" that must find another path
};
PathMerge mergePath(MergeInput& input, const std::string& path, const ChangedPath& changed);

// The path a side's entry has in that side's own tree.
const std::string& pathOn(MergeSide side, const std::string& path, const ChangedPath& changed);

// Mode and content of an entry that both sides have, as the same type. `ofRename`: the file is not yet at its last path.
PathMerge mergeEntries(MergeInput& input, const std::string& path, const ChangedPath& changed, bool ofRename = false,
                       Favor favor = Favor::kNone);

}  // namespace coppice
