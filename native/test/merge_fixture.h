// Three trees for a merge test, made in the session's store from a few files: no commits, no processes.
#pragma once

#include <map>
#include <string>

#include "git/operations.h"
#include "test/session_repository.h"

namespace coppice::test {

struct TestFile {
  std::string content;
  uint32_t mode = kModeFile;

  TestFile(const char* text, uint32_t fileMode = kModeFile) : content(text), mode(fileMode) {}
  TestFile(std::string text, uint32_t fileMode = kModeFile) : content(std::move(text)), mode(fileMode) {}
};
using TestFiles = std::map<std::string, TestFile>;

class MergeFixture {
 public:
  SessionRepository repository;
  std::shared_ptr<Session> session = repository.open();
  bool content = false;

  Oid tree(const TestFiles& files);
  MergeReply merge(const TestFiles& base, const TestFiles& ours, const TestFiles& theirs);
  // The one conflict of a merge; fails when there is another number.
  Conflict conflict(const TestFiles& base, const TestFiles& ours, const TestFiles& theirs);
  // Fails when the merge is not clean, or is not exactly these files.
  void expectFiles(const MergeReply& reply, const TestFiles& files);
  std::string text(const Oid& treeOid, const std::string& path);
};

// "1\n2\n...\n<count>\n" with some lines replaced.
std::string lines(int count, const std::map<int, std::string>& replaced = {});

}  // namespace coppice::test
