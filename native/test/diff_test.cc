// The patch of two trees against `git diff`, and its limit.
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
  const std::string oldOid = repository.commitAll("old");
  repository.write("d/f.c", "int main(void)\n{\n" + lines(20, {{12, "changed"}, {13, ""}}) + "}\n");
  repository.write("new \"name\"\t", "1\n");
  repository.write("no-newline", "2");
  repository.write("binary", std::string("a\0c", 3));
  repository.write("crlf", "1\r\n3\r\n");
  CHECK_EQ(runCommand(repository.path(), "rm gone kind && chmod +x mode && ln -s mode kind").code, 0);
  const std::string newOid = repository.commitAll("new");

  const auto session = repository.open();
  const DiffReply reply = diffOf(*session, oldOid, newOid, 1 << 20);
  CHECK_EQ(reply.patch.value(), repository.git("diff --no-renames " + oldOid + " " + newOid) + "\n");
  CHECK_EQ(reply.changes.size(), size_t{8});
  CHECK(!diffOf(*session, oldOid, newOid, 100).patch);
  CHECK_EQ(diffOf(*session, newOid, newOid, 100).patch.value(), "");
}
