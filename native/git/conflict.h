// Conflicts as data: one record a path, with what stood there on the three sides.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "merge_input.h"

namespace coppice {

// The stable words of Conflict.kind.
namespace conflict_kind {
inline constexpr const char* kContent = "content";
inline constexpr const char* kModifyDelete = "modify/delete";
inline constexpr const char* kAddAdd = "add/add";
inline constexpr const char* kRenameDelete = "rename/delete";
inline constexpr const char* kRenameRename = "rename/rename";
inline constexpr const char* kRenameAdd = "rename/add";
inline constexpr const char* kMode = "mode";
inline constexpr const char* kType = "type";
inline constexpr const char* kBinary = "binary";
inline constexpr const char* kSubmodule = "submodule";
inline constexpr const char* kCase = "case";
inline constexpr const char* kFileDirectory = "file/directory";
}  // namespace conflict_kind

// Where a side had another path (a rename), the side is given as `sideAt(path, entry)` by the caller.
std::optional<ConflictSide> sideAt(const std::string& path, const MergeEntry& entry);
Conflict conflictAt(const std::string& path, const char* kind, const MergeEntry& base, const MergeEntry& ours,
                    const MergeEntry& theirs, const std::shared_ptr<const std::string>& content);

// Sorted by path, then kind: the order must not depend on how the merge went about it.
void sortConflicts(std::vector<Conflict>& conflicts);

}  // namespace coppice
