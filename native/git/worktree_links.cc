// The two links between a worktree and its admin directory, after the repository or its worktrees were moved: "gitdir" in the
// one, ".git" in the other. A folder counts as the worktree only where both sides agree on where they once lay.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "admin_directory.h"
#include "failure.h"
#include "operations.h"
#include "owned.h"
#include "safe_path.h"

namespace coppice {
namespace {

constexpr const char* kOperation = "repairWorktree";

bool isThere(const std::string& path) {
  struct stat status;
  return ::lstat(path.c_str(), &status) == 0;
}

std::string relativeTo(const std::string& path, const std::string& base) {
  return std::filesystem::path(path).lexically_relative(base).string();
}

// "/a/project.worktrees/w01" of "/a/project/.git" or "/a/project.git", as src/worktree/folder.ts places it.
std::string usualPlace(const std::string& common, const std::string& name) {
  const std::string end = "/.git";
  const bool inside = common.size() > end.size() && common.compare(common.size() - end.size(), end.size(), end) == 0;
  return (inside ? common.substr(0, common.size() - end.size()) : common) + ".worktrees/" + name;
}

// "/a/project/.git" of "/a/project/.git/worktrees/w01"; empty when it is another worktree's.
std::string commonOf(const std::string& adminDirectory, const std::string& name) {
  const std::string end = "/worktrees/" + name;
  const bool fits = adminDirectory.size() > end.size() &&
                    adminDirectory.compare(adminDirectory.size() - end.size(), end.size(), end) == 0;
  return fits ? adminDirectory.substr(0, adminDirectory.size() - end.size()) : std::string();
}

// Replaces the one line of a file in place: a death at any instant leaves the old line or the new one, and no second file that
// somebody would have to tell from a task's. Git strips the line breaks that fill up the old length.
void rewriteLine(const std::string& path, std::string line) {
  const OwnedFd file(::open(path.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  struct stat status;
  if (!file || ::fstat(file.get(), &status) != 0) failSystem(kOperation, path);
  if (!S_ISREG(status.st_mode) || status.st_nlink != 1)
    fail(failure_code::kInvalid, kOperation, "not a plain file with one name", path);
  line += '\n';
  const size_t size = line.size();
  line.resize(std::max<size_t>(size, static_cast<size_t>(status.st_size)), '\n');
  ssize_t written = -1;
  do written = ::pwrite(file.get(), line.data(), line.size(), 0);
  while (written < 0 && errno == EINTR);
  if (written != static_cast<ssize_t>(line.size()) || ::ftruncate(file.get(), static_cast<off_t>(size)) != 0 ||
      ::fsync(file.get()) != 0)
    failSystem(kOperation, path);
}

class Repair {
 public:
  Repair(const Session& session, const RepairWorktreeRequest& request)
      : request_(request),
        common_(session.commonDirectory()),
        admin_(adminDirectoryPath(session, request.name)),
        recorded_(worktreePathOf(admin_)) {}

  RepairWorktreeReply run() {
    if (!recorded_) return {};
    std::vector<std::string> places{*recorded_};
    places.insert(places.end(), request_.places.begin(), request_.places.end());
    for (const std::string& place : places) {
      if (tryPlace(place)) break;
    }
    if (reply_.path) reply_.elsewhere.reset();
    return reply_;
  }

 private:
  bool tryPlace(const std::string& place) {
    const auto target = gitFileTarget(place);
    if (!target) return false;
    if (isThere(*target)) {
      if (!isSameFile(*target, admin_)) {
        if (!reply_.elsewhere) reply_.elsewhere = *target;
        return false;
      }
      link(place, place == *recorded_, true);
      return true;
    }
    if (!movedTogether(place, commonOf(*target, request_.name))) return false;
    link(place, place == *recorded_, false);
    return true;
  }

  // The repository alone was moved, or both were, each to where the other expects it.
  bool movedTogether(const std::string& place, const std::string& oldCommon) const {
    if (oldCommon.empty()) return false;
    if (place == *recorded_ || relativeTo(*recorded_, oldCommon) == relativeTo(place, common_)) return true;
    return *recorded_ == usualPlace(oldCommon, request_.name) && place == usualPlace(common_, request_.name);
  }

  // The admin directory first: with it right, the ".git" file alone is enough to see that both belong together.
  void link(const std::string& place, bool adminRight, bool gitFileRight) {
    reply_.path = place;
    reply_.repaired = !adminRight || !gitFileRight;
    if (request_.dryRun) return;
    if (!adminRight) rewriteLine(admin_ + "/gitdir", place + "/.git");
    if (!gitFileRight) rewriteLine(place + "/.git", "gitdir: " + admin_);
  }

  const RepairWorktreeRequest& request_;
  const std::string common_, admin_;
  const std::optional<std::string> recorded_;
  RepairWorktreeReply reply_;
};

}  // namespace

RepairWorktreeReply repairWorktree(Session& session, const RepairWorktreeRequest& request, const Cancel& cancel) {
  cancel.check(kOperation);
  for (const std::string& place : request.places) {
    if (place.empty() || place[0] != '/' || place.find('\n') != std::string::npos || place.find('\0') != std::string::npos)
      fail(failure_code::kInvalid, kOperation, "not an absolute path", place);
  }
  return Repair(session, request).run();
}

}  // namespace coppice
