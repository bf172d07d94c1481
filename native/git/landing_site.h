// The worktree that a landing keeps in step, opened: its root, where its HEAD and index are, and how its filesystem is to be
// read (from its configuration, at the beginning of the landing).
#pragma once

#include <string>

#include "safe_path.h"
#include "session.h"
#include "target_worktree.h"
#include "worktree_settings.h"

namespace coppice {

struct LandingSite {
  LandingSite(Session& session, const TargetWorktree& worktree)
      : gitDirectory(worktree.gitDirectory),
        root(worktree.workingDirectory),
        settings(WorktreeSettings::read(session, worktree.gitDirectory)) {}

  std::string gitDirectory;
  RootDirectory root;
  WorktreeSettings settings;
};

}  // namespace coppice
