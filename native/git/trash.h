// The folder that removed worktrees wait in: a rename costs nothing, deleting many files slows down who creates files
// beside us (ext4). A file of ours marks it, and only a folder with that mark is ever emptied.
#pragma once

#include <string>

#include "cancel.h"

namespace coppice {

// Renames the folder `path` into the trash, which is made when missing. Throws SYSTEM (EXDEV: another filesystem).
void moveToTrash(const std::string& path, const std::string& name, const std::string& trashPath);

// Deletes what lies there, and the trash itself when nothing came meanwhile. Throws INVALID for a folder that is no
// trash, MOUNTED when something is mounted in what lies there: that stays, and the rest is gone.
void emptyTrash(const std::string& trashPath, const Cancel& cancel);

}  // namespace coppice
