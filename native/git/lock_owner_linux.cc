// The owner of a lock, as /proc/locks and the descriptors of this user's processes tell.
#ifdef __linux__

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <optional>
#include <sstream>

#include "directory_listing.h"
#include "lock_owner.h"
#include "process_files.h"

namespace coppice {

namespace {

// A line: "3: FLOCK  ADVISORY  WRITE 4711 08:02:1234 0 EOF"; one that waits has "->" before the kind.
std::optional<std::string> flockOwner(int processesFd, const struct stat& file) {
  std::istringstream locks(readProcFile(processesFd, "locks"));
  for (std::string line; std::getline(locks, line);) {
    long pid = 0;
    unsigned major = 0, minor = 0;
    unsigned long inode = 0;
    if (::sscanf(line.c_str(), "%*d: FLOCK %*s %*s %ld %x:%x:%lu", &pid, &major, &minor, &inode) != 4) continue;
    if (pid > 0 && inode == file.st_ino && makedev(major, minor) == file.st_dev) return std::to_string(pid);
  }
  return std::nullopt;
}

bool hasOpen(int processesFd, const std::string& process, const std::string& path) {
  const OwnedFd descriptors = openProcDirectory(processesFd, (process + "/fd").c_str());
  DirectoryListing listing;
  if (!descriptors || !listing.read(descriptors.get())) return false;
  for (size_t i = 0; i < listing.size(); i++) {
    if (readProcLink(descriptors.get(), std::string(listing.name(i)).c_str()) == path) return true;
  }
  return false;
}

std::optional<std::string> opener(int processesFd, const std::string& path) {
  DirectoryListing listing;
  if (!listing.read(processesFd)) return std::nullopt;
  for (size_t i = 0; i < listing.size(); i++) {
    const std::string process(listing.name(i));
    if (isProcess(process) && hasOpen(processesFd, process, path)) return process;
  }
  return std::nullopt;
}

}  // namespace

std::string lockOwner(const std::string& path) {
  struct stat file;
  const OwnedFd processes = openProcDirectory(AT_FDCWD, "/proc");
  if (!processes || ::lstat(path.c_str(), &file) != 0) return {};
  std::optional<std::string> process = flockOwner(processes.get(), file);
  if (!process) process = opener(processes.get(), path);
  if (!process) return {};
  if (*process == std::to_string(::getpid())) return "this process";
  const std::string command = commandOf(processes.get(), *process);
  return "process " + *process + (command.empty() ? "" : " (" + command + ")");
}

}  // namespace coppice

#endif
