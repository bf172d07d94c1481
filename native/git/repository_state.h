// What a worktree is in the middle of, as the word of RepositoryDescription.state.
#pragma once

#include <git2.h>

namespace coppice {

// "none", "merge", "revert", "cherrypick", "bisect", "rebase" or "apply".
const char* repositoryState(git_repository* repository);

}  // namespace coppice
