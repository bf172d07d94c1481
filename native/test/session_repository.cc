#include "test/session_repository.h"

#include "git/operations.h"

namespace coppice::test {

SessionRepository::SessionRepository(const std::string& initOptions) {
  if (initOptions.empty()) return;
  std::filesystem::remove_all(path());
  gitIn(folder().path().string(), "init -q -b main " + initOptions + " repository");
}

std::string SessionRepository::git(const std::string& arguments, const std::string& input) const {
  folder().write("input", input);
  return git(arguments + " <" + quoted(folder().file("input")));
}

Oid SessionRepository::oid(const std::string& revision) const {
  Oid oid{};
  if (!parseOid(git("rev-parse --verify " + quoted(revision)), oid)) throw std::runtime_error("no oid: " + revision);
  return oid;
}

Oid SessionRepository::commit(const std::string& message) const {
  commitAll(message);
  return oid("HEAD");
}

std::shared_ptr<Session> SessionRepository::open(uint32_t threads) const {
  return said([&] { return Session::open({path(), threads}, Cancel()); });
}

void SessionRepository::clearUp() const {
  const auto session = open();
  said([&] { return coppice::clearUp(*session, {false}, Cancel()); });
}

}  // namespace coppice::test
