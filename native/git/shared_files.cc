// Reads the files of a git directory that all its worktrees have in common and that decide what git does: configuration, hooks,
// info, alternates. A look at their marks (a stat each) comes first; they are read only when one has changed, or so lately that
// another change might not show. What a configuration includes and where core.hooksPath leads is not read: those are names.
#include <fcntl.h>
#include <git2/sys/config.h>
#include <git2/sys/errors.h>
#include <limits.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "checksum.h"
#include "failure.h"
#include "operations.h"
#include "owned.h"
#include "safe_path.h"

namespace coppice {
namespace {

constexpr const char* kOperation = "sharedFiles";
constexpr size_t kMaxFileBytes = 4u << 20;
constexpr size_t kMaxBytes = 16u << 20;
constexpr size_t kMaxDepth = 4;
constexpr size_t kMaxHooks = 1000;
// A file that has just changed may change again without its times showing it.
constexpr time_t kRestSeconds = 2;

// A name that is looked at, and what lies there.
struct Place {
  std::string path;
  const char* place;
  struct stat status;
};

struct Look {
  std::vector<Place> places;
  std::set<std::string> paths;
  std::vector<std::string> workingTrees;  // with a final slash
  std::string common;                     // likewise
  size_t hooks = 0;
  bool cut = false;  // hooks/ has more than is read
};

const timespec& changedAt(const struct stat& status) {
#ifdef __APPLE__
  return status.st_ctimespec;
#else
  return status.st_ctim;
#endif
}

const timespec& modifiedAt(const struct stat& status) {
#ifdef __APPLE__
  return status.st_mtimespec;
#else
  return status.st_mtim;
#endif
}

bool startsWith(const std::string& text, const std::string& prefix) { return text.compare(0, prefix.size(), prefix) == 0; }

// What lies in a working tree is reviewed and landed like any file: a link into one counts by its text alone, or else an effect
// that lands a new version of a hook would stop all that come after it.
bool isWorkingFile(const Look& look, const std::string& path) {
  if (startsWith(path, look.common)) return false;
  for (const std::string& tree : look.workingTrees)
    if (startsWith(path, tree)) return true;
  return false;
}

void addFolder(Look& look, const std::string& path, const char* place, size_t depth, const Cancel& cancel);
void addPath(Look& look, const std::string& path, const char* place, size_t depth, const Cancel& cancel);

// `name` in the open folder `folderFd` is what `path` leads to: the kernel need not walk there again.
void addName(Look& look, int folderFd, const char* name, const std::string& path, const char* place, size_t depth,
             const Cancel& cancel) {
  struct stat status;
  // Not there, or not to be seen: the same to git.
  if (::fstatat(folderFd, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return;
  if (S_ISDIR(status.st_mode)) return addFolder(look, path, place, depth, cancel);
  if (!look.paths.insert(path).second) return;
  look.places.push_back({path, place, status});
  if (!S_ISLNK(status.st_mode)) return;
  char target[PATH_MAX];
  if (::realpath(path.c_str(), target) != nullptr && !isWorkingFile(look, target)) addPath(look, target, place, depth, cancel);
}

void addPath(Look& look, const std::string& path, const char* place, size_t depth, const Cancel& cancel) {
  addName(look, AT_FDCWD, path.c_str(), path, place, depth, cancel);
}

void addFolder(Look& look, const std::string& path, const char* place, size_t depth, const Cancel& cancel) {
  cancel.check(kOperation);
  if (!look.paths.insert(path).second) return;
  const OwnedFd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!folder) return;
  if (depth >= kMaxDepth) {
    look.cut = true;
    return;
  }
  // In a fixed order, so that what is beyond the limit stays the same.
  std::vector<std::string> names = namesIn(folder.get(), path);
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    if (look.hooks++ >= kMaxHooks) {
      look.cut = true;
      return;
    }
    addName(look, folder.get(), name.c_str(), path + "/" + name, place, depth + 1, cancel);
  }
}

Look lookAt(Session& session, const SharedFilesRequest& request, const Cancel& cancel) {
  Look look;
  const std::string& common = session.commonDirectory();
  look.common = common + "/";
  if (request.workingDirectory) look.workingTrees.push_back(*request.workingDirectory + "/");
  const size_t slash = common.rfind('/');
  if (slash != std::string::npos && common.substr(slash) == "/.git") look.workingTrees.push_back(common.substr(0, slash + 1));
  const auto add = [&](const std::string& path, const char* place) { addPath(look, path, place, 0, cancel); };
  add(common + "/config", "config");
  add(common + "/config.worktree", "config");
  add(common + "/hooks", "hook");
  add(common + "/info/attributes", "attributes");
  add(common + "/objects/info/alternates", "alternates");
  for (const char* name : {"exclude", "sparse-checkout", "grafts"})
    add(common + "/info/" + name, "info");
  if (request.gitDirectory != common) {
    add(request.gitDirectory + "/config.worktree", "config");
    add(request.gitDirectory + "/info/sparse-checkout", "info");
  }
  return look;
}

std::string hex(const Checksum::Digest& digest) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : digest) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string markOf(const Place& place) {
  const struct stat& status = place.status;
  std::string mark;
  mark.reserve(place.path.size() + 65);
  mark = place.path;
  mark += '\0';
  const auto add = [&](uint64_t number) { mark.append(reinterpret_cast<const char*>(&number), sizeof number); };
  add(status.st_dev);
  add(status.st_ino);
  add(status.st_mode);
  add(static_cast<uint64_t>(status.st_size));
  for (const timespec* time : {&modifiedAt(status), &changedAt(status)}) {
    add(static_cast<uint64_t>(time->tv_sec));
    add(static_cast<uint64_t>(time->tv_nsec));
  }
  return mark;
}

std::string marksOf(const Look& look) {
  Checksum checksum;
  for (const Place& place : look.places)
    checksum.update(markOf(place));
  return hex(checksum.finish());
}

bool rested(const Look& look) {
  const time_t now = std::time(nullptr);
  for (const Place& place : look.places)
    if (changedAt(place.status).tv_sec + kRestSeconds >= now) return false;
  return true;
}

// Parsed from the bytes that were read, not from the file, which may be another one by now.
int addEntry(const git_config_entry* entry, void* payload) noexcept {
  try {
    std::optional<std::string> value;
    if (entry->value != nullptr) value = entry->value;
    static_cast<std::vector<ConfigurationEntry>*>(payload)->push_back({entry->name, value});
    return 0;
  } catch (...) {
    return GIT_EUSER;
  }
}

struct BackendFree {
  void operator()(git_config_backend* backend) const noexcept { backend->free(backend); }
};

bool parse(const std::string& bytes, std::vector<ConfigurationEntry>& entries) {
  OwnedConfig config;
  check(git_config_new(out(config)), kOperation);
  git_config_backend* made = nullptr;
  check(git_config_backend_from_string(&made, bytes.data(), bytes.size(), nullptr), kOperation);
  std::unique_ptr<git_config_backend, BackendFree> backend(made);
  const bool parsed = git_config_add_backend(config.get(), backend.get(), GIT_CONFIG_LEVEL_LOCAL, nullptr, 0) == 0;
  if (!parsed) {
    git_error_clear();
    return false;
  }
  (void)backend.release();  // the configuration's now
  const int result = git_config_foreach(config.get(), addEntry, &entries);
  git_error_clear();
  return result == 0;
}

// nullopt: it is not to be read, or larger than what is kept.
std::optional<std::string> contentOf(const Place& place, size_t room) {
  if (S_ISLNK(place.status.st_mode)) {
    char text[PATH_MAX];
    const ssize_t size = ::readlink(place.path.c_str(), text, sizeof text);
    if (size < 0 || size == static_cast<ssize_t>(sizeof text)) return std::nullopt;
    return std::string(text, static_cast<size_t>(size));
  }
  if (!S_ISREG(place.status.st_mode)) return std::nullopt;
  try {
    return readSmallFile(place.path, std::min(room, kMaxFileBytes));
  } catch (const Failure&) {
    return std::nullopt;
  }
}

SharedFile readPlace(const Place& place, size_t& room) {
  SharedFile file;
  file.path = place.path;
  file.place = place.place;
  file.kind = S_ISREG(place.status.st_mode) ? "file" : S_ISLNK(place.status.st_mode) ? "link" : "other";
  file.mode = place.status.st_mode & 07777;
  file.content = contentOf(place, room);
  file.digest = hex(Checksum::of(file.content ? *file.content : markOf(place)));
  if (file.content) room -= file.content->size();
  if (file.place == "config" && file.kind == "file") file.readable = file.content && parse(*file.content, file.entries);
  return file;
}

}  // namespace

SharedFilesReply sharedFiles(Session& session, const SharedFilesRequest& request, const Cancel& cancel) {
  // Marks before contents: what changes meanwhile shows next time.
  const Look look = lookAt(session, request, cancel);
  const std::string marks = marksOf(look);
  SharedFilesReply reply;
  if (request.knownMarks == marks) {
    reply.marks = marks;
    return reply;
  }
  reply.changed = true;
  if (rested(look)) reply.marks = marks;
  size_t room = kMaxBytes;
  for (const Place& place : look.places) {
    cancel.check(kOperation);
    reply.files.push_back(readPlace(place, room));
  }
  if (look.cut) {
    SharedFile rest;
    rest.path = session.commonDirectory() + "/hooks";
    rest.place = "hook";
    rest.kind = "other";
    rest.digest = "more than is read";
    reply.files.push_back(std::move(rest));
  }
  return reply;
}

}  // namespace coppice
