// A process dies at each instant of its flushes in turn; then another one opens the repository. Every ref that is there names objects
// that are there, and nothing of what was not finished is left.
#include "git/flush.h"

#include "git/operations.h"
#include "test/death.h"
#include "test/session_repository.h"

namespace coppice::test {
namespace {

constexpr int kMaxSteps = 300;
const Cancel kNever;
const Person kAda{"Ada", "ada@example.org", 1700000000, 0};

void commitTo(Session& session, const std::string& refName, const std::string& content) {
  said([&] {
    const Oid tree = editTextTree(session, {std::nullopt, {{"folder/file", content}}}, kNever).oid;
    const Oid made = commit(session, {tree, {}, kAda, kAda, "A commit"}, kNever).oid;
    return flush(session, {{{refName, made, false, std::nullopt, std::nullopt}}}, kNever);
  });
}

void work(const SessionRepository& repository) {
  const auto session = repository.open();
  commitTo(*session, "refs/coppice/run/one", "one\n");
  commitTo(*session, "refs/coppice/run/two", "two\n");
  commitTo(*session, "refs/coppice/run/one", "another one\n");
  said([&] { return flush(*session, {{{"refs/coppice/run/two", std::nullopt, false, std::nullopt, std::nullopt}}}, kNever); });
}

}  // namespace

TEST(flush_that_died_anywhere_leaves_nothing_unfinished) {
  for (int step = 0; step < kMaxSteps; step++) {
    const SessionRepository repository;
    const bool died = diesAt({"", step}, [&] { work(repository); });
    repository.clearUp();
    const std::string at = "dead at step " + std::to_string(step) + ": ";
    repository.git("fsck --full --strict --no-dangling");
    const CommandResult left = runCommand(
        repository.path() + "/.git", "find . -name '*.lock' -o -name '*.keep' -o -name 'tmp_*'; find . -path './coppice/locks/*'; "
                                     "for pack in objects/pack/*.pack; do test ! -f $pack -o -f ${pack%pack}idx || echo $pack; done");
    CHECK_EQ(at + left.output, at);
    if (!died) return;
  }
  CHECK(false);
}

}  // namespace coppice::test
