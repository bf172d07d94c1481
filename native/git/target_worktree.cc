// Reads HEAD files directly: opening a libgit2 repository for each worktree costs a configuration parse each, and a pool has
// many. Only the one that is found is opened.
#include "target_worktree.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

#include "repository_state.h"
#include "safe_path.h"

namespace coppice {
namespace {

constexpr const char* kOperation = "land.findTargetWorktree";
constexpr size_t kSmallFileBytes = 64u << 10;

std::optional<std::string> firstLine(const std::string& path) {
  auto text = readSmallFile(path, kSmallFileBytes);
  if (!text) return std::nullopt;
  return text->substr(0, text->find('\n'));
}

std::optional<std::string> realPath(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> resolved(::realpath(path.c_str(), nullptr), &std::free);
  if (!resolved) return std::nullopt;
  return std::string(resolved.get());
}

std::optional<std::string> headRefOf(const std::string& gitDirectory) {
  const auto line = firstLine(gitDirectory + "/HEAD");
  if (!line || line->rfind("ref: ", 0) != 0) return std::nullopt;
  const size_t start = line->find_first_not_of(" \t", 5);
  return start == std::string::npos ? std::nullopt : std::optional<std::string>(line->substr(start));
}

// The branch that an unfinished rebase or bisect will come back to.
std::optional<std::string> suspendedRefOf(const std::string& gitDirectory) {
  for (const char* file : {"/rebase-merge/head-name", "/rebase-apply/head-name"}) {
    if (const auto name = firstLine(gitDirectory + file)) return name;
  }
  if (const auto name = firstLine(gitDirectory + "/BISECT_START")) return "refs/heads/" + *name;
  return std::nullopt;
}

bool isPoolWorktree(const std::string& adminDirectory) {
  const auto reason = firstLine(adminDirectory + "/locked");
  return reason && reason->rfind(kPoolLockReason, 0) == 0;
}

OwnedRepository openWorktree(const std::string& gitDirectory) {
  OwnedRepository repository;
  check(git_repository_open_ext(out(repository), gitDirectory.c_str(), GIT_REPOSITORY_OPEN_NO_SEARCH, nullptr), kOperation,
        gitDirectory);
  return repository;
}

// Null: bare, or the folder is gone, or its .git file leads elsewhere by now.
std::optional<std::string> workingDirectoryOf(const std::string& gitDirectory, const std::string& commonDirectory) {
  if (gitDirectory == commonDirectory) {
    const OwnedRepository repository = openWorktree(gitDirectory);
    const char* folder = git_repository_workdir(repository.get());
    return folder ? realPath(folder) : std::nullopt;
  }
  auto link = firstLine(gitDirectory + "/gitdir");
  if (!link || link->empty()) return std::nullopt;
  if ((*link)[0] != '/') link = gitDirectory + "/" + *link;  // extensions.relativeWorktrees
  const auto back = firstLine(*link);
  const std::string folder = link->substr(0, link->rfind('/'));
  if (!back || back->rfind("gitdir: ", 0) != 0) return std::nullopt;
  const std::string target = back->substr(8);
  if (realPath(target[0] == '/' ? target : folder + "/" + target) != realPath(gitDirectory)) return std::nullopt;
  return realPath(folder);
}

TargetWorktree describe(const std::string& gitDirectory, const std::string& workingDirectory) {
  const OwnedRepository repository = openWorktree(gitDirectory);
  return {gitDirectory, workingDirectory, repositoryState(repository.get()), headRefOf(gitDirectory)};
}

}  // namespace

std::vector<std::string> gitDirectoriesOf(const std::string& commonDirectory) {
  std::vector<std::string> directories = {commonDirectory};
  const std::string folder = commonDirectory + "/worktrees";
  const OwnedFd fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd && errno != ENOENT) failSystem(kOperation, folder);
  if (!fd) return directories;
  for (const std::string& name : namesIn(fd.get(), folder)) directories.push_back(folder + "/" + name);
  std::sort(directories.begin() + 1, directories.end());
  return directories;
}

std::string resolveSymbolicRef(Session& session, const std::string& refName) {
  const HandleLease handle = session.handle();
  std::string name = refName;
  for (int depth = 0; depth < 5; depth++) {
    OwnedReference reference;
    const int result = git_reference_lookup(out(reference), handle->repository(), name.c_str());
    if (result == GIT_ENOTFOUND) return name;
    check(result, kOperation, name);
    const char* target = git_reference_symbolic_target(reference.get());
    if (!target) return name;
    name = target;
  }
  fail(failure_code::kInvalid, kOperation, "symbolic refs lead to symbolic refs more than five times", refName);
}

std::optional<TargetWorktree> findTargetWorktree(Session& session, const std::string& targetRef,
                                                 const std::optional<std::string>& preferred, const Cancel& cancel) {
  const bool detached = targetRef == "HEAD";
  std::optional<std::string> wanted = preferred;
  if (detached && !wanted) wanted = session.describe().workingDirectory;
  if (detached && !wanted) return std::nullopt;
  const auto wantedPath = wanted ? realPath(*wanted) : std::nullopt;
  std::optional<TargetWorktree> first;
  for (const std::string& gitDirectory : gitDirectoriesOf(session.commonDirectory())) {
    cancel.check(kOperation);
    if (isPoolWorktree(gitDirectory)) continue;
    const auto headRef = headRefOf(gitDirectory);
    const bool onTarget = detached ? !headRef : (headRef && resolveSymbolicRef(session, *headRef) == targetRef) ||
                                                    (!headRef && suspendedRefOf(gitDirectory) == targetRef);
    if (!onTarget) continue;
    const auto folder = workingDirectoryOf(gitDirectory, session.commonDirectory());
    if (!folder) continue;
    if (wantedPath && *folder == *wantedPath) return describe(gitDirectory, *folder);
    if (!detached && !first) first = describe(gitDirectory, *folder);
  }
  return first;
}

std::optional<TargetWorktree> worktreeOf(const std::string& gitDirectory, const std::string& commonDirectory) {
  struct stat status {};
  if (stat(gitDirectory.c_str(), &status) != 0) return std::nullopt;
  const auto folder = workingDirectoryOf(gitDirectory, commonDirectory);
  return folder ? std::optional<TargetWorktree>(describe(gitDirectory, *folder)) : std::nullopt;
}

TargetWorktree worktreeAt(Session& session, const std::string& path, const Cancel& cancel) {
  const auto wanted = realPath(path);
  for (const std::string& gitDirectory : gitDirectoriesOf(session.commonDirectory())) {
    cancel.check(kOperation);
    const auto folder = workingDirectoryOf(gitDirectory, session.commonDirectory());
    if (folder && wanted && *folder == *wanted) return describe(gitDirectory, *folder);
  }
  fail(failure_code::kNotFound, kOperation, "the repository has no such worktree", path);
}

std::optional<Oid> headOidOf(const std::string& gitDirectory) {
  const OwnedRepository repository = openWorktree(gitDirectory);
  Oid oid{};
  const int result = git_reference_name_to_id(&oid, repository.get(), "HEAD");
  if (result == GIT_ENOTFOUND || result == GIT_EUNBORNBRANCH) return std::nullopt;
  check(result, kOperation, gitDirectory + "/HEAD");
  return oid;
}

}  // namespace coppice
