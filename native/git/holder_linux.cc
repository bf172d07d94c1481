// The processes that hold a worktree, as /proc tells: working directories, descriptors and mappings of this user's processes.
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
#include "owned.h"

namespace coppice {

namespace {

constexpr size_t kMaxProcFileBytes = 64u << 20;  // of a maps file

// A file or directory that was deleted still has its path, with this behind it.
constexpr std::string_view kDeleted = " (deleted)";

bool isBeneath(std::string_view path, std::string_view root) {
  if (path.substr(0, root.size()) != root) return false;
  path.remove_prefix(root.size());
  return path.empty() || path[0] == '/' || path == kDeleted;
}

// Any of these may fail at any time: the process ends, or is somebody else's. Then it has nothing to say.
std::optional<std::string> readProcLink(int directoryFd, const char* name) {
  std::string target(PATH_MAX, '\0');
  const ssize_t length = ::readlinkat(directoryFd, name, target.data(), target.size());
  if (length < 0) return std::nullopt;
  target.resize(static_cast<size_t>(length));
  return target;
}

std::string readProcFile(int directoryFd, const char* name) {
  std::string text;
  const OwnedFd file(::openat(directoryFd, name, O_RDONLY | O_CLOEXEC));
  char buffer[16384];
  while (file && text.size() < kMaxProcFileBytes) {
    const ssize_t count = ::read(file.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    text.append(buffer, static_cast<size_t>(count));
  }
  return text;
}

OwnedFd openProcDirectory(int directoryFd, const char* name) {
  return OwnedFd(::openat(directoryFd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

// The clock tick since the boot at which a process began: the 22nd field of its "stat", the 20th behind the command, which
// stands in parentheses and may hold anything. 0: it is gone.
uint64_t startOf(int processFd) {
  const std::string stat = readProcFile(processFd, "stat");
  size_t at = stat.rfind(')');
  for (int field = 2; field < 22 && at != std::string::npos; field++)
    at = stat.find(' ', at + 1);
  return at == std::string::npos ? 0 : std::strtoull(stat.c_str() + at, nullptr, 10);
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

  // What ran before `since` is asked for its working directory only.
  void look(int processFd, uint64_t since) {
    if (const auto directory = readProcLink(processFd, "cwd")) note(*directory, "cwd");
    if (startOf(processFd) < since) return;
    lookAtDescriptors(processFd);
    lookAtMappings(processFd);
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

  const std::vector<std::string>& roots_;
  std::vector<const char*> kinds_;
};

std::string commandOf(int processFd) {
  std::string command = readProcFile(processFd, "comm");
  while (!command.empty() && command.back() == '\n')
    command.pop_back();
  return command;
}

}  // namespace

std::vector<Holder> findHolders(const std::vector<std::string>& roots, const Cancel& cancel) {
  std::vector<Holder> holders;
  const OwnedFd processes = openProcDirectory(AT_FDCWD, "/proc");
  DirectoryListing listing;
  if (!processes || !listing.read(processes.get())) return holders;  // a sandbox without /proc
  const OwnedFd self = openProcDirectory(processes.get(), "self");
  const uint64_t since = self ? startOf(self.get()) : 0;
  for (size_t i = 0; i < listing.size(); i++) {
    cancel.check("listHolders");
    const std::string name(listing.name(i));
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const unsigned long pid = std::strtoul(name.c_str(), nullptr, 10);
    if (pid == static_cast<unsigned long>(::getpid())) continue;
    const OwnedFd process = openProcDirectory(processes.get(), name.c_str());
    if (!process) continue;
    Holds holds(roots);
    holds.look(process.get(), since);
    if (!holds.any()) continue;
    const std::string command = commandOf(process.get());
    for (size_t root = 0; root < roots.size(); root++) {
      const char* kind = holds.kind(root);
      if (kind) holders.push_back({roots[root], static_cast<uint32_t>(pid), command, kind});
    }
  }
  std::sort(holders.begin(), holders.end(), [](const Holder& a, const Holder& b) {
    return a.path != b.path ? a.path < b.path : a.pid < b.pid;
  });
  return holders;
}

}  // namespace coppice

#endif
