// The patch of two trees against `git diff`, and its limit.
#include "git/tree.h"
#include "test/at_step.h"
#include "test/merge_fixture.h"

using namespace coppice;
using namespace coppice::test;

namespace {

const Cancel kNever;

DiffReply diffOf(Session& session, const std::string& oldOid, const std::string& newOid, uint32_t maxPatchBytes) {
  DiffRequest request;
  CHECK(parseOid(oldOid, request.oldTreeishOid) && parseOid(newOid, request.newTreeishOid));
  request.patch = true;
  request.maxPatchBytes = maxPatchBytes;
  return said([&] { return diff(session, request, kNever); });
}

// The tree of `level` folders in each other, each of which holds the next one twice: 2^level times the file `file`.
Oid treeOfMany(Handle& handle, const Oid& file, int level) {
  const auto entry = [](const char* name, uint32_t mode, const Oid& oid) {
    TreeEntry made;
    made.name = name;
    made.mode = mode;
    made.oid = oid;
    return made;
  };
  Oid oid = handle.write(GIT_OBJECT_TREE, serializeTree({entry("file", kModeFile, file)}));
  for (int i = 0; i < level; i++)
    oid = handle.write(GIT_OBJECT_TREE, serializeTree({entry("a", kModeTree, oid), entry("b", kModeTree, oid)}));
  return oid;
}

Oid noObject(unsigned char number) {
  Oid oid{};
  oid.id[19] = number;
  return oid;
}

}  // namespace

TEST(diff_equals_git) {
  const SessionRepository repository;
  repository.write("d/f.c", "int main(void)\n{\n" + lines(20) + "}\n");
  repository.write("gone", "1\n");
  repository.write("mode", "1\n");
  repository.write("kind", "1\n");
  repository.write("no-newline", "1");
  repository.write("binary", std::string("a\0b", 3));
  repository.write("crlf", "1\r\n2\r\n");
  repository.write("kept", "1\n");
  repository.write("like/a", "1\n");
  for (const char* name : {"li*", "like-a", "#like", "!like", " like ", "[l]ike", "like.txt", "like\\"}) repository.write(name, "1\n");
  const std::string oldOid = repository.commitAll("old");
  repository.write("d/f.c", "int main(void)\n{\n" + lines(20, {{12, "changed"}, {13, ""}}) + "}\n");
  repository.write("new \"name\"\t", "1\n");
  repository.write("no-newline", "2");
  repository.write("binary", std::string("a\0c", 3));
  repository.write("crlf", "1\r\n3\r\n");
  for (const char* name : {"li*", "#like", "!like", " like ", "[l]ike", "like\\"}) repository.write(name, "2\n");
  CHECK_EQ(runCommand(repository.path(), "rm gone kind && chmod +x mode && ln -s mode kind && rm -r like && echo 3 > like").code, 0);
  const std::string newOid = repository.commitAll("new");

  const auto session = repository.open();
  const DiffReply reply = diffOf(*session, oldOid, newOid, 1 << 20);
  CHECK_EQ(reply.patch.value(), repository.git("diff --no-renames " + oldOid + " " + newOid) + "\n");
  CHECK_EQ(reply.changes.size(), size_t{16});
  CHECK(!diffOf(*session, oldOid, newOid, 100).patch);
  CHECK_EQ(diffOf(*session, newOid, newOid, 100).patch.value(), "");
}

TEST(diff_with_a_gitlink_equals_git) {
  const SessionRepository repository;
  repository.write("file", "1\n");
  repository.git("add -A");
  repository.git("update-index --add --cacheinfo 160000,1234567890123456789012345678901234567890,'!module'");
  repository.git("commit -q -m old");
  const std::string oldOid = repository.git("rev-parse HEAD");
  repository.git("update-index --cacheinfo 160000,2234567890123456789012345678901234567890,'!module'");
  repository.git("commit -q -m new");
  const auto session = repository.open();
  const std::string newOid = repository.git("rev-parse HEAD");
  CHECK_EQ(diffOf(*session, oldOid, newOid, 1 << 20).patch.value(),
           repository.git("diff " + oldOid + " " + newOid) + "\n");
}

// None of the blobs is there: had libgit2 been asked for the patch, it would have said so.
TEST(diff_that_must_be_too_large_is_not_begun) {
  const SessionRepository repository;
  const auto session = repository.open();
  const HandleLease handle = session->handle();
  const std::string few = toHex(treeOfMany(*handle, noObject(1), 10)), others = toHex(treeOfMany(*handle, noObject(2), 10));
  const DiffReply reply = diffOf(*session, few, others, 1 << 14);
  CHECK_EQ(reply.changes.size(), size_t{1024});
  CHECK(!reply.patch);
  CHECK_EQ(diffOf(*session, few, few, 0).patch.value(), "");
}

TEST(diff_is_cancelled_while_libgit2_compares) {
  const SessionRepository repository;
  const auto session = repository.open();
  const HandleLease handle = session->handle();
  Cancel cancel;
  DiffRequest request{treeOfMany(*handle, noObject(1), 5), treeOfMany(*handle, noObject(2), 5), true, 1 << 20};
  const AtStep step("diff.compared", [&] { cancel.set(); });
  CHECK_EQ(failureCode([&] { diff(*session, request, cancel); }), "CANCELLED");
}
