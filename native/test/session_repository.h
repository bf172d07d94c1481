// A test repository with the session's types: oids instead of text, and Failures that say in a failed test what they were.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include "git/failure.h"
#include "git/session.h"
#include "test/git_repository.h"

namespace coppice::test {

class SessionRepository : public GitRepository {
 public:
  // `git init` with more options, e.g. "--bare".
  explicit SessionRepository(const std::string& initOptions = "");

  // As GitRepository::git; `input` goes to its standard input.
  std::string git(const std::string& arguments, const std::string& input) const;
  using GitRepository::git;
  bool gitSucceeds(const std::string& arguments) const { return tryGit(arguments).code == 0; }

  Oid oid(const std::string& revision) const;
  Oid commit(const std::string& message) const;  // everything that is there
  std::shared_ptr<Session> open(uint32_t threads = 2) const;
  // What dead processes have left in the way of git goes, as a recovery begins.
  void clearUp() const;
};

// Runs `body`; a Failure becomes an exception that the test program prints.
template <class Body>
auto said(Body body) -> decltype(body()) {
  try {
    return body();
  } catch (const Failure& failure) {
    throw std::runtime_error(failure.code + " in " + failure.operation + ": " + failure.message + " " + failure.path);
  }
}

}  // namespace coppice::test
