#include "task_commits.h"

#include <algorithm>

#include "failure.h"
#include "owned.h"
#include "safe_path.h"

namespace coppice {

namespace {

constexpr const char* kOperation = "snapshot.listCommits";
constexpr size_t kMaxCommits = 1000;
constexpr size_t kMaxHeadBytes = 64u << 10;

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

bool isCommit(Handle& handle, const Oid& oid) {
  OwnedCommit commit;
  return git_commit_lookup(out(commit), handle.repository(), &oid) == 0;
}

// The walk cannot be left from outside while it prepares; this callback runs for every commit it meets.
int stopWhenCancelled(const git_oid*, void* cancel) {
  return static_cast<const Cancel*>(cancel)->isSet() ? GIT_EUSER : 0;
}

}  // namespace

std::optional<Oid> readHead(Handle& handle, const std::string& gitDirectory) {
  const auto content = readSmallFile(gitDirectory + "/HEAD", kMaxHeadBytes);
  if (!content) return std::nullopt;
  const std::string_view text = trimmed(*content);
  Oid oid;
  if (text.substr(0, 4) == "ref:") {
    const std::string name(trimmed(text.substr(4)));
    int valid = 0;
    if (git_reference_name_is_valid(&valid, name.c_str()) < 0 || valid == 0 || name.rfind("refs/", 0) != 0)
      return std::nullopt;
    if (git_reference_name_to_id(&oid, handle.repository(), name.c_str()) < 0) return std::nullopt;
  } else if (!parseOid(text, oid)) {
    return std::nullopt;
  }
  if (!isCommit(handle, oid)) return std::nullopt;
  return oid;
}

std::vector<TaskCommit> listTaskCommits(Handle& handle, const Oid& baseOid, const Oid& headOid, const Cancel& cancel) {
  std::vector<TaskCommit> commits;
  if (baseOid == headOid) return commits;
  OwnedRevwalk walk;
  check(git_revwalk_new(out(walk), handle.repository()), kOperation);
  check(git_revwalk_sorting(walk.get(), GIT_SORT_TOPOLOGICAL), kOperation);
  const int pushed = git_revwalk_push(walk.get(), &headOid);
  if (pushed == GIT_ENOTFOUND) return commits;  // a prune without grace came between git's commit and its HEAD
  check(pushed, kOperation, toHex(headOid));
  check(git_revwalk_hide(walk.get(), &baseOid), kOperation, toHex(baseOid));
  check(git_revwalk_add_hide_cb(walk.get(), stopWhenCancelled, const_cast<Cancel*>(&cancel)), kOperation);
  Oid oid;
  while (commits.size() < kMaxCommits) {
    const int result = git_revwalk_next(&oid, walk.get());
    cancel.check(kOperation);
    if (result == GIT_ITEROVER) break;
    OwnedCommit commit;
    // A history with a hole in it must not cost the task its files: what was found is listed.
    if (result < 0 || git_commit_lookup(out(commit), handle.repository(), &oid) < 0) break;
    commits.push_back({oid, git_commit_message(commit.get())});
  }
  std::reverse(commits.begin(), commits.end());
  return commits;
}

}  // namespace coppice
