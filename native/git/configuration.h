// Which configuration files count, as git decides it: libgit2 looks for the global and system files itself and does not know
// GIT_CONFIG_GLOBAL, GIT_CONFIG_SYSTEM and GIT_CONFIG_NOSYSTEM. Its own switch for that (GIT_REPOSITORY_OPEN_FROM_ENV) would
// let GIT_DIR and its relatives in as well.
#pragma once

#include <git2.h>

#include <string>

#include "owned.h"

namespace coppice {

// For each repository right after it was opened. The environment counts as it was at the first call: other threads may change
// it. Throws what reading a configuration file throws.
void useConfigurationOfEnvironment(git_repository* repository);

// The same for the repository or worktree of a git directory, as it is at this moment.
OwnedConfig configurationOf(const std::string& gitDirectory);

}  // namespace coppice
