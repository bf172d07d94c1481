// The configuration of one worktree, as far as it decides what its files mean: the repository's configuration with the
// worktree's own config.worktree on top. Read anew for each operation, because a task may have changed it.
#pragma once

#include <string>

#include "session.h"

namespace coppice {

struct WorktreeSettings {
  bool fileMode = true;      // core.fileMode: the executable bit on disk counts
  bool symlinks = true;      // core.symlinks: false: a link is checked out as a small file
  bool ignoreCase = false;   // core.ignoreCase
  std::string excludesFile;  // core.excludesFile or its default place; empty: none
  std::string infoExclude;   // <common>/info/exclude

  // `gitDirectory`: the worktree's admin directory, or the repository's for the main one. Throws INVALID, LIBGIT2.
  static WorktreeSettings read(Session& session, const std::string& gitDirectory);
};

}  // namespace coppice
