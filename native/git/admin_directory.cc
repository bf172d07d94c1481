// Making and dropping admin directories.
#include "admin_directory.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

#include "back_off.h"
#include "failpoint.h"
#include "failure.h"
#include "lock_file.h"
#include "lock_owner.h"
#include "owned.h"
#include "safe_path.h"

namespace coppice {
namespace {

constexpr const char* kOperation = "adminDirectory";
constexpr int kMaxRenames = 20;

void makeDirectory(const std::string& path) {
  if (::mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) failSystem(kOperation, path);
}

struct stat statusOf(const std::string& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) != 0) status = {};
  return status;
}

// The exclusive right to the workshop, <common>/coppice/worktrees: whoever holds it may throw away what others left
// there.
class Workshop {
 public:
  Workshop(Session& session, const Cancel& cancel) : path_(session.commonDirectory() + "/coppice/worktrees") {
    makeDirectory(session.commonDirectory() + "/coppice");
    makeDirectory(path_);
    directory_ = OwnedFd(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory_) failSystem(kOperation, path_);
    lock(session.lockTimeoutMs(), cancel);
    for (const std::string& name : namesIn(directory_.get(), path_))
      removeTree(directory_.get(), name, &cancel);
  }

  const std::string& path() const { return path_; }
  void clear(const std::string& name) const { removeTree(directory_.get(), name); }

 private:
  // Polled, because a blocked flock could not be cancelled. Held for a few file writes only.
  void lock(uint32_t timeoutMs, const Cancel& cancel) {
    const Deadline deadline(timeoutMs);
    BackOff backOff(deadline);
    while (::flock(directory_.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EINTR) continue;
      if (errno != EWOULDBLOCK) failSystem(kOperation, path_);
      if (!backOff.wait(cancel, kOperation)) failHeld();
    }
  }

  [[noreturn]] void failHeld() const {
    const std::string owner = lockOwner(path_);
    const struct stat status = statusOf(path_);
    fail(failure_code::kLocked, kOperation,
         (owner.empty() ? "another process" : owner) + " adds or drops a worktree, since " +
             ageText(modificationTime(status)) + "; it ends with its process, so wait or end that process",
         path_);
  }

  std::string path_;
  OwnedFd directory_;
};

// Renames a directory to a name that must not be taken.
bool renameNew(const std::string& from, const std::string& to) {
#if defined(__linux__) && defined(RENAME_NOREPLACE)
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno != EINVAL && errno != ENOSYS) return false;
#endif
  // Only an empty directory could be replaced, which git never leaves here, and ours are made under the workshop's
  // lock.
  struct stat status;
  if (::lstat(to.c_str(), &status) == 0) {
    errno = EEXIST;
    return false;
  }
  return ::rename(from.c_str(), to.c_str()) == 0;
}

// Into <common>/worktrees, which git removes when its last worktree goes: so it is made again at each attempt.
void publish(Session& session, const std::string& from, const std::string& to) {
  for (int attempt = 0; attempt < kMaxRenames; attempt++) {
    makeDirectory(session.commonDirectory() + "/worktrees");
    if (renameNew(from, to)) return;
    if (errno == EEXIST || errno == ENOTEMPTY)
      fail(failure_code::kExists, kOperation, "a worktree of this name exists already", to);
    if (errno != ENOENT) failSystem(kOperation, to);
  }
  failSystem(kOperation, to);
}

std::optional<std::string> configText(git_config* config, const char* name) {
  OwnedBuffer value;
  if (git_config_get_string_buf(value.get(), config, name) != 0 || value.size() == 0) return std::nullopt;
  return std::string(value.data(), value.size());
}

// git leaves out what would break the line.
std::string cleaned(std::string text) {
  text.erase(std::remove_if(text.begin(), text.end(), [](char c) { return c == '<' || c == '>' || c == '\n'; }),
             text.end());
  return text;
}

}  // namespace

