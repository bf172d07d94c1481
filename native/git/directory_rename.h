// One side renamed a whole directory and the other put a file into it: where does the file belong? Git's default answer is
// a conflict at the place it suggests (merge.directoryRenames=conflict), and so is ours.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "changed_paths.h"

namespace coppice {

// Where each side renamed one path of base to.
struct RenameTargets {
  std::optional<std::string> to[3];
};
using RenameMap = std::map<std::string, RenameTargets>;

// The directories that `side` removed and whose new place matters: the other side added a file to them or to a parent.
// Paths end with '/'; the value says whether the file was added to the directory itself.
using WantedDirectories = std::map<std::string, bool>;
WantedDirectories wantedDirectories(const ChangedPaths& changed, MergeSide side);

// Moves such files to the suggested path, in `changed` and in the targets of `renames`, as conflicts.
void followDirectoryRenames(MergeInput& input, ChangedPaths& changed, RenameMap& renames);

// "a/b/" for "a/b/c" and for "a/b/c/"; "" at the top.
std::string directoryOf(const std::string& path);

}  // namespace coppice
