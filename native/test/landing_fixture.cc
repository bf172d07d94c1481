#include "test/landing_fixture.h"

#include <sys/stat.h>

#include "git/tree.h"

namespace coppice::test {
namespace {

const Cancel never;

Oid oidOf(const std::string& hex) {
  Oid oid{};
  if (!parseOid(hex, oid)) throw std::runtime_error("not an oid: " + hex);
  return oid;
}

std::string run(const std::string& directory, const std::string& command) {
  CommandResult result = runCommand(directory, command);
  if (result.code != 0) throw std::runtime_error(command + " failed: " + result.output);
  while (!result.output.empty() && result.output.back() == '\n') result.output.pop_back();
  return result.output;
}

}  // namespace

bool LandingFixture::exists(const std::string& name) const {
  struct stat status {};
  return lstat((path() + "/" + name).c_str(), &status) == 0;
}

Session& LandingFixture::session() {
  if (!session_) session_ = Session::open({path(), threads_}, never);
  return *session_;
}

Oid LandingFixture::tip(const std::string& revision) const { return oidOf(git("rev-parse " + quoted(revision))); }

Oid LandingFixture::effect(const Oid& base, const std::vector<Edit>& edits) const {
  const TempDirectory folder;
  std::string lines;
  int number = 0;
  for (const Edit& edit : edits) {
    std::string oid = std::string(40, '0');
    if (edit.content && edit.mode == "160000") oid = *edit.content;
    if (edit.content && edit.mode != "160000") {
      const std::string file = "content" + std::to_string(number++);
      folder.write(file, *edit.content);
      oid = git("hash-object -w --no-filters " + quoted(folder.file(file)));
    }
    lines += (edit.content ? edit.mode : "0") + " " + oid + "\t" + edit.path + '\0';
  }
  folder.write("edits", lines);
  const std::string index = "export GIT_INDEX_FILE=" + quoted(folder.file("index")) +
                            " GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.com GIT_COMMITTER_NAME=A"
                            " GIT_COMMITTER_EMAIL=a@example.com GIT_AUTHOR_DATE='1700000000 +0000'"
                            " GIT_COMMITTER_DATE='1700000000 +0000'; ";
  const std::string hex = toHex(base);
  return oidOf(run(path(), index + "git read-tree " + hex + " && git update-index -z --index-info < " +
                               quoted(folder.file("edits")) + " && git commit-tree $(git write-tree) -p " + hex +
                               " -m effect"));
}

std::vector<Change> LandingFixture::changes(const Oid& oldOid, const Oid& newOid) {
  const HandleLease handle = session().handle();
  return diffTrees(*handle, treeOfTreeish(*handle, oldOid), treeOfTreeish(*handle, newOid), never);
}

BeginLandingReply LandingFixture::begin(const std::string& target, bool commit, uint32_t timeoutMs) {
  BeginLandingRequest request;
  request.targetRef = target;
  request.commit = commit;
  request.timeoutMs = timeoutMs;
  return beginLanding(session(), request, never);
}

std::vector<BlockedPath> LandingFixture::check(uint32_t landingId, const std::vector<Change>& changes) {
  return checkPaths(session(), {landingId, changes}, never).blocked;
}

MoveTargetReply LandingFixture::move(uint32_t landingId, const Oid& oldOid, const Oid& newOid) {
  const Person person{"Lander", "lander@example.com", 1700000100, 60};
  return moveTarget(session(), {landingId, oldOid, newOid, person, "land: an effect"}, never);
}

UpdatePathsReply LandingFixture::update(uint32_t landingId, const std::vector<Change>& changes) {
  return updatePaths(session(), {landingId, changes}, never);
}

void LandingFixture::end(uint32_t landingId, bool writeIndex) { endLanding(session(), {landingId, writeIndex}, never); }

std::vector<DisplacedPath> LandingFixture::land(const Oid& newOid, const std::string& target) {
  const BeginLandingReply begun = begin(target);
  CHECK(begun.tipOid.has_value());
  const std::vector<Change> all = changes(*begun.tipOid, newOid);
  const std::vector<BlockedPath> blocked = check(begun.landingId, all);
  CHECK_EQ(text(blocked), "");
  CHECK(move(begun.landingId, *begun.tipOid, newOid).moved);
  const UpdatePathsReply reply = update(begun.landingId, all);
  end(begun.landingId);
  return reply.displaced;
}

void LandingFixture::checkSound(const std::string& folder) const {
  const std::string at = folder.empty() ? path() : folder;
  clearUp(*Session::open({path(), 1}, never), {false}, never);
  git("fsck --full --strict --no-dangling");
  CHECK_EQ(GitRepository::gitIn(at, "write-tree"), GitRepository::gitIn(at, "rev-parse 'HEAD^{tree}'"));
  CHECK_EQ(run(path(), "find .git \\( -name '*.lock' ! -name landing.lock -o -name 'coppice-quarantine*' -o -name moving \\) "
                       "-print; test ! -d .git/coppice/locks || find .git/coppice/locks -type f"),
           "");
}

std::string LandingFixture::text(const std::vector<BlockedPath>& blocked) {
  std::string list;
  for (const BlockedPath& path : blocked) list += (list.empty() ? "" : ", ") + path.path + " " + path.reason;
  return list;
}

std::string LandingFixture::text(const std::vector<DisplacedPath>& displaced) {
  std::string list;
  for (const DisplacedPath& path : displaced)
    list += (list.empty() ? "" : ", ") + path.path + " " + path.reason + (path.keptPath ? " kept" : "");
  return list;
}

}  // namespace coppice::test
