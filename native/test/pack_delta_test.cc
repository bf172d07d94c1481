// Deltas in packs, decoded by git: index-pack and unpack-objects make each object anew and name it by its content.
#include "git/delta.h"

#include <filesystem>
#include <map>
#include <random>

#include "git/commit.h"
#include "git/operations.h"
#include "test/session_repository.h"

using namespace coppice;
using namespace coppice::test;

namespace {

const Cancel kNever;
const Person kAda{"Ada", "ada@example.org", 1700000000, 0};

size_t upTo(std::mt19937& random, size_t most) { return std::uniform_int_distribution<size_t>(0, most)(random); }

std::string randomBytes(std::mt19937& random, size_t size) {
  std::string bytes(size, '\0');
  const unsigned alphabet = upTo(random, 1) == 0 ? 256 : 2;  // with two letters, starts and ends overlap
  for (char& byte : bytes) byte = static_cast<char>(random() % alphabet);
  return bytes;
}

// Replaced, inserted, removed, doubled, cut: what the ends and the middle can be.
std::string edited(std::mt19937& random, std::string bytes) {
  for (size_t edits = upTo(random, 3); edits > 0; edits--) {
    const size_t at = upTo(random, bytes.size());
    const size_t size = std::min(upTo(random, 40), bytes.size() - at);
    switch (upTo(random, 4)) {
      case 0: bytes.replace(at, size, randomBytes(random, size)); break;
      case 1: bytes.insert(at, randomBytes(random, upTo(random, 300))); break;
      case 2: bytes.erase(at, size); break;
      case 3: bytes.insert(at, bytes.substr(at, size)); break;
      default: bytes.resize(at); break;
    }
  }
  return bytes;
}

std::string packPath(const SessionRepository& repository, const FlushReply& reply) {
  return repository.path() + "/.git/objects/pack/" + *reply.packName;
}

// Lines of verify-pack that are deltas: oid, type, size, size in the pack, offset, depth, base.
struct Deltas {
  size_t count = 0, longest = 0;
};
Deltas deltasOf(const SessionRepository& repository, const FlushReply& reply) {
  Deltas deltas;
  std::istringstream lines(repository.git("verify-pack -v " + quoted(packPath(repository, reply) + ".idx")));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string oid, type, size, packed, offset, depth, base;
    if (!(words >> oid >> type >> size >> packed >> offset >> depth >> base) || base.size() != 40) continue;
    deltas.count++;
    deltas.longest = std::max(deltas.longest, size_t{std::stoul(depth)});
  }
  return deltas;
}

}  // namespace

TEST(delta_of_random_versions_is_decoded_by_git) {
  std::mt19937 random(11);
  for (int round = 0; round < 12; round++) {
    const SessionRepository repository, elsewhere;
    const auto session = repository.open();
    const HandleLease handle = session->handle();
    std::map<std::string, std::string> contents;
    for (int chain = 0; chain < 20; chain++) {
      std::string bytes = randomBytes(random, upTo(random, round == 0 ? 400000 : 3000));
      Oid previous = handle->write(GIT_OBJECT_BLOB, bytes);
      contents[toHex(previous)] = bytes;
      for (int version = 0; version < 12; version++) {
        bytes = edited(random, std::move(bytes));
        const Oid oid = handle->write(GIT_OBJECT_BLOB, bytes, &previous);
        contents[toHex(oid)] = bytes;
        if (upTo(random, 4) > 0) previous = oid;
      }
    }
    const FlushReply reply = said([&] { return flush(*session, {{}}, kNever); });
    CHECK(deltasOf(repository, reply).count > 60);
    CHECK(elsewhere.gitSucceeds("unpack-objects -q --strict <" + quoted(packPath(repository, reply) + ".pack")));
    for (const auto& [oid, bytes] : contents) {
      CHECK_EQ(std::filesystem::exists(elsewhere.path() + "/.git/objects/" + oid.substr(0, 2) + "/" + oid.substr(2)), true);
      Oid parsed{};
      CHECK(parseOid(oid, parsed));
      CHECK(*said([&] { return handle->read(parsed, GIT_OBJECT_BLOB).data; }) == bytes);
    }
    CHECK_EQ(repository.git("fsck --full --strict --no-dangling 2>&1 | { grep -v '^notice:' || true; }"), "");
  }
}

