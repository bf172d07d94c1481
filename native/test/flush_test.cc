// The flush against git's own eyes: packs that it accepts, refs that never name what is missing, and nothing lost when the
// disk, a race or death comes between.
#include "git/flush.h"

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <random>
#include <thread>

#include "git/operations.h"
#include "git/pack_index.h"
#include "git/session_packs.h"
#include "test/at_step.h"
#include "test/session_repository.h"

using namespace coppice;
using namespace coppice::test;

namespace {

namespace fs = std::filesystem;

const Cancel kNever;
const Person kAda{"Ada", "ada@example.org", 1700000000, 0};

// A commit of one file with this content.
Oid commitFile(Session& session, const std::string& content, std::vector<Oid> parentOids = {}) {
  return said([&] {
    const Oid tree = editTextTree(session, {std::nullopt, {{"folder/file", content}}}, kNever).oid;
    return commit(session, {tree, std::move(parentOids), kAda, kAda, "A commit"}, kNever).oid;
  });
}

RefUpdate move(const std::string& refName, const Oid& newOid) { return {refName, newOid, false, std::nullopt, std::nullopt}; }

FlushReply flushTo(Session& session, std::vector<RefUpdate> refs) {
  return said([&] { return flush(session, {std::move(refs)}, kNever); });
}

// Names in objects/pack that end in `ending`.
std::vector<std::string> packFiles(const SessionRepository& repository, const std::string& ending) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(repository.path() + "/.git/objects/pack")) {
    const std::string name = entry.path().filename().string();
    if (name.size() >= ending.size() && name.compare(name.size() - ending.size(), ending.size(), ending) == 0) names.push_back(name);
  }
  return names;
}

// What git says beside its notices (an unborn HEAD is one) is a complaint.
void checkSound(const SessionRepository& repository) {
  CHECK_EQ(repository.git("fsck --full --strict --no-dangling 2>&1 | { grep -v '^notice:' || true; }"), "");
  repository.git("fsck --full --strict --no-dangling");
}

std::string randomBytes(std::mt19937& random, size_t size) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

}  // namespace

TEST(flush_makes_one_pack_that_git_accepts) {
  const SessionRepository repository;
  const auto session = repository.open();
  const Oid first = commitFile(*session, "content\n");
  CHECK(!repository.gitSucceeds("cat-file -e " + toHex(first)));
  const FlushReply reply = flushTo(*session, {move("refs/heads/main", first), move("refs/coppice/r/anchor", first)});
  CHECK_EQ(reply.objects, 4u);
  CHECK(!reply.lostRef.has_value());
  CHECK_EQ(session->store().bytes(), size_t{0});
  CHECK(repository.oid("main") == first && repository.oid("refs/coppice/r/anchor") == first);
  CHECK_EQ(repository.git("show main:folder/file"), "content");
  const std::string pack = repository.path() + "/.git/objects/pack/" + *reply.packName;
  CHECK_EQ(fs::file_size(pack + ".pack"), reply.bytes);
  repository.git("verify-pack " + quoted(pack + ".idx"));
  for (const char* ending : {".pack", ".idx"}) {
    struct stat status;
    CHECK_EQ(stat((pack + ending).c_str(), &status), 0);
    CHECK_EQ(status.st_mode & 0777, 0444u);
  }
  CHECK_EQ(packFiles(repository, "").size(), size_t{2});
  checkSound(repository);
  const HandleLease handle = session->handle();
  CHECK(said([&] { return handle->read(first).type; }) == GIT_OBJECT_COMMIT);
}

TEST(flush_packs_objects_of_every_size) {
  const SessionRepository repository;
  const auto session = repository.open();
  std::mt19937 random(7);
  std::vector<TreeEdit> edits;
  std::vector<std::string> contents;
  const HandleLease handle = session->handle();
  for (const size_t size : {0, 1, 15, 16, 17, 127, 128, 2047, 2048, 2049, 16384, 262143, 262144, 1048576, 1048577, 3000000}) {
    for (const bool compressible : {false, true}) {
      contents.push_back(compressible ? std::string(size, 'x') : randomBytes(random, size));
      edits.push_back({std::to_string(contents.size()), kModeFile, handle->write(GIT_OBJECT_BLOB, contents.back())});
    }
  }
  const Oid tree = editTree(*handle, kEmptyTreeOid, edits, kNever);
  const Oid oid = commit(*session, {tree, {}, kAda, kAda, "sizes"}, kNever).oid;
  flushTo(*session, {move("refs/heads/main", oid)});
  checkSound(repository);
  CHECK_EQ(session->store().bytes(), size_t{0});
  for (const TreeEdit& edit : edits) {
    CHECK_EQ(*said([&] { return handle->read(edit.oid).data; }), contents[std::stoul(edit.path) - 1]);
  }
}

