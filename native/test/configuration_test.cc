// The configuration files that the environment names count as they do for git.
#include <cstdlib>
#include <filesystem>

#include "test/session_repository.h"

using namespace coppice;
using namespace coppice::test;

namespace {

// The environment counts as it was when a process began, so each case is a process of its own: this program, running the test
// below alone. Its output is what that test printed.
std::string nameSeenBy(const SessionRepository& repository, const std::string& environment) {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  const CommandResult result = runCommand(
      repository.path(), "env -u GIT_CONFIG_NOSYSTEM -u GIT_CONFIG_GLOBAL -u GIT_CONFIG_SYSTEM COPPICE_TEST_REPOSITORY=" +
                             quoted(repository.path()) + " " + environment + " " + quoted(self) + " configuration_print");
  return result.output.substr(0, result.output.find('\n'));
}

}  // namespace

TEST(configuration_print) {
  const char* path = std::getenv("COPPICE_TEST_REPOSITORY");
  if (path == nullptr) return;
  const RepositoryDescription description = said([&] { return Session::open({path, 1}, Cancel())->describe(); });
  std::printf("%s\n", description.userName.value_or("nobody").c_str());
}

TEST(configuration_follows_the_environment_as_git_does) {
  const SessionRepository repository;
  repository.folder().write("global", "[user]\n\tname = Global\n");
  repository.folder().write("system", "[user]\n\tname = System\n");
  const std::string global = "GIT_CONFIG_GLOBAL=" + quoted(repository.folder().file("global"));
  const std::string system = "GIT_CONFIG_SYSTEM=" + quoted(repository.folder().file("system"));
  CHECK_EQ(nameSeenBy(repository, global), "Global");
  CHECK_EQ(nameSeenBy(repository, system), "System");
  CHECK_EQ(nameSeenBy(repository, global + " " + system), "Global");
  CHECK_EQ(nameSeenBy(repository, system + " GIT_CONFIG_NOSYSTEM=1"), "nobody");
  CHECK_EQ(nameSeenBy(repository, "GIT_CONFIG_GLOBAL=/dev/null"), "nobody");
  CHECK_EQ(nameSeenBy(repository, "A=1"), "nobody");
  repository.git("config user.name Local");
  CHECK_EQ(nameSeenBy(repository, global + " " + system), "Local");
  repository.git("config extensions.worktreeConfig true");
  repository.git("config --worktree user.name Worktree");
  CHECK_EQ(nameSeenBy(repository, global), "Worktree");
}

TEST(configuration_of_the_user_that_splits_every_index_is_refused) {
  const SessionRepository repository;
  repository.folder().write("global", "[core]\n\tsplitIndex = true\n[user]\n\tname = Global\n");
  const std::string said = nameSeenBy(repository, "GIT_CONFIG_GLOBAL=" + quoted(repository.folder().file("global")));
  CHECK_EQ(said, "FAILED configuration_print");
}
