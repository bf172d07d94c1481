#include "repository_check.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <vector>

#include "failure.h"
#include "index_file.h"
#include "owned.h"
#include "safe_path.h"

namespace coppice {

namespace {

constexpr const char* kOperation = "session.open";
// Ten times what a repository with thousands of branches and remotes has.
constexpr size_t kMaxConfigurationBytes = 4 << 20;
constexpr size_t kMaxConfigurationLines = 200'000;

std::string realPath(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> resolved(::realpath(path.c_str(), nullptr), &std::free);
  if (!resolved) failSystem(kOperation, path);
  return resolved.get();
}

// Git's own rule: one line, relative to the git directory.
std::string commonDirectoryOf(const std::string& gitDirectory) {
  std::ifstream stream(gitDirectory + "/commondir", std::ios::binary);
  std::string line;
  if (!stream || !std::getline(stream, line) || line.empty()) return gitDirectory;
  return realPath(line[0] == '/' ? line : gitDirectory + "/" + line);
}

[[noreturn]] void unsupported(const RepositoryPaths& paths, const std::string& what) {
  fail(failure_code::kUnsupportedRepository, kOperation, what, paths.gitDirectory);
}

std::optional<std::string> stringOf(git_config* config, const char* name) {
  OwnedBuffer value;
  const int result = git_config_get_string_buf(value.get(), config, name);
  if (result == GIT_ENOTFOUND) return std::nullopt;
  check(result, kOperation, name);
  return std::string(value.data(), value.size());
}

bool isTrue(git_config* config, const char* name) {
  int value = 0;
  const int result = git_config_get_bool(&value, config, name);
  if (result == GIT_ENOTFOUND) return false;
  // Not a boolean: git itself dies on it. Here it only decides what is refused.
  return result < 0 || value != 0;
}

bool knownExtension(const std::string& name) {
  static const std::array<const char*, 7> known = {"noop",        "noop-v1",         "objectformat",    "worktreeconfig",
                                                   "refstorage",  "preciousobjects", "relativeworktrees"};
  return std::any_of(known.begin(), known.end(), [&](const char* each) { return name == each; });
}

// Names of all variables that match: the entries are only valid during the walk.
std::vector<std::pair<std::string, std::string>> entriesLike(git_config* config, const char* pattern) {
  struct Free {
    void operator()(git_config_iterator* iterator) const noexcept { git_config_iterator_free(iterator); }
  };
  std::unique_ptr<git_config_iterator, Free> iterator;
  check(git_config_iterator_glob_new(out(iterator), config, pattern), kOperation);
  std::vector<std::pair<std::string, std::string>> entries;
  git_config_entry* entry = nullptr;
  int result = 0;
  while ((result = git_config_next(&entry, iterator.get())) == 0) {
    entries.emplace_back(entry->name, entry->value ? entry->value : "");
  }
  if (result != GIT_ITEROVER) check(result, kOperation);
  return entries;
}

void refuseFormat(const RepositoryPaths& paths, git_config* config) {
  int32_t version = 0;
  const int result = git_config_get_int32(&version, config, "core.repositoryformatversion");
  if (result != GIT_ENOTFOUND) check(result, kOperation, "core.repositoryformatversion");
  if (version > 1) unsupported(paths, "repository format version " + std::to_string(version) + " is not supported");
  const auto format = stringOf(config, "extensions.objectformat");
  if (format && *format != "sha1") unsupported(paths, "repositories with " + *format + " object names (SHA-256) are not supported");
  const auto refs = stringOf(config, "extensions.refstorage");
  if (refs && *refs != "files") unsupported(paths, "repositories with " + *refs + " refs are not supported");
  if (stringOf(config, "extensions.partialclone")) unsupported(paths, "partial clones (extensions.partialClone) are not supported");
  if (version < 1) return;  // git ignores the other extensions there
  for (const auto& [name, value] : entriesLike(config, "^extensions\\.")) {
    const std::string extension = name.substr(name.find('.') + 1);
    if (!knownExtension(extension)) unsupported(paths, "the repository extension \"" + extension + "\" is not supported");
  }
}

// libgit2 keeps some three hundred bytes of each line, once for every handle, whatever the lines are: a file that is no configuration any
// more would take minutes and gigabytes.
void refuseLargeConfiguration(const RepositoryPaths& paths) {
  for (const std::string& file : {paths.commonDirectory + "/config", paths.gitDirectory + "/config.worktree"}) {
    struct stat status;
    if (::stat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;  // whoever reads it says so
    if (static_cast<uint64_t>(status.st_size) > kMaxConfigurationBytes) {
      unsupported(paths, "its configuration has more than " + std::to_string(kMaxConfigurationBytes >> 20) +
                             " MiB; look what 'git config --file " + file + " --list' says");
    }
    const auto text = readSmallFile(file, kMaxConfigurationBytes);
    if (text && static_cast<size_t>(std::count(text->begin(), text->end(), '\n')) > kMaxConfigurationLines) {
      unsupported(paths, "its configuration has more than " + std::to_string(kMaxConfigurationLines) +
                             " lines; look what 'git config --file " + file + " --list' says");
    }
  }
}

// A promisor remote makes every missing object legal, and this library cannot fetch one.
void refusePartialClone(const RepositoryPaths& paths, git_config* config) {
  for (const auto& [name, value] : entriesLike(config, "^remote\\..*\\.(promisor|partialclonefilter)$")) {
    if (value == "false" || value == "0" || value == "no" || value == "off") continue;
    unsupported(paths, "partial clones (" + name + ") are not supported");
  }
}

// The configuration can be clean while an index is not: git converts an index when it next writes it. Reading refuses both
// kinds by name.
void refuseIndexFiles(const RepositoryPaths& paths) {
  IndexFile::read(paths.gitDirectory + "/index");
  if (paths.commonDirectory != paths.gitDirectory) IndexFile::read(paths.commonDirectory + "/index");
}

}  // namespace

RepositoryPaths discoverRepository(const std::string& path) {
  OwnedBuffer found;
  const int result = git_repository_discover(found.get(), path.c_str(), 0, nullptr);
  if (result == GIT_ENOTFOUND) {
    fail(failure_code::kNotARepository, kOperation, "there is no git repository at or above this path", path);
  }
  check(result, kOperation, path);
  RepositoryPaths paths;
  paths.gitDirectory = realPath(std::string(found.data(), found.size()));
  paths.commonDirectory = commonDirectoryOf(paths.gitDirectory);
  return paths;
}

void refuseIndexConfiguration(const RepositoryPaths& paths, git_config* config) {
  if (isTrue(config, "core.splitindex")) unsupported(paths, "a split index (core.splitIndex) is not supported");
  if (isTrue(config, "index.sparse") && isTrue(config, "core.sparsecheckout")) {
    unsupported(paths, "a sparse index (index.sparse) is not supported; run: git sparse-checkout init --no-sparse-index");
  }
}

void refuseUnsupported(const RepositoryPaths& paths) {
  refuseLargeConfiguration(paths);
  OwnedConfig config;
  check(git_config_new(out(config)), kOperation);
  const std::string file = paths.commonDirectory + "/config";
  const int result = git_config_add_file_ondisk(config.get(), file.c_str(), GIT_CONFIG_LEVEL_LOCAL, nullptr, 0);
  if (result != GIT_ENOTFOUND) check(result, kOperation, file);
  refuseFormat(paths, config.get());
  refusePartialClone(paths, config.get());
  refuseIndexFiles(paths);
}

}  // namespace coppice
