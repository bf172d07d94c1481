// A linked worktree at a base commit, its snapshot, and what the git CLI makes of the same files.
#pragma once

#include <memory>
#include <string>

#include "git/operations.h"
#include "test/session_repository.h"

namespace coppice::test {

class LeasedWorktree {
 public:
  // `repository` has at least one commit; its HEAD is the base.
  explicit LeasedWorktree(const SessionRepository& repository, const std::string& name = "w01");

  const std::string& path() const { return path_; }
  const std::string& gitDirectory() const { return gitDirectory_; }
  const Oid& baseOid() const { return request.baseOid; }
  Session& session() const { return *session_; }

  std::string git(const std::string& arguments) const { return GitRepository::gitIn(path_, arguments); }
  bool gitSucceeds(const std::string& arguments) const;
  void write(const std::string& name, const std::string& content) const;
  void shell(const std::string& command) const;  // throws with its words when it fails

  SnapshotReply snapshot() const;
  // `git add -A && git write-tree` here, the index put back as it was.
  std::string treeByGit() const;
  // The snapshot, checked against git: same tree, and every object of it can be read.
  SnapshotReply checkedSnapshot() const;
  // One line a path, from the session's objects: "<mode> <oid> <path>".
  std::string listing(const Oid& treeOid) const;
  std::string content(const Oid& treeOid, const std::string& path) const;  // throws when it is not there

  SnapshotRequest request;  // for the next snapshot

 private:
  void lookAtFlaggedFiles() const;

  std::string path_;
  std::string gitDirectory_;
  std::shared_ptr<Session> session_;
};

/** "<path> <reason>\n" for each. */
std::string listed(const std::vector<Unheld>& unheld);
/** "<path>\n" for each. */
std::string pathsOf(const std::vector<Change>& changes);

}  // namespace coppice::test
