// Opening, describing and resolving; and every kind of repository that is refused, by name.
#include "git/session.h"

#include "git/operations.h"
#include "test/session_repository.h"

using namespace coppice;
using namespace coppice::test;

namespace {

const Cancel kNever;

std::string openCode(const std::string& path) {
  return failureCode([&] { Session::open({path, 1}, kNever); });
}

// The message with which opening is refused.
std::string refusal(const SessionRepository& repository) {
  try {
    Session::open({repository.path(), 1}, kNever);
  } catch (const Failure& failure) {
    return failure.code == failure_code::kUnsupportedRepository ? failure.message : failure.code;
  }
  return "";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST(session_describes_a_repository) {
  const SessionRepository repository;
  const Oid commit = repository.commit("first");
  repository.git("config user.name 'Grace Hopper'");
  repository.git("config commit.gpgsign true");
  repository.write("deep/down/file", "x");
  const auto session = said([&] { return Session::open({repository.path() + "/deep/down", 3}, kNever); });
  CHECK_EQ(session->threads(), 3u);
  RepositoryDescription description = said([&] { return session->describe(); });
  CHECK_EQ(description.gitDirectory, repository.path() + "/.git");
  CHECK_EQ(description.commonDirectory, repository.path() + "/.git");
  CHECK_EQ(*description.workingDirectory, repository.path());
  CHECK(!description.bare && description.commitSigning);
  CHECK_EQ(*description.headRef, "refs/heads/main");
  CHECK(*description.headOid == commit);
  CHECK_EQ(description.state, "none");
  CHECK_EQ(*description.userName, "Grace Hopper");
  CHECK(!description.userEmail.has_value());
  repository.git("config user.email grace@example.org");
  repository.git("checkout -q --detach");
  description = session->describe();
  CHECK_EQ(*description.userEmail, "grace@example.org");
  CHECK(!description.headRef.has_value() && *description.headOid == commit);
}

TEST(session_describes_unborn_bare_and_merging_repositories) {
  const SessionRepository unborn;
  const RepositoryDescription empty = unborn.open()->describe();
  CHECK_EQ(*empty.headRef, "refs/heads/main");
  CHECK(!empty.headOid.has_value());

  const SessionRepository bare("--bare");
  const RepositoryDescription described = bare.open()->describe();
  CHECK(described.bare && !described.workingDirectory.has_value());
  CHECK_EQ(described.gitDirectory, bare.path());

  const SessionRepository merging;
  merging.write("a", "1");
  merging.commit("base");
  merging.git("branch other");
  merging.write("a", "2");
  merging.commit("ours");
  merging.git("checkout -q other");
  merging.write("a", "3");
  merging.commit("theirs");
  CHECK(!merging.gitSucceeds("merge main"));
  CHECK_EQ(merging.open()->describe().state, "merge");
}

TEST(session_opens_linked_worktrees) {
  const SessionRepository repository;
  repository.commit("first");
  const TempDirectory elsewhere;
  repository.git("worktree add -q -b side '" + elsewhere.file("linked") + "'");
  const auto session = said([&] { return Session::open({elsewhere.file("linked"), 1}, kNever); });
  const RepositoryDescription description = session->describe();
  CHECK_EQ(description.commonDirectory, repository.path() + "/.git");
  CHECK_EQ(description.gitDirectory, repository.path() + "/.git/worktrees/linked");
  CHECK_EQ(*description.workingDirectory, elsewhere.file("linked"));
  CHECK_EQ(*description.headRef, "refs/heads/side");
  CHECK_EQ(session->commonDirectory(), repository.path() + "/.git");
}

TEST(session_says_what_is_no_repository) {
  const TempDirectory folder;
  CHECK_EQ(openCode(folder.path().string()), failure_code::kNotARepository);
  CHECK_EQ(openCode(folder.file("missing")), failure_code::kNotARepository);
  CHECK_EQ(openCode(""), failure_code::kNotARepository);
}

TEST(session_refuses_a_configuration_that_is_none_any_more) {
  const SessionRepository repository;
  const auto repeated = [](const std::string& line, size_t times) {
    std::string text;
    for (size_t i = 0; i < times; i++) text += line;
    return text;
  };
  const std::string section = "[branch \"some/branch/of/somebody\"]\n\tremote = origin\n\tmerge = refs/heads/some/branch/of/somebody\n";
  repository.write(".git/config", "[core]\n\trepositoryformatversion = 0\n" + repeated(section, 20'000));
  CHECK_EQ(refusal(repository), "");
  repository.write(".git/config", repeated("x\n", 300'000));
  CHECK(contains(refusal(repository), "200000 lines"));
  repository.write(".git/config", repeated("x\n", 3 << 20));
  CHECK(contains(refusal(repository), "4 MiB"));
  const SessionRepository ofWorktrees;
  ofWorktrees.write(".git/config.worktree", repeated("x\n", 300'000));
  CHECK(contains(refusal(ofWorktrees), "200000 lines"));
}

TEST(session_refuses_what_it_cannot_work_on_and_names_it) {
  CHECK(contains(refusal(SessionRepository("--object-format=sha256")), "SHA-256"));
  const SessionRepository reftable;
  reftable.git("config core.repositoryformatversion 1");
  reftable.git("config extensions.refStorage reftable");
  CHECK(contains(refusal(reftable), "reftable"));
  const SessionRepository partial;
  partial.git("config remote.origin.promisor true");
  CHECK(contains(refusal(partial), "partial clone"));
  const SessionRepository partialExtension;
  partialExtension.git("config core.repositoryformatversion 1");
  partialExtension.git("config extensions.partialClone origin");
  CHECK(contains(refusal(partialExtension), "partial clone"));
  const SessionRepository split;
  split.git("config core.splitIndex true");
  CHECK(contains(refusal(split), "split index"));
  const SessionRepository splitFile;
  splitFile.write("a", "x");
  splitFile.git("add a");
  splitFile.git("update-index --split-index");
  CHECK(contains(refusal(splitFile), "split index"));
  const SessionRepository sparse;
  sparse.write("a/b", "x");
  sparse.commit("first");
  sparse.git("sparse-checkout set --cone --sparse-index c");
  CHECK(contains(refusal(sparse), "sparse index"));
  sparse.git("config --worktree --unset index.sparse");
  CHECK(contains(refusal(sparse), "sparse index"));
  const SessionRepository future;
  future.git("config core.repositoryformatversion 1");
  future.git("config extensions.timeTravel true");
  CHECK(contains(refusal(future), "timetravel"));
  const SessionRepository version;
  version.git("config core.repositoryformatversion 7");
  CHECK(contains(refusal(version), "version 7"));
}

TEST(session_accepts_relative_worktrees_and_plain_extensions) {
  const SessionRepository repository;
  // Written by hand: the git beside us may be older than these extensions.
  repository.write(".git/config",
                   "[core]\n\trepositoryformatversion = 1\n\tbare = false\n"
                   "[extensions]\n\trelativeWorktrees = true\n\tworktreeConfig = true\n\tpreciousObjects = true\n"
                   "\trefStorage = files\n[remote \"origin\"]\n\tpromisor = false\n");
  CHECK_EQ(refusal(repository), "");
}

TEST(session_finds_objects_that_somebody_packed_meanwhile) {
  const SessionRepository repository;
  repository.write("a", "1");
  repository.commit("first");
  const auto session = repository.open();
  const HandleLease handle = session->handle();
  handle->read(repository.oid("HEAD"));
  repository.write("a", "2");
  const Oid later = repository.commit("second");
  repository.git("repack -q -a -d");
  CHECK(said([&] { return handle->read(later).type; }) == GIT_OBJECT_COMMIT);
  CHECK(said([&] { return handle->read(repository.oid("HEAD~:a")).type; }) == GIT_OBJECT_BLOB);
}

TEST(resolve_knows_names_and_never_expressions) {
  const SessionRepository repository;
  const Oid first = repository.commit("first");
  const Oid second = repository.commit("second");
  repository.git("tag -a -m note annotated");
  repository.git("tag light HEAD~");
  repository.git("branch topic/one");
  const auto session = repository.open();
  const auto find = [&](const std::string& name) { return said([&] { return resolve(*session, {name}, kNever); }); };
  CHECK_EQ(*find("HEAD").refName, "refs/heads/main");
  CHECK(*find("HEAD").commitOid == second);
  CHECK(find("HEAD").parentOids.size() == 1 && find("HEAD").parentOids[0] == first);
  CHECK(*find("main").treeOid == repository.oid("HEAD^{tree}"));
  CHECK_EQ(*find("topic/one").refName, "refs/heads/topic/one");
  CHECK_EQ(*find("refs/heads/main").refName, "refs/heads/main");
  CHECK(!find("annotated").refName.has_value() && *find("annotated").commitOid == second);
  CHECK(*find("light").commitOid == first);
  CHECK(*find(toHex(first)).commitOid == first);
  CHECK(!find("nothing").commitOid.has_value());
  CHECK(!find(std::string(40, '1')).commitOid.has_value());
  const Oid tree = repository.oid("HEAD^{tree}");
  CHECK(!find(toHex(tree)).commitOid.has_value() && *find(toHex(tree)).treeOid == tree);
  for (const char* name : {"HEAD~", "main^", "main@{1}", ":/first", "HEAD:file", "", "a..b", "refs/heads/", "-x y"}) {
    CHECK_EQ(failureCode([&] { resolve(*session, {name}, kNever); }), failure_code::kInvalid);
  }
  repository.git("checkout -q --detach");
  CHECK(!find("HEAD").refName.has_value() && *find("HEAD").commitOid == second);
}

TEST(resolve_never_takes_a_lost_object_for_an_unborn_ref) {
  const SessionRepository repository;
  repository.commit("first");
  repository.write(".git/refs/heads/lost", std::string(40, '1') + "\n");
  const auto session = repository.open();
  CHECK_EQ(failureCode([&] { resolve(*session, {"lost"}, kNever); }), failure_code::kCorrupt);
  CHECK_EQ(failureCode([&] { resolve(*session, {"refs/heads/lost"}, kNever); }), failure_code::kCorrupt);
}

TEST(resolve_says_unborn) {
  const SessionRepository repository;
  const auto session = repository.open();
  const ResolveReply reply = said([&] { return resolve(*session, {"HEAD"}, kNever); });
  CHECK_EQ(*reply.refName, "refs/heads/main");
  CHECK(!reply.commitOid.has_value());
}
