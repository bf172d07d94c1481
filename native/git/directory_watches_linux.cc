// inotify. A watch belongs to a directory's inode, wherever that is moved to: what moves is forgotten here, and watched
// again once it has been looked at.
#ifdef __linux__

#include <fcntl.h>
#include <limits.h>
#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "directory_watches.h"

namespace coppice {

namespace {

// Not IN_EXCL_UNLINK: a file that was opened, unlinked and linked again would be written to without an event.
constexpr uint32_t kMask = IN_MODIFY | IN_ATTRIB | IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
                           IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
constexpr size_t kBufferBytes = 64u << 10;
constexpr size_t kMaxEvents = 1u << 20;  // somebody writes without end: reading on would never end either

// Filesystems on which nobody but this machine's kernel writes. Not overlayfs: a write to a layer below raises nothing.
constexpr uint32_t kLocalFilesystems[] = {
    0x0000EF53,  // ext2, ext3, ext4
    0x58465342,  // xfs
    0x9123683E,  // btrfs
    0xF2F52010,  // f2fs
    0x2FC12FC1,  // zfs
    0xCA451A4E,  // bcachefs
    0x01021994,  // tmpfs
    0x858458F6,  // ramfs
};

std::atomic<uint64_t> watchesInUse{0};
std::atomic<uint64_t> watchLimit{0};

uint64_t maxWatches() {
  if (const uint64_t limit = watchLimit) return limit;
  static const uint64_t half = [] {
    uint64_t all = 0;  // stays so where this cannot be read
    std::ifstream("/proc/sys/fs/inotify/max_user_watches") >> all;
    return all / 2;
  }();
  return half;
}

bool isLocal(const std::string& root, std::string& why) {
  struct statfs status;
  if (::statfs(root.c_str(), &status) != 0) {
    why = "its filesystem is not known";
    return false;
  }
  const auto type = static_cast<uint32_t>(status.f_type);
  if (std::find(std::begin(kLocalFilesystems), std::end(kLocalFilesystems), type) != std::end(kLocalFilesystems))
    return true;
  char text[80];
  std::snprintf(text, sizeof text, "its filesystem (0x%x) may change without an event", type);
  why = text;
  return false;
}

}  // namespace

void DirectoryWatches::limit(uint64_t watches) {
  watchLimit = watches;
}

std::unique_ptr<DirectoryWatches> DirectoryWatches::open(const std::string& root, std::string& why) {
  if (!isLocal(root, why)) return nullptr;
  std::unique_ptr<DirectoryWatches> watches(new DirectoryWatches);
  watches->queue_ = OwnedFd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!watches->queue_) {
    why = errno == EMFILE ? "no inotify instance is left (fs.inotify.max_user_instances)" : "there is no inotify here";
    return nullptr;
  }
  watches->mounts_ = MountTable::open(root);
  if (!watches->mounts_) {
    why = "there is no /proc here, so mounts cannot be seen";
    return nullptr;
  }
  if (watches->mountBeneath()) {
    why = "something is mounted beneath it";
    return nullptr;
  }
  return watches;
}

DirectoryWatches::~DirectoryWatches() {
  watchesInUse -= paths_.size();
}

bool DirectoryWatches::watch(int directoryFd, const std::string& path, std::string& why) {
  if (watchesInUse >= maxWatches()) {
    why = "more directories than may be watched (half of fs.inotify.max_user_watches)";
    return false;
  }
  // By the open directory: a path could lead elsewhere by now.
  char opened[32];
  std::snprintf(opened, sizeof opened, "/proc/self/fd/%d", directoryFd);
  // One thread at a time: the descriptor of a directory that is watched already is the one it had.
  std::lock_guard<std::mutex> lock(mutex_);
  const int descriptor = ::inotify_add_watch(queue_.get(), opened, kMask);
  if (descriptor < 0) {
    why = errno == ENOSPC ? "no watch is left (fs.inotify.max_user_watches)" : "a directory cannot be watched";
    return false;
  }
  const auto known = paths_.emplace(descriptor, path);
  if (known.second)
    watchesInUse++;
  else
    known.first->second = path;
  return true;
}

bool DirectoryWatches::read(Suspects& suspects, std::string& why) {
  bool whole = true;
  alignas(inotify_event) char buffer[kBufferBytes];
  std::lock_guard<std::mutex> lock(mutex_);
  for (size_t events = 0;;) {
    const ssize_t size = ::read(queue_.get(), buffer, sizeof buffer);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) break;
    if (size <= 0) {
      why = "the event queue cannot be read";
      return false;
    }
    for (const char* at = buffer; at < buffer + size; events++) {
      const auto* event = reinterpret_cast<const inotify_event*>(at);
      whole = handle(event, std::string_view(event->name, ::strnlen(event->name, event->len)), suspects, why) && whole;
      at += sizeof *event + event->len;
    }
    if (events > kMaxEvents) {
      why = "it does not come to rest";
      return false;
    }
  }
  if (!mountBeneath()) return whole;
  why = "something was mounted beneath it";
  return false;
}

bool DirectoryWatches::handle(const void* raw, std::string_view name, Suspects& suspects, std::string& why) {
  const inotify_event& event = *static_cast<const inotify_event*>(raw);
  if (event.mask & IN_Q_OVERFLOW) {
    why = "more happened than the event queue holds";
    return false;
  }
  const auto watched = paths_.find(event.wd);
  if (watched == paths_.end()) return true;  // of a directory that was moved: all of it is suspect already
  const std::string directory = watched->second;
  if (event.mask & (IN_IGNORED | IN_UNMOUNT | IN_DELETE_SELF | IN_MOVE_SELF)) {
    if (event.mask & IN_IGNORED) {
      paths_.erase(watched);
      watchesInUse--;
    }
    suspects.add(directory);
    if (event.mask & IN_MOVE_SELF) forgetBelow(directory);
    if (!directory.empty() && !(event.mask & IN_UNMOUNT)) return true;
    why = "its folder was moved, removed or unmounted";
    return false;
  }
  if (name.empty()) {
    if (!directory.empty()) suspects.add(directory, Suspects::Kind::kMode);
    return true;
  }
  if (directory.empty() && name == ".git") return true;  // the worktree's own, which every reset puts right
  std::string path = directory;
  if (!path.empty()) path += '/';
  path += name;
  const bool mode = (event.mask & IN_ISDIR) && (event.mask & IN_ATTRIB);
  suspects.add(std::move(path), mode ? Suspects::Kind::kMode : Suspects::Kind::kAll);
  return true;
}

void DirectoryWatches::forgetBelow(const std::string& path) {
  for (auto at = paths_.begin(); at != paths_.end();) {
    const std::string& watched = at->second;
    const bool below = watched.compare(0, path.size(), path) == 0 &&
                       (watched.size() == path.size() || watched[path.size()] == '/');
    if (!below) {
      ++at;
      continue;
    }
    ::inotify_rm_watch(queue_.get(), at->first);  // may be gone already
    at = paths_.erase(at);
    watchesInUse--;
  }
}

bool DirectoryWatches::mountBeneath() {
  const auto mounts = mounts_.beneath();
  return !mounts || !mounts->empty();
}

}  // namespace coppice

#endif
