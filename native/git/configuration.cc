#include "configuration.h"

#include <git2/sys/errors.h>
#include <git2/sys/repository.h>

#include <cstdlib>
#include <optional>
#include <string>

#include "failure.h"
#include "lasting.h"
#include "owned.h"

namespace coppice {

namespace {

constexpr const char* kOperation = "readConfiguration";

struct Environment {
  std::optional<std::string> global, system;
  bool noSystem = false;

  bool saysSomething() const { return global || system || noSystem; }

  static Environment read() {
    Environment environment;
    if (const char* path = std::getenv("GIT_CONFIG_GLOBAL")) environment.global = path;
    if (const char* path = std::getenv("GIT_CONFIG_SYSTEM")) environment.system = path;
    const char* noSystem = std::getenv("GIT_CONFIG_NOSYSTEM");
    int value = 0;
    environment.noSystem = noSystem != nullptr && git_config_parse_bool(&value, noSystem) == 0 && value != 0;
    git_error_clear();
    return environment;
  }
};

void addFile(git_config* config, const std::string& path, git_config_level_t level, git_repository* repository) {
  const int result = git_config_add_file_ondisk(config, path.c_str(), level, repository, 0);
  if (result != GIT_ENOTFOUND) check(result, kOperation, path);
}

// Where libgit2 finds a file of this level, if it does.
void addFound(git_config* config, int (*find)(git_buf*), git_config_level_t level, git_repository* repository) {
  OwnedBuffer path;
  if (find(path.get()) == 0) addFile(config, std::string(path.data(), path.size()), level, repository);
  git_error_clear();
}

bool hasWorktreeConfiguration(git_config* config) {
  int value = 0;
  return git_config_get_bool(&value, config, "extensions.worktreeconfig") == 0 && value != 0;
}

}  // namespace

void useConfigurationOfEnvironment(git_repository* repository) {
  static const Lasting<Environment> environment(Environment::read());
  if (!environment->saysSomething()) return;
  OwnedConfig config;
  check(git_config_new(out(config)), kOperation);
  addFile(config.get(), std::string(git_repository_commondir(repository)) + "config", GIT_CONFIG_LEVEL_LOCAL, repository);
  if (hasWorktreeConfiguration(config.get())) {
    addFile(config.get(), std::string(git_repository_path(repository)) + "config.worktree", GIT_CONFIG_LEVEL_WORKTREE, repository);
  }
  if (environment->global) {
    if (!environment->global->empty()) addFile(config.get(), *environment->global, GIT_CONFIG_LEVEL_GLOBAL, repository);
  } else {
    addFound(config.get(), git_config_find_global, GIT_CONFIG_LEVEL_GLOBAL, repository);
    addFound(config.get(), git_config_find_xdg, GIT_CONFIG_LEVEL_XDG, repository);
  }
  if (!environment->noSystem) {
    if (environment->system) {
      addFile(config.get(), *environment->system, GIT_CONFIG_LEVEL_SYSTEM, repository);
    } else {
      addFound(config.get(), git_config_find_system, GIT_CONFIG_LEVEL_SYSTEM, repository);
    }
  }
  check(git_repository_set_config(repository, config.get()), kOperation);
}

OwnedConfig configurationOf(const std::string& gitDirectory) {
  OwnedRepository repository;
  check(git_repository_open_ext(out(repository), gitDirectory.c_str(),
                                GIT_REPOSITORY_OPEN_NO_SEARCH | GIT_REPOSITORY_OPEN_NO_DOTGIT, nullptr),
        kOperation, gitDirectory);
  useConfigurationOfEnvironment(repository.get());
  OwnedConfig config;
  check(git_repository_config_snapshot(out(config), repository.get()), kOperation, gitDirectory);
  return config;
}

}  // namespace coppice
