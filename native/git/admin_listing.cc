// Reading admin directories: which worktrees there are, where they lie, what their HEAD says.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "admin_directory.h"
#include "failure.h"
#include "owned.h"
#include "safe_path.h"

namespace coppice {
namespace {

constexpr const char* kOperation = "listWorktrees";
constexpr size_t kMaxBytes = 1u << 16;  // of a small file: paths, a HEAD, a reason

// A task may have made anything of these files: what cannot be read says nothing, and never spoils the list of the
// others.
std::optional<std::string> readLine(const std::string& path) {
  std::optional<std::string> text;
  try {
    text = readSmallFile(path, kMaxBytes);
  } catch (const Failure&) {
    return std::nullopt;
  }
  while (text && !text->empty() && (text->back() == '\n' || text->back() == '\r'))
    text->pop_back();
  return text;
}

// git >= 2.48 can write paths relative to the folder that holds the file.
std::string absolute(const std::string& path, const std::string& folder) {
  return !path.empty() && path[0] == '/' ? path : folder + "/" + path;
}

bool isDirectory(const std::string& path) {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

std::string withoutFinalSlash(std::string path) {
  while (path.size() > 1 && path.back() == '/')
    path.pop_back();
  return path;
}

void readHead(git_repository* repository, const std::string& adminDirectory, WorktreeDescription& description) {
  const std::optional<std::string> head = readLine(adminDirectory + "/HEAD");
  Oid oid{};
  if (!head) return;
  if (head->compare(0, 5, "ref: ") != 0) {
    if (parseOid(*head, oid)) description.headOid = oid;
    return;
  }
  description.headRef = head->substr(std::min(head->find_first_not_of(' ', 5), head->size()));
  const int result = git_reference_name_to_id(&oid, repository, description.headRef->c_str());
  if (result == GIT_ENOTFOUND || result == GIT_EINVALIDSPEC) return;  // unborn, or damaged by whoever works there
  check(result, kOperation, *description.headRef);
  description.headOid = oid;
}

WorktreeDescription describe(git_repository* repository, const std::string& name, const std::string& adminDirectory,
                             const std::string& path) {
  WorktreeDescription description;
  description.name = name;
  description.path = path;
  description.lockReason = readLine(adminDirectory + "/locked");
  readHead(repository, adminDirectory, description);
  const std::optional<std::string> leadsTo = gitDirectoryOf(path);
  description.present = leadsTo && isSameFile(*leadsTo, adminDirectory);
  return description;
}

}  // namespace

std::optional<std::string> worktreePathOf(const std::string& adminDirectory) {
  const std::optional<std::string> line = readLine(adminDirectory + "/gitdir");
  if (!line || line->empty()) return std::nullopt;
  const std::string gitFile = withoutFinalSlash(absolute(*line, adminDirectory));
  const bool plain = gitFile.size() > 5 && gitFile.compare(gitFile.size() - 5, 5, "/.git") == 0;
  return plain ? gitFile.substr(0, gitFile.size() - 5) : gitFile;
}

std::optional<std::string> gitFileTarget(const std::string& worktreePath) {
  const std::string path = worktreePath + "/.git";
  if (isDirectory(path)) return std::nullopt;
  const std::optional<std::string> line = readLine(path);
  constexpr std::string_view kPrefix = "gitdir: ";
  if (!line || line->compare(0, kPrefix.size(), kPrefix) != 0) return std::nullopt;
  return absolute(line->substr(kPrefix.size()), worktreePath);
}

std::optional<std::string> gitDirectoryOf(const std::string& worktreePath) {
  const std::string path = worktreePath + "/.git";
  if (isDirectory(path)) return path;
  const std::optional<std::string> target = gitFileTarget(worktreePath);
  return target && isDirectory(*target) ? target : std::nullopt;
}

std::vector<WorktreeDescription> listWorktreeDescriptions(Session& session, const Cancel& cancel) {
  const std::string& common = session.commonDirectory();
  // The session may have been opened in a linked worktree: the common directory itself says what the main one is.
  OwnedRepository repository;
  check(git_repository_open_ext(out(repository), common.c_str(),
                                GIT_REPOSITORY_OPEN_NO_SEARCH | GIT_REPOSITORY_OPEN_NO_DOTGIT, nullptr),
        kOperation, common);
  std::vector<WorktreeDescription> list;
  if (const char* folder = git_repository_workdir(repository.get())) {
    list.push_back(describe(repository.get(), "", common, withoutFinalSlash(folder)));
    list.back().present = isDirectory(list.back().path);
    list.back().lockReason.reset();  // the main worktree cannot be locked
  }
  const OwnedFd directory(::open((common + "/worktrees").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory && errno == ENOENT) return list;
  if (!directory) failSystem(kOperation, common + "/worktrees");
  std::vector<std::string> names = namesIn(directory.get(), common + "/worktrees");
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    cancel.check(kOperation);
    const std::string adminDirectory = common + "/worktrees/" + name;
    const std::optional<std::string> path = worktreePathOf(adminDirectory);
    if (path) list.push_back(describe(repository.get(), name, adminDirectory, *path));
  }
  return list;
}

}  // namespace coppice