TEST(flush_survives_gits_gc_beside_it) {
  const SessionRepository repository;
  const auto session = repository.open();
  std::vector<Oid> commits;
  for (int i = 0; i < 12; i++) {
    commits.push_back(commitFile(*session, std::to_string(i), commits.empty() ? std::vector<Oid>{} : std::vector<Oid>{commits.back()}));
    flushTo(*session, {move("refs/heads/main", commits.back())});
    if (i % 4 == 3) repository.git("gc --quiet --prune=now");
    const HandleLease handle = session->handle();
    for (const Oid& oid : commits) CHECK(said([&] { return treeOfTreeish(*handle, oid); }) != Oid{});
  }
  CHECK_EQ(repository.git("rev-list --count main"), "12");
  checkSound(repository);
}

TEST(flush_survives_a_prune_without_grace_before_its_pack_has_its_name) {
  const SessionRepository repository;
  const auto session = repository.open();
  const Oid oid = commitFile(*session, "content\n");
  bool pruned = false;
  const AtStep prune("flush.written", [&] {
    repository.git("prune --expire=now");
    pruned = true;
  });
  flushTo(*session, {move("refs/heads/main", oid)});
  CHECK(pruned);
  CHECK(repository.oid("main") == oid);
  checkSound(repository);
}

TEST(flush_of_a_dead_session_is_cleared_up_but_no_pack_that_has_lost_its_index) {
  const SessionRepository repository;
  const std::string packs = repository.path() + "/.git/objects/pack/";
  const std::string unpublished = "pack-" + std::string(40, 'a'), damaged = "pack-" + std::string(40, 'b'), linked = "pack-" + std::string(40, 'c');
  const std::string going = "pack-" + std::string(40, 'd');
  repository.write(".git/objects/pack/" + going + ".pack", "PACK");
  repository.write(".git/objects/pack/coppice_idx_" + going, "");
  for (const std::string& name : {unpublished, damaged, linked}) {
    repository.write(".git/objects/pack/" + name + ".keep", "coppice session session-dead\n");
    repository.write(".git/objects/pack/" + name + ".pack", "PACK");
  }
  repository.write(".git/objects/pack/coppice_idx_" + unpublished, "");
  fs::create_symlink("nowhere", packs + linked + ".idx");
  SessionPacks::removeDead(repository.path() + "/.git");
  CHECK(!fs::exists(packs + unpublished + ".pack"));
  CHECK(fs::exists(packs + damaged + ".pack"));
  CHECK(fs::exists(packs + linked + ".pack"));
  CHECK(packFiles(repository, ".keep").empty());
  CHECK(!fs::exists(packs + "coppice_idx_" + unpublished));
  CHECK(!fs::exists(packs + going + ".pack"));
  CHECK(!fs::exists(packs + "coppice_idx_" + going));
}

TEST(flush_leaves_unfinished_work_in_memory) {
  const SessionRepository repository;
  const auto session = repository.open();
  const HandleLease handle = session->handle();
  const Oid unfinished = handle->write(GIT_OBJECT_BLOB, "a snapshot is still being made of this");
  flushTo(*session, {move("refs/heads/main", commitFile(*session, "1"))});
  CHECK(session->store().find(unfinished).has_value());
  CHECK(!repository.gitSucceeds("cat-file -e " + toHex(unfinished)));
  const Oid tree = editTree(*handle, kEmptyTreeOid, {{"f", kModeFile, unfinished}}, kNever);
  flushTo(*session, {move("refs/heads/other", commit(*session, {tree, {}, kAda, kAda, "m"}, kNever).oid)});
  CHECK_EQ(repository.git("show other:f"), "a snapshot is still being made of this");
}

