// See merge_fixture.h.
#include "test/merge_fixture.h"

namespace coppice::test {
namespace {
const Cancel kNever;
}

Oid MergeFixture::tree(const TestFiles& files) {
  const HandleLease handle = session->handle();
  std::vector<TreeEdit> edits;
  for (const auto& [path, file] : files) {
    Oid oid = hashObject(GIT_OBJECT_BLOB, file.content);
    if (file.mode != kModeGitlink) oid = handle->write(GIT_OBJECT_BLOB, file.content);
    edits.push_back({path, file.mode, oid});
  }
  return editTree(*handle, kEmptyTreeOid, std::move(edits), kNever);
}

MergeReply MergeFixture::merge(const TestFiles& base, const TestFiles& ours, const TestFiles& theirs) {
  MergeRequest request;
  request.baseOid = tree(base);
  request.oursOid = tree(ours);
  request.theirsOid = tree(theirs);
  request.oursLabel = "target";
  request.theirsLabel = "effect";
  request.content = content;
  return said([&] { return coppice::merge(*session, request, kNever); });
}

Conflict MergeFixture::conflict(const TestFiles& base, const TestFiles& ours, const TestFiles& theirs) {
  const MergeReply reply = merge(base, ours, theirs);
  std::string found;
  for (const Conflict& conflict : reply.conflicts) found += conflict.path + " " + conflict.kind + "; ";
  if (reply.conflicts.size() != 1) throw CheckFailed("not one conflict: " + found);
  CHECK(content || !reply.treeOid);
  CHECK(reply.changes.empty());
  return reply.conflicts[0];
}

void MergeFixture::expectFiles(const MergeReply& reply, const TestFiles& files) {
  for (const Conflict& conflict : reply.conflicts) throw CheckFailed(conflict.kind + " at " + conflict.path);
  CHECK_EQ(toHex(reply.treeOid.value()), toHex(tree(files)));
}

std::string MergeFixture::text(const Oid& treeOid, const std::string& path) {
  const HandleLease handle = session->handle();
  for (const TreeFile& file : listTree(*handle, treeOid, kNever)) {
    if (file.path == path) return *handle->read(file.oid).data;
  }
  throw CheckFailed("not in the tree: " + path);
}

std::string lines(int count, const std::map<int, std::string>& replaced) {
  std::string text;
  for (int line = 1; line <= count; line++) {
    const auto found = replaced.find(line);
    text += (found == replaced.end() ? "line " + std::to_string(line) : found->second) + "\n";
  }
  return text;
}

}  // namespace coppice::test
