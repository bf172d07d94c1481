#include "target_worktree.h"

#include <stdlib.h>
#include <unistd.h>

#include <memory>

#include "admin_directory.h"
#include "failure.h"
#include "ref.h"
#include "repository_state.h"
#include "safe_path.h"

namespace coppice {
namespace {

constexpr const char* kOperation = "land.findTargetWorktree";
constexpr int kMaxSymbolicDepth = 5;  // git's own limit

std::optional<std::string> firstLine(const std::string& path) {
  const auto text = readSmallFile(path, 64u << 10);
  return text ? std::optional<std::string>(text->substr(0, text->find('\n'))) : std::nullopt;
}

std::optional<std::string> realPath(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> resolved(::realpath(path.c_str(), nullptr), &std::free);
  return resolved ? std::optional<std::string>(resolved.get()) : std::nullopt;
}

// The branch that an unfinished rebase or bisect will come back to.
std::optional<std::string> suspendedRefOf(const std::string& gitDirectory) {
  for (const char* file : {"/rebase-merge/head-name", "/rebase-apply/head-name"}) {
    if (const auto name = firstLine(gitDirectory + file)) return name;
  }
  const auto name = firstLine(gitDirectory + "/BISECT_START");
  return name ? std::optional<std::string>("refs/heads/" + *name) : std::nullopt;
}

std::string gitDirectoryOf(Session& session, const WorktreeDescription& worktree) {
  const std::string& common = session.commonDirectory();
  return worktree.name.empty() ? common : common + "/worktrees/" + worktree.name;
}

TargetWorktree describe(const std::string& gitDirectory, const std::string& path) {
  OwnedRepository repository;
  check(git_repository_open_ext(out(repository), gitDirectory.c_str(),
                                GIT_REPOSITORY_OPEN_NO_SEARCH | GIT_REPOSITORY_OPEN_NO_DOTGIT, nullptr),
        kOperation, gitDirectory);
  return {gitDirectory, realPath(path).value_or(path), repositoryState(repository.get())};
}

bool belongsToPool(const WorktreeDescription& worktree) {
  return worktree.lockReason && worktree.lockReason->rfind(kPoolLockReason, 0) == 0;
}

}  // namespace

std::string resolveSymbolicRef(Session& session, const std::string& refName) {
  const RefPlace place{session.commonDirectory(), session.commonDirectory()};
  std::string name = refName;
  for (int depth = 0; depth < kMaxSymbolicDepth; depth++) {
    if (name.rfind("refs/", 0) != 0) return name;
    const auto target = readRef(place, name).symbolicTarget;
    if (!target) return name;
    name = *target;
  }
  fail(failure_code::kInvalid, kOperation, "symbolic refs lead to symbolic refs more than five times", refName);
}

bool isOnTarget(Session& session, const std::string& gitDirectory, const std::string& targetRef) {
  const RefValue head = readRef({session.commonDirectory(), gitDirectory}, "HEAD");
  if (targetRef == "HEAD") return head.oid.has_value();
  if (head.symbolicTarget) return resolveSymbolicRef(session, *head.symbolicTarget) == targetRef;
  return suspendedRefOf(gitDirectory) == targetRef;
}

std::optional<TargetWorktree> findTargetWorktree(Session& session, const std::string& targetRef,
                                                 const std::optional<std::string>& preferred, const Cancel& cancel) {
  const bool detached = targetRef == "HEAD";
  const auto wanted = detached && !preferred ? session.describe().workingDirectory : preferred;
  std::optional<WorktreeDescription> found;
  for (const WorktreeDescription& worktree : listWorktreeDescriptions(session, cancel)) {
    if (!worktree.present || belongsToPool(worktree)) continue;
    const bool isWanted = wanted && isSameFile(worktree.path, *wanted);
    if ((detached || found) && !isWanted) continue;
    if (isOnTarget(session, gitDirectoryOf(session, worktree), targetRef)) found = worktree;
  }
  if (!found) return std::nullopt;
  return describe(gitDirectoryOf(session, *found), found->path);
}

bool isAnyIndexHeld(Session& session, const Cancel& cancel) {
  for (const WorktreeDescription& worktree : listWorktreeDescriptions(session, cancel)) {
    if (!worktree.present || belongsToPool(worktree)) continue;
    if (::access((gitDirectoryOf(session, worktree) + "/index.lock").c_str(), F_OK) == 0) return true;
  }
  return false;
}

TargetWorktree worktreeAt(Session& session, const std::string& path, const Cancel& cancel) {
  for (const WorktreeDescription& worktree : listWorktreeDescriptions(session, cancel)) {
    if (worktree.present && isSameFile(worktree.path, path)) return describe(gitDirectoryOf(session, worktree), worktree.path);
  }
  fail(failure_code::kNotFound, kOperation, "the repository has no such worktree", path);
}

std::optional<TargetWorktree> worktreeOf(Session& session, const std::string& gitDirectory, const Cancel& cancel) {
  for (const WorktreeDescription& worktree : listWorktreeDescriptions(session, cancel)) {
    if (worktree.present && gitDirectoryOf(session, worktree) == gitDirectory) return describe(gitDirectory, worktree.path);
  }
  return std::nullopt;
}

}  // namespace coppice