TEST(flush_without_refs_writes_everything) {
  const SessionRepository repository;
  auto session = repository.open();
  const Oid tree = editTextTree(*session, {std::nullopt, {{"a", "1"}}}, kNever).oid;
  CHECK_EQ(flushTo(*session, {}).objects, 2u + 1u);
  CHECK_EQ(repository.git("cat-file -t " + toHex(tree)), "tree");
  CHECK(!flushTo(*session, {}).packName.has_value());
  session.reset();
  CHECK_EQ(packFiles(repository, ".keep").size(), size_t{0});
}

TEST(flush_guards_a_commit_until_a_ref_reaches_it) {
  const SessionRepository repository;
  auto session = repository.open();
  const Oid anchor = commitFile(*session, "anchor");
  const Oid one = commitFile(*session, "one");
  const Oid two = commitFile(*session, "two", {one});
  flushTo(*session, {move("refs/coppice/r/anchor", anchor)});
  CHECK_EQ(packFiles(repository, ".keep").size(), size_t{1});
  CHECK_EQ(session->store().bytes(), size_t{0});
  repository.git("repack -q -a -d");
  CHECK(repository.gitSucceeds("cat-file -e " + toHex(two)));
  // A later commit names `two`, and so reaches `one`.
  flushTo(*session, {move("refs/coppice/r/anchor", commitFile(*session, "anchor 2", {two}))});
  CHECK_EQ(packFiles(repository, ".keep").size(), size_t{0});

  const Oid three = commitFile(*session, "three", {two});
  flushTo(*session, {move("refs/coppice/r/ledger", anchor)});
  CHECK_EQ(packFiles(repository, ".keep").size(), size_t{1});
  repository.git("update-ref refs/heads/main " + toHex(three));
  markReached(*session->handle(), three);
  CHECK_EQ(packFiles(repository, ".keep").size(), size_t{0});

  commitFile(*session, "nobody's");
  flushTo(*session, {move("refs/coppice/r/ledger", anchor)});
  CHECK_EQ(packFiles(repository, ".keep").size(), size_t{1});
  session.reset();
  CHECK_EQ(packFiles(repository, ".keep").size(), size_t{0});
  checkSound(repository);
}

TEST(flush_guards_a_merged_commit_until_the_target_moves_and_nothing_unflushed_lands) {
  const SessionRepository repository;
  const Oid base = repository.commit("base");
  const auto session = repository.open();
  const Oid merged = commitFile(*session, "merged", {base});
  const BeginLandingReply begun = said([&] { return beginLanding(*session, {"refs/heads/main", std::nullopt, true, 1000}, kNever); });
  const auto moveTo = [&] { return moveTarget(*session, {begun.landingId, base, merged, kAda, "coppice: land"}, kNever); };
  CHECK_EQ(failureCode([&] { moveTo(); }), failure_code::kInvalid);
  CHECK(repository.oid("main") == base);
  flushTo(*session, {move("refs/coppice/r/ledger", commitFile(*session, "ledger"))});
  CHECK_EQ(packFiles(repository, ".keep").size(), size_t{1});
  repository.git("repack -q -a -d");
  CHECK(said(moveTo).moved);
  CHECK_EQ(packFiles(repository, ".keep").size(), size_t{0});
  const TreeFile file = listTree(*session->handle(), treeOfTreeish(*session->handle(), merged), kNever)[0];
  said([&] { updatePaths(*session, {begun.landingId, {{file.path, 0, std::nullopt, file.mode, file.oid}}}, kNever); });
  endLanding(*session, {begun.landingId, true}, kNever);
  CHECK(repository.oid("main") == merged);
  CHECK_EQ(repository.git("status --porcelain"), "");
  checkSound(repository);
}

TEST(flush_compares_and_stops_at_the_first_lost_race) {
  const SessionRepository repository;
  const Oid old = repository.commit("old");
  const auto session = repository.open();
  const Oid fresh = commitFile(*session, "new", {old});
  const auto compared = [&](const std::string& name, std::optional<Oid> expected, std::optional<Oid> next) {
    return RefUpdate{name, next, true, expected, std::nullopt};
  };
  FlushReply reply = flushTo(*session, {compared("refs/coppice/a", std::nullopt, fresh), compared("refs/heads/main", fresh, fresh),
                                        compared("refs/coppice/c", std::nullopt, fresh)});
  CHECK_EQ(*reply.lostRef, "refs/heads/main");
  CHECK(repository.oid("refs/coppice/a") == fresh && repository.oid("main") == old);
  CHECK(!repository.gitSucceeds("rev-parse --verify refs/coppice/c"));
  reply = flushTo(*session, {compared("refs/heads/main", old, fresh), compared("refs/coppice/a", fresh, std::nullopt)});
  CHECK(!reply.lostRef.has_value() && !reply.packName.has_value());
  CHECK(repository.oid("main") == fresh);
  CHECK(!repository.gitSucceeds("rev-parse --verify refs/coppice/a"));
  CHECK_EQ(*flushTo(*session, {compared("refs/coppice/a", old, fresh)}).lostRef, "refs/coppice/a");
  checkSound(repository);
}

