// Loose objects from strangers: whatever is wrong with one, reading it ends, and says so.
#include "git/loose_object.h"

#include <filesystem>
#include <random>

#include "git/deflater.h"
#include "git/operations.h"
#include "test/session_repository.h"

using namespace coppice;
using namespace coppice::test;

namespace {

std::string compressed(const std::string& bytes) {
  std::string out;
  Deflater(6).compress(bytes, Cancel(), [&](std::string_view piece) { out.append(piece); });
  return out;
}

// The code with which an object of these file bytes is refused, through all that a session reads with.
std::string codeOf(const SessionRepository& repository, const std::string& fileBytes, const Oid& oid) {
  const std::string hex = toHex(oid);
  const std::string name = ".git/objects/" + hex.substr(0, 2) + "/" + hex.substr(2);
  std::filesystem::remove(repository.path() + "/" + name);
  repository.write(name, fileBytes);
  const auto session = repository.open();
  const HandleLease handle = session->handle();
  size_t size = 0;
  git_object_t type;
  const std::string code = failureCode([&] { handle->read(oid); });
  CHECK_EQ(failureCode([&] { check(git_odb_read_header(&size, &type, handle->odb(), &oid), "test"); }), code);
  return code;
}

}  // namespace

TEST(loose_objects_of_git_are_read) {
  const SessionRepository repository;
  repository.write("empty", "");
  repository.write("large", std::string(3000000, 'x'));
  std::mt19937 random(5);
  std::string noise(2000000, '\0');
  for (char& byte : noise) byte = static_cast<char>(random());
  repository.write("noise", noise);
  const Oid oid = repository.commit("first");
  const auto session = repository.open();
  const HandleLease handle = session->handle();
  CHECK(said([&] { return handle->read(oid).type; }) == GIT_OBJECT_COMMIT);
  CHECK_EQ(said([&] { return handle->read(repository.oid("HEAD:empty")).data->size(); }), size_t{0});
  CHECK_EQ(said([&] { return handle->read(repository.oid("HEAD:large")).data->size(); }), size_t{3000000});
  CHECK(*said([&] { return handle->read(repository.oid("HEAD:noise")).data; }) == noise);
}

TEST(loose_objects_that_are_wrong_are_refused_and_never_read_for_ever) {
  const SessionRepository repository;
  const std::string content(5000, 'y');
  const Oid oid = hashObject(GIT_OBJECT_BLOB, content);
  const std::string header = "blob 5000" + std::string(1, '\0');
  const std::string good = compressed(header + content);
  CHECK_EQ(codeOf(repository, good, oid), "");
  for (size_t size = 0; size < good.size(); size++) CHECK_EQ(codeOf(repository, good.substr(0, size), oid), failure_code::kCorrupt);
  const auto wrong = [&](const std::string& bytes) { CHECK_EQ(codeOf(repository, bytes, oid), failure_code::kCorrupt); };
  wrong(good + "x");
  wrong(compressed(header + content + "more"));
  wrong(compressed(header + content.substr(1)));
  wrong(compressed("blob 9999999999" + std::string(1, '\0') + content));
  wrong(compressed("blob 99999999999999999999999999999" + std::string(1, '\0') + content));
  wrong(compressed("blob -1" + std::string(1, '\0') + content));
  wrong(compressed("blob " + std::string(1, '\0') + content));
  wrong(compressed("blob5000" + std::string(1, '\0') + content));
  wrong(compressed("blub 5000" + std::string(1, '\0') + content));
  wrong(compressed("ofs-delta 5000" + std::string(1, '\0') + content));
  wrong(compressed(content));
  wrong(compressed("tree 5000" + std::string(1, '\0') + content));
  wrong(compressed(header + std::string(5000, 'z')));
  wrong(std::string(100, '\0'));
  std::string flipped = good;
  flipped[good.size() / 2] = static_cast<char>(flipped[good.size() / 2] ^ 0x10);
  wrong(flipped);
}

TEST(loose_objects_of_alternates_are_read) {
  const SessionRepository origin;
  origin.write("a", "from the alternate");
  const Oid loose = origin.commit("first");
  const SessionRepository repository;
  repository.write(".git/objects/info/alternates", "# comment\n/nowhere/at/all\n" + origin.path() + "/.git/objects\n");
  const auto session = repository.open();
  const HandleLease handle = session->handle();
  CHECK(said([&] { return handle->read(loose).type; }) == GIT_OBJECT_COMMIT);
  origin.git("repack -q -a -d");
  const HandleLease other = session->handle();
  CHECK_EQ(*said([&] { return other->read(origin.oid("HEAD:a")).data; }), "from the alternate");
  // A circle of alternates ends.
  origin.write(".git/objects/info/alternates", "../../../repository/.git/objects\n" + repository.path() + "/.git/objects\n");
  CHECK(said([&] { return repository.open()->handle()->read(loose).type; }) == GIT_OBJECT_COMMIT);
}
