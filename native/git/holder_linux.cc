// The processes that hold a worktree, as /proc tells: working directories, descriptors, mappings and environments of this user's
// processes.
#ifdef __linux__

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "directory_listing.h"
#include "holder.h"
#include "lasting.h"
#include "process_files.h"
#include "process_kinds.h"

namespace coppice {

namespace {

constexpr std::string_view kWorktreeVariable = "COPPICE_WORKTREE=";
constexpr uint64_t kNoInode = 1;                 // what /proc lists for a process that it cannot look up

// A file or directory that was deleted still has its path, with this behind it.
constexpr std::string_view kDeleted = " (deleted)";

bool isBeneath(std::string_view path, std::string_view root) {
  if (path.substr(0, root.size()) != root) return false;
  path.remove_prefix(root.size());
  return path.empty() || path[0] == '/' || path == kDeleted;
}

// fdinfo says "flags:\t0100002", octal.
bool isWritable(int processFd, const std::string& descriptor) {
  const std::string info = readProcFile(processFd, ("fdinfo/" + descriptor).c_str());
  const size_t at = info.find("flags:");
  if (at == std::string::npos) return false;
  return (std::strtoul(info.c_str() + at + 6, nullptr, 8) & O_ACCMODE) != O_RDONLY;
}

// What one process holds of the roots: for each the first reason found.
class Holds {
 public:
  explicit Holds(const std::vector<std::string>& roots) : roots_(roots), kinds_(roots.size(), nullptr) {}

  bool any() const {
    return std::any_of(kinds_.begin(), kinds_.end(), [](const char* kind) { return kind != nullptr; });
  }

  const char* kind(size_t root) const { return kinds_[root]; }

  void lookAtWorkingDirectory(int processesFd, const std::string& process) {
    if (const auto directory = readProcLink(processesFd, (process + "/cwd").c_str())) note(*directory, "cwd");
  }

  void lookAtFiles(int processFd) {
    lookAtDescriptors(processFd);
    lookAtMappings(processFd);
    lookAtEnvironment(processFd);
  }

 private:
  bool isNew(std::string_view path) const {
    for (size_t i = 0; i < roots_.size(); i++)
      if (kinds_[i] == nullptr && isBeneath(path, roots_[i])) return true;
    return false;
  }

  void note(std::string_view path, const char* kind) {
    for (size_t i = 0; i < roots_.size(); i++)
      if (kinds_[i] == nullptr && isBeneath(path, roots_[i])) kinds_[i] = kind;
  }

  void lookAtDescriptors(int processFd) {
    const OwnedFd descriptors = openProcDirectory(processFd, "fd");
    DirectoryListing listing;
    if (!descriptors || !listing.read(descriptors.get())) return;
    for (size_t i = 0; i < listing.size(); i++) {
      const std::string name(listing.name(i));
      const auto target = readProcLink(descriptors.get(), name.c_str());
      if (target && isNew(*target) && isWritable(processFd, name)) note(*target, "descriptor");
    }
  }

  // A line: "55d0-55d1 rw-s 00000000 08:01 1234    /path", in which a newline of the path is "\012".
  void lookAtMappings(int processFd) {
    const std::string maps = readProcFile(processFd, "maps");
    for (size_t at = 0; at < maps.size();) {
      const size_t end = std::min(maps.find('\n', at), maps.size());
      const std::string_view line = std::string_view(maps).substr(at, end - at);
      at = end + 1;
      const size_t permissions = line.find(' ');
      const size_t path = line.find('/');
      if (permissions == std::string_view::npos || path == std::string_view::npos) continue;
      const std::string_view mode = line.substr(permissions + 1, 4);
      if (mode.size() == 4 && mode[1] == 'w' && mode[3] == 's') note(line.substr(path), "mapping");
    }
  }

  // Who works with paths from elsewhere and opens each file only to write it holds nothing in the moment of a look. A task's
  // processes have been told their worktree (src/runner/task-environment.ts), and keep it in the environment that they began with.
  void lookAtEnvironment(int processFd) {
    const std::string environment = readProcFile(processFd, "environ");
    for (size_t at = 0; at < environment.size();) {
      const size_t end = std::min(environment.find('\0', at), environment.size());
      const std::string_view variable = std::string_view(environment).substr(at, end - at);
      at = end + 1;
      if (variable.substr(0, kWorktreeVariable.size()) != kWorktreeVariable) continue;
      note(variable.substr(kWorktreeVariable.size()), "environment");
    }
  }

  const std::vector<std::string>& roots_;
  std::vector<const char*> kinds_;
};

ProcessKinds& knownKinds() {
  static Lasting<ProcessKinds> kinds;
  return *kinds;
}

// nullopt: it is gone.
std::optional<ProcessKind> kindOf(int processesFd, const std::string& process, uint64_t inode) {
  const uint64_t pid = std::strtoull(process.c_str(), nullptr, 10);
  if (const auto known = knownKinds().find(pid, inode)) return known;
  const uint64_t since = processStart(readProcFile(processesFd, "self/stat"));
  const auto kind = processKind(readProcFile(processesFd, (process + "/stat").c_str()), since);
  if (kind && inode > kNoInode) knownKinds().keep(pid, inode, *kind);
  return kind;
}

}  // namespace

std::vector<Holder> findHolders(const std::vector<std::string>& roots, const Cancel& cancel) {
  std::vector<Holder> holders;
  const OwnedFd processes = openProcDirectory(AT_FDCWD, "/proc");
  DirectoryListing listing;
  if (!processes || !listing.read(processes.get())) return holders;  // a sandbox without /proc
  knownKinds().begin(listing.size());
  for (size_t i = 0; i < listing.size(); i++) {
    cancel.check("listHolders");
    const std::string name(listing.name(i));
    if (!isProcess(name)) continue;
    const unsigned long pid = std::strtoul(name.c_str(), nullptr, 10);
    if (pid == static_cast<unsigned long>(::getpid())) continue;
    const auto kind = kindOf(processes.get(), name, listing.inode(i));
    if (!kind || kind == ProcessKind::kKernel) continue;
    Holds holds(roots);
    holds.lookAtWorkingDirectory(processes.get(), name);
    if (kind == ProcessKind::kNewer) {
      const OwnedFd process = openProcDirectory(processes.get(), name.c_str());
      if (process) holds.lookAtFiles(process.get());
    }
    if (!holds.any()) continue;
    const std::string command = commandOf(processes.get(), name);
    for (size_t root = 0; root < roots.size(); root++) {
      const char* reason = holds.kind(root);
      if (reason) holders.push_back({roots[root], static_cast<uint32_t>(pid), command, reason});
    }
  }
  std::sort(holders.begin(), holders.end(), [](const Holder& a, const Holder& b) {
    return a.path != b.path ? a.path < b.path : a.pid < b.pid;
  });
  return holders;
}

}  // namespace coppice

#endif