TEST(flush_refuses_before_it_writes) {
  const SessionRepository repository;
  const auto session = repository.open();
  const Oid oid = commitFile(*session, "1");
  const auto code = [&](RefUpdate update) { return failureCode([&] { flush(*session, {{update}}, kNever); }); };
  CHECK_EQ(code(move("refs/bad..name", oid)), failure_code::kInvalid);
  CHECK_EQ(code(move("HEAD", oid)), failure_code::kInvalid);
  CHECK_EQ(code(move("refs/heads/x", hashObject(GIT_OBJECT_BLOB, "missing"))), failure_code::kNotFound);
  Cancel cancel;
  cancel.set();
  CHECK_EQ(failureCode([&] { flush(*session, {{move("refs/heads/x", oid)}}, cancel); }), failure_code::kCancelled);
  CHECK_EQ(packFiles(repository, "").size(), size_t{0});
  repository.git("symbolic-ref refs/coppice/link refs/heads/main");
  CHECK_EQ(code(move("refs/coppice/link", oid)), failure_code::kInvalid);
  CHECK(!repository.gitSucceeds("rev-parse --verify refs/heads/main"));
}

TEST(flush_that_finds_a_ref_locked_can_be_called_again) {
  const SessionRepository repository;
  const auto session = repository.open();
  const Oid oid = commitFile(*session, "1");
  repository.write(".git/refs/coppice/r/anchor.lock", "");
  CHECK_EQ(failureCode([&] { flush(*session, {{move("refs/coppice/r/anchor", oid)}}, kNever); }), failure_code::kLocked);
  CHECK_EQ(packFiles(repository, ".keep").size(), size_t{1});
  repository.git("repack -q -a -d");
  CHECK(repository.gitSucceeds("cat-file -e " + toHex(oid)));
  fs::remove(repository.path() + "/.git/refs/coppice/r/anchor.lock");
  CHECK(!flushTo(*session, {move("refs/coppice/r/anchor", oid)}).packName.has_value());
  CHECK_EQ(packFiles(repository, ".keep").size(), size_t{0});
  checkSound(repository);
}

