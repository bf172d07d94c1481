// A repository with a session and the steps of a landing, for the tests of landing. New commits are made by the git CLI with
// an index of their own, so that neither the worktree nor its index learns of them before they land.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "git/operations.h"
#include "git/session.h"
#include "test/git_repository.h"

namespace coppice::test {

// One path of an effect's commit. No content: removed.
struct Edit {
  std::string path;
  std::optional<std::string> content;
  std::string mode = "100644";
};

class LandingFixture {
 public:
  explicit LandingFixture(uint32_t threads = 2) : threads_(threads) {}

  const GitRepository& repository() const { return repository_; }
  const std::string& path() const { return repository_.path(); }
  std::string git(const std::string& arguments) const { return repository_.git(arguments); }
  void write(const std::string& name, const std::string& content) const { repository_.write(name, content); }
  std::string read(const std::string& name) const { return repository_.read(name); }
  bool exists(const std::string& name) const;
  Session& session();
  void closeSession() { session_.reset(); }

  Oid tip(const std::string& revision = "HEAD") const;
  // A commit on top of `base` with these paths changed.
  Oid effect(const Oid& base, const std::vector<Edit>& edits) const;
  std::vector<Change> changes(const Oid& oldOid, const Oid& newOid);

  BeginLandingReply begin(const std::string& target = "refs/heads/main", bool commit = true, uint32_t timeoutMs = 2000);
  std::vector<BlockedPath> check(uint32_t landingId, const std::vector<Change>& changes);
  MoveTargetReply move(uint32_t landingId, const Oid& oldOid, const Oid& newOid);
  UpdatePathsReply update(uint32_t landingId, const std::vector<Change>& changes);
  void end(uint32_t landingId, bool writeIndex = true);
  // All steps; the blocked paths are left out (nothing is merged again here). Gives what was displaced.
  std::vector<DisplacedPath> land(const Oid& newOid, const std::string& target = "refs/heads/main");

  std::string status() const { return git("status --porcelain"); }
  // Index equal to HEAD's tree, objects sound, nothing of ours left behind.
  void checkSound(const std::string& folder = "") const;
  // "path reason" of each, joined by ", ".
  static std::string text(const std::vector<BlockedPath>& blocked);
  static std::string text(const std::vector<DisplacedPath>& displaced);

 private:
  GitRepository repository_;
  uint32_t threads_;
  std::shared_ptr<Session> session_;
};

}  // namespace coppice::test
