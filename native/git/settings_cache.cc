#include "settings_cache.h"

#include <git2.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <map>
#include <mutex>
#include <vector>

#include "configuration.h"
#include "failure.h"
#include "file_mark.h"
#include "lasting.h"
#include "owned.h"

namespace coppice {

namespace {

constexpr const char* kOperation = "worktree.readSettings";
constexpr size_t kMaxKept = 256;
// A file that has just changed may change again without its times showing it.
constexpr time_t kRestSeconds = 2;

using Marks = std::vector<std::optional<FileMark>>;

struct Kept {
  std::vector<std::string> files;
  Marks marks;
  std::shared_ptr<const FileSettings> settings;
};

struct Cache {
  std::mutex mutex;
  std::map<std::string, Kept> kept;  // by the git directory
};

Cache& cache() {
  static Lasting<Cache> cache;
  return *cache;
}

void addFolders(std::vector<std::string>& files, git_config_level_t level, const char* name) {
  OwnedBuffer folders;
  check(git_libgit2_opts(GIT_OPT_GET_SEARCH_PATH, level, folders.get()), kOperation);
  const std::string text(folders.data(), folders.size());
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find(GIT_PATH_LIST_SEPARATOR, start), text.size());
    if (end > start) files.push_back(text.substr(start, end - start) + name);
    start = end + 1;
  }
}

// Whether they are there or not.
std::vector<std::string> filesThatCount(const Session& session, const std::string& gitDirectory) {
  std::vector<std::string> files{session.commonDirectory() + "/config", gitDirectory + "/config.worktree",
                                 gitDirectory + "/commondir", gitDirectory + "/gitdir"};
  for (const char* name : {"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"})
    if (const char* path = std::getenv(name)) files.emplace_back(path);
  addFolders(files, GIT_CONFIG_LEVEL_PROGRAMDATA, "/config");
  addFolders(files, GIT_CONFIG_LEVEL_SYSTEM, "/gitconfig");
  addFolders(files, GIT_CONFIG_LEVEL_XDG, "/config");
  addFolders(files, GIT_CONFIG_LEVEL_GLOBAL, "/.gitconfig");
  return files;
}

Marks marksOf(const std::vector<std::string>& files) {
  Marks marks;
  for (const std::string& file : files)
    marks.push_back(FileMark::of(file, true));
  return marks;
}

bool rested(const Marks& marks) {
  const time_t now = std::time(nullptr);
  return std::all_of(marks.begin(), marks.end(), [&](const std::optional<FileMark>& mark) {
    return !mark || mark->changed.tv_sec + kRestSeconds < now;
  });
}

int stopAtEntry(const git_config_entry*, void*) noexcept {
  return GIT_EUSER;
}

// What is included may change without any of the files above showing it.
bool includesOthers(const std::string& gitDirectory) {
  const OwnedConfig config = configurationOf(gitDirectory);
  return git_config_foreach_match(config.get(), "^include", stopAtEntry, nullptr) != 0;
}

}  // namespace

std::shared_ptr<const FileSettings> fileSettings(Session& session, const std::string& gitDirectory) {
  const std::vector<std::string> files = filesThatCount(session, gitDirectory);
  // Before reading: what changes meanwhile shows next time.
  Marks marks = marksOf(files);
  {
    std::lock_guard<std::mutex> lock(cache().mutex);
    const auto found = cache().kept.find(gitDirectory);
    if (found != cache().kept.end() && found->second.files == files && found->second.marks == marks)
      return found->second.settings;
  }
  const auto settings = std::make_shared<const FileSettings>(
      FileSettings{WorktreeSettings::read(session, gitDirectory), ConversionSettings::read(gitDirectory)});
  if (!rested(marks) || includesOthers(gitDirectory)) return settings;
  std::lock_guard<std::mutex> lock(cache().mutex);
  if (cache().kept.size() >= kMaxKept) cache().kept.clear();
  cache().kept[gitDirectory] = {files, std::move(marks), settings};
  return settings;
}

}  // namespace coppice