std::string adminDirectoryPath(const Session& session, const std::string& name) {
  const auto isPlain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' ||
           c == '-';
  };
  // Git makes refs "worktrees/<name>/..." of it, so the rules of ref names hold too.
  const bool endsInLock = name.size() >= 5 && name.compare(name.size() - 5, 5, ".lock") == 0;
  const bool valid = !name.empty() && name.size() <= 200 && name[0] != '.' && name[0] != '-' && name.back() != '.' &&
                     !endsInLock && name.find("..") == std::string::npos &&
                     std::all_of(name.begin(), name.end(), isPlain);
  if (!valid) fail(failure_code::kInvalid, kOperation, "not a name for a worktree", name);
  return session.commonDirectory() + "/worktrees/" + name;
}

std::string gitFileContent(const std::string& adminDirectory) {
  return "gitdir: " + adminDirectory + "\n";
}

std::string headLog(Session& session, const Oid& headOid) {
  const HandleLease handle = session.handle();
  OwnedConfig config;
  check(git_repository_config_snapshot(out(config), handle->repository()), kOperation);
  const std::string name = cleaned(configText(config.get(), "user.name").value_or("Coppice"));
  const std::string email = cleaned(configText(config.get(), "user.email").value_or("coppice@localhost"));
  return std::string(40, '0') + " " + toHex(headOid) + " " + name + " <" + email + "> " +
         std::to_string(std::time(nullptr)) + " +0000\tcoppice: start of a lease\n";
}

void createAdminDirectory(Session& session, const std::string& name, const std::string& worktreePath,
                          const Oid& headOid, const std::string& lockReason, const Cancel& cancel) {
  const std::string target = adminDirectoryPath(session, name);
  const std::string log = headLog(session, headOid);
  const Workshop workshop(session, cancel);
  const std::string made = workshop.path() + "/" + name;
  try {
    makeDirectory(made);
    makeDirectory(made + "/logs");
    // "locked" comes with the rest in one rename: git never prunes it, not even before the worktree's folder is there.
    writeNewFile(made + "/locked", lockReason + "\n", 0666, false);
    writeNewFile(made + "/gitdir", worktreePath + "/.git\n", 0666, false);
    writeNewFile(made + "/commondir", "../..\n", 0666, false);
    writeNewFile(made + "/HEAD", toHex(headOid) + "\n", 0666, false);
    writeNewFile(made + "/logs/HEAD", log, 0666, false);
    failpoint("admin.prepared");
    publish(session, made, target);
  } catch (...) {
    workshop.clear(name);
    throw;
  }
}

std::vector<std::string> sweepHalfMade(Session& session, bool dryRun, const Cancel& cancel) {
  const std::string path = session.commonDirectory() + "/coppice/worktrees";
  const OwnedFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory && errno == ENOENT) return {};
  if (!directory) failSystem(kOperation, path);
  std::vector<std::string> names = namesIn(directory.get(), path);
  if (names.empty()) return names;
  if (::flock(directory.get(), LOCK_EX | LOCK_NB) != 0) return {};
  names = namesIn(directory.get(), path);
  for (const std::string& name : names) {
    if (!dryRun) removeTree(directory.get(), name, &cancel);
  }
  return names;
}

void dropAdminDirectory(Session& session, const std::string& name, const Cancel& cancel) {
  const std::string path = adminDirectoryPath(session, name);
  const Workshop workshop(session, cancel);
  if (::rename(path.c_str(), (workshop.path() + "/" + name).c_str()) != 0) {
    if (errno == ENOENT) return;
    failSystem(kOperation, path);
  }
  failpoint("admin.withdrawn");
  workshop.clear(name);
  failpoint("admin.removed");
  // As git does with its last worktree; it is not empty while there are others.
  ::rmdir((session.commonDirectory() + "/worktrees").c_str());
}

bool isSameFile(const std::string& path, const std::string& otherPath) {
  const struct stat a = statusOf(path), b = statusOf(otherPath);
  return a.st_ino != 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

}  // namespace coppice