TEST(delta_is_left_out_where_it_saves_little) {
  const std::string small(63, 'x'), text(1000, 'x');
  CHECK_EQ(deltaBetween(small, small), "");
  CHECK_EQ(deltaBetween("", text), "");
  CHECK_EQ(deltaBetween(text.substr(0, 400), text.substr(0, 400) + std::string(600, 'y')), "");
  CHECK(deltaBetween(text, text).size() < 10);
  CHECK(deltaBetween(text, text + "y").size() < 20);
}

// A directory whose entries all keep their length: each changed name is inserted, what lies between is copied.
TEST(delta_of_a_directory_with_several_changes_is_small) {
  std::mt19937 random(5);
  std::string tree = randomBytes(random, 4000);
  std::string next = tree;
  for (size_t at : {10, 1000, 2000, 3000, 3970}) next.replace(at, 20, 20, '#');
  CHECK(deltaBetween(tree, next).size() < 5 * 30 + 40);
}

TEST(delta_chains_of_directories_are_short_and_accepted_by_gc_and_repack) {
  const SessionRepository repository;
  const auto session = repository.open();
  const HandleLease handle = session->handle();
  std::vector<TreeEdit> files;
  for (int i = 0; i < 300; i++) {
    files.push_back({"folder" + std::to_string(i % 10) + "/file" + std::to_string(i), kModeFile, handle->write(GIT_OBJECT_BLOB, "0")});
  }
  Oid tree = editTree(*handle, kEmptyTreeOid, files, kNever);
  std::vector<Oid> parents;
  for (int i = 0; i < 130; i++) {
    const Oid blob = handle->write(GIT_OBJECT_BLOB, std::to_string(i));
    tree = editTree(*handle, tree, {{files[static_cast<size_t>(i)].path, kModeFile, blob}}, kNever);
    parents = {commit(*session, {tree, parents, kAda, kAda, "c"}, kNever).oid};
  }
  const FlushReply reply = said([&] { return flush(*session, {{{"refs/heads/main", parents[0], false, {}, {}}}}, kNever); });
  const Deltas deltas = deltasOf(repository, reply);
  CHECK_EQ(deltas.longest, size_t{40});
  CHECK(deltas.count > 2 * 130 - 20);
  const std::string listing = repository.git("ls-tree -r main");
  CHECK_EQ(repository.git("fsck --full --strict --no-dangling"), "");
  repository.git("index-pack --strict -o " + quoted(repository.folder().file("idx")) + " " + quoted(packPath(repository, reply) + ".pack"));
  CHECK(repository.folder().read("idx") == repository.folder().read("repository/.git/objects/pack/" + *reply.packName + ".idx"));
  repository.git("repack -q -adf");
  repository.git("gc --quiet --prune=now");
  CHECK_EQ(repository.git("ls-tree -r main"), listing);
  CHECK_EQ(repository.git("rev-list --count main"), "130");
}

// Two snapshots from one base that is in no pack of ours: the second grows from the first.
TEST(delta_finds_a_sibling_when_the_common_version_is_elsewhere) {
  const SessionRepository repository;
  std::string tree;
  for (int i = 0; i < 100; i++) repository.write("file" + std::to_string(i), std::to_string(i));
  const Oid base = repository.commit("base");
  const auto session = repository.open();
  const HandleLease handle = session->handle();
  const Oid baseTree = treeOfTreeish(*handle, base);
  RefUpdate update{"refs/coppice/r/anchor", std::nullopt, false, std::nullopt, std::nullopt};
  std::vector<Oid> snapshots;
  for (int i = 0; i < 10; i++) {
    const Oid edited = editTree(*handle, baseTree, {{"file" + std::to_string(i), kModeFile, handle->write(GIT_OBJECT_BLOB, "new")}}, kNever);
    snapshots.push_back(commit(*session, {edited, {base}, kAda, kAda, "s"}, kNever).oid);
  }
  update.newOid = commit(*session, {baseTree, snapshots, kAda, kAda, "anchor"}, kNever).oid;
  const FlushReply reply = said([&] { return flush(*session, {{update}}, kNever); });
  CHECK_EQ(deltasOf(repository, reply).count, size_t{9});
  CHECK_EQ(repository.git("fsck --full --strict --no-dangling"), "");
}