// A file size limit stands in for a full disk: the write fails in the middle of the pack.
TEST(flush_that_cannot_write_leaves_nothing_and_can_be_called_again) {
  const SessionRepository repository;
  const pid_t pid = fork();
  if (pid == 0) {
    signal(SIGXFSZ, SIG_IGN);
    int code = 1;
    try {
      const auto session = repository.open();
      std::mt19937 random(1);
      const Oid oid = commitFile(*session, randomBytes(random, 3000000));
      const size_t before = session->store().bytes();
      const rlimit small{1000000, RLIM_INFINITY}, none{RLIM_INFINITY, RLIM_INFINITY};
      setrlimit(RLIMIT_FSIZE, &small);
      const bool failed = failureCode([&] { flush(*session, {{move("refs/heads/main", oid)}}, kNever); }) == failure_code::kSystem;
      setrlimit(RLIMIT_FSIZE, &none);
      const bool clean = packFiles(repository, "").empty() && session->store().bytes() == before;
      const bool again = flush(*session, {{move("refs/heads/main", oid)}}, kNever).packName.has_value();
      code = failed && clean && again ? 0 : 2;
    } catch (...) {
    }
    _exit(code);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  CHECK_EQ(status, 0);
  checkSound(repository);
  repository.git("cat-file -e main:folder/file");
}

TEST(flush_calls_at_once_come_one_after_another) {
  const SessionRepository repository;
  const auto session = repository.open();
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; thread++) {
    threads.emplace_back([&, thread] {
      try {
        std::vector<Oid> parents;
        for (int i = 0; i < 15; i++) {
          parents = {commitFile(*session, std::to_string(thread) + "/" + std::to_string(i), parents)};
          flush(*session, {{move("refs/coppice/t" + std::to_string(thread), parents[0])}}, kNever);
        }
      } catch (...) {
        failures++;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK_EQ(failures.load(), 0);
  for (int thread = 0; thread < 4; thread++) {
    CHECK_EQ(repository.git("rev-list --count refs/coppice/t" + std::to_string(thread)), "15");
  }
  CHECK_EQ(packFiles(repository, ".keep").size(), size_t{0});
  CHECK_EQ(session->store().bytes(), size_t{0});
  checkSound(repository);
}

// A process that flushes without end, to be killed at any moment; each finished flush is one byte in a pipe.
class EndlessFlush {
 public:
  EndlessFlush(const SessionRepository& repository, int round) {
    if (pipe(finished_) != 0) throw std::runtime_error("no pipe");
    pid_ = fork();
    if (pid_ == 0) run(repository, round);
    close(finished_[1]);
  }
  // Kills it `aboutMs` into a flush, or right after it when that is shorter.
  void killWithin(int aboutMs) {
    char byte;
    CHECK_EQ(read(finished_[0], &byte, 1), ssize_t{1});
    pollfd next{finished_[0], POLLIN, 0};
    poll(&next, 1, aboutMs);
    kill(pid_, SIGKILL);
    int status = 0;
    waitpid(pid_, &status, 0);
    CHECK(WIFSIGNALED(status));
  }
  ~EndlessFlush() { close(finished_[0]); }

 private:
  [[noreturn]] void run(const SessionRepository& repository, int round) const {
    try {
      const auto session = repository.open();
      for (int i = 0;; i++) {
        const Oid oid = commitFile(*session, std::to_string(round) + "." + std::to_string(i) + std::string(20000, 'x'));
        flush(*session, {{move("refs/coppice/a", oid), move("refs/coppice/b", oid)}}, kNever);
        if (i % 3 == 2) flush(*session, {{{"refs/coppice/b", std::nullopt, false, std::nullopt, std::nullopt}}}, kNever);
        if (write(finished_[1], "x", 1) != 1) _exit(1);
      }
    } catch (...) {
      _exit(1);
    }
  }

  int finished_[2];
  pid_t pid_;
};

// Every ref names something whole, git is content, and the next session works on and clears up.
TEST(flush_of_a_killed_process_loses_no_ref_and_leaves_no_guard) {
  const SessionRepository repository;
  std::mt19937 random(3);
  for (int round = 0; round < 25; round++) {
    EndlessFlush(repository, round).killWithin(static_cast<int>(random() % 30));
    repository.clearUp();  // nothing of the dead process is in git's way after that
    if (round % 5 == 0) checkSound(repository);
    if (round % 5 == 1) repository.git("gc --quiet --prune=now");
  }
  auto session = repository.open();
  const Oid last = commitFile(*session, "last");
  flushTo(*session, {move("refs/coppice/a", last), move("refs/coppice/b", last)});
  CHECK(repository.oid("refs/coppice/b") == last);
  CHECK_EQ(packFiles(repository, ".keep").size(), size_t{0});
  session.reset();
  checkSound(repository);
  repository.git("pack-refs --all");
  repository.git("gc --quiet --prune=now");
}

TEST(flush_pack_index_holds_offsets_beyond_two_gigabytes) {
  const TempDirectory folder;
  PageVector<PackIndexEntry> entries;
  std::string bytes, expected;
  for (const uint64_t offset : {uint64_t{12}, uint64_t{0x7fffffff}, uint64_t{0x80000000}, uint64_t{0x123456789a}}) {
    PackIndexEntry entry;
    entry.oid.id[0] = static_cast<unsigned char>(0xf0 - entries.size());
    entry.offset = offset;
    entry.crc = 7;
    entries.push_back(entry);
    expected = std::to_string(offset) + " " + toHex(entry.oid) + " (00000007)\n" + expected;
  }
  writePackIndex(entries, Checksum::Digest{}, [&](std::string_view piece) { bytes += piece; });
  folder.write("idx", bytes);
  CHECK_EQ(runCommand(folder.path().string(), "git show-index <idx").output, expected);
}
