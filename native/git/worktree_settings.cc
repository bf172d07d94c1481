#include "worktree_settings.h"

#include "configuration.h"
#include "failure.h"
#include "owned.h"

namespace coppice {

namespace {

constexpr const char* kOperation = "worktree.readSettings";

bool readBool(git_config* config, const char* name, bool otherwise) {
  int value = 0;
  const int result = git_config_get_bool(&value, config, name);
  if (result == GIT_ENOTFOUND) return otherwise;
  check(result, kOperation, name);
  return value != 0;
}

// The folder that libgit2 reads as git's XDG one, so that tests and hosts steer both by one setting.
std::string defaultExcludesFile() {
  OwnedBuffer folders;
  check(git_libgit2_opts(GIT_OPT_GET_SEARCH_PATH, GIT_CONFIG_LEVEL_XDG, folders.get()), kOperation);
  const std::string list(folders.data(), folders.size());
  const std::string first = list.substr(0, list.find(GIT_PATH_LIST_SEPARATOR));
  return first.empty() ? first : first + "/ignore";
}

std::string readExcludesFile(git_config* config, const char* workingDirectory) {
  OwnedBuffer path;
  const int result = git_config_get_path(path.get(), config, "core.excludesfile");
  if (result == GIT_ENOTFOUND) return defaultExcludesFile();
  check(result, kOperation, "core.excludesFile");
  const std::string found(path.data(), path.size());
  if (found.empty() || found[0] == '/' || workingDirectory == nullptr) return found;
  return workingDirectory + found;  // ends with a slash
}

}  // namespace

WorktreeSettings WorktreeSettings::read(Session& session, const std::string& gitDirectory) {
  OwnedRepository repository;
  check(git_repository_open_ext(out(repository), gitDirectory.c_str(), GIT_REPOSITORY_OPEN_NO_SEARCH, nullptr),
        kOperation, gitDirectory);
  useConfigurationOfEnvironment(repository.get());
  OwnedConfig config;
  check(git_repository_config_snapshot(out(config), repository.get()), kOperation, gitDirectory);
  WorktreeSettings settings;
  settings.fileMode = readBool(config.get(), "core.filemode", true);
  settings.symlinks = readBool(config.get(), "core.symlinks", true);
  settings.ignoreCase = readBool(config.get(), "core.ignorecase", false);
  settings.excludesFile = readExcludesFile(config.get(), git_repository_workdir(repository.get()));
  settings.infoExclude = session.commonDirectory() + "/info/exclude";
  return settings;
}

}  // namespace coppice
