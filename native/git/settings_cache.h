// The settings of a worktree's files, read anew only when a configuration file that counts has changed: reading them costs
// more than everything else in the snapshot of a small change.
#pragma once

#include <memory>
#include <string>

#include "attributes.h"
#include "session.h"
#include "worktree_settings.h"

namespace coppice {

struct FileSettings {
  WorktreeSettings worktree;
  ConversionSettings conversion;
};

// `gitDirectory`: the worktree's admin directory, or the repository's own. Kept for the whole process; threads may ask
// side by side. Throws INVALID, LIBGIT2.
std::shared_ptr<const FileSettings> fileSettings(Session& session, const std::string& gitDirectory);

}  // namespace coppice
