#include "working_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "failure.h"
#include "index_file.h"
#include "path_error.h"

namespace coppice {

namespace {

constexpr const char* kOperation = "snapshot.readFile";
constexpr size_t kChunkBytes = 4u << 20;  // between two looks at the cancel flag
constexpr int kMaxReads = 4;

using Kind = WorkingFile::Kind;

Kind kindOf(const struct stat& status) {
  if (S_ISREG(status.st_mode)) return Kind::kFile;
  if (S_ISLNK(status.st_mode)) return Kind::kSymlink;
  return S_ISDIR(status.st_mode) ? Kind::kDirectory : Kind::kSpecial;
}

Kind kindOfError(int error, const std::string& path) {
  if (isGone(error)) return Kind::kGone;
  if (isUnreadable(error)) return Kind::kUnreadable;
  errno = error;
  failSystem(kOperation, path);
}

bool readContent(int fd, size_t size, std::string& bytes, const Cancel& cancel) {
  bytes.resize(size);
  size_t have = 0;
  while (have < size) {
    cancel.check(kOperation);
    const ssize_t count = ::read(fd, bytes.data() + have, std::min(size - have, kChunkBytes));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    if (count == 0) break;
    have += static_cast<size_t>(count);
  }
  bytes.resize(have);
  return true;
}

bool readTarget(int parentFd, const char* name, size_t size, std::string& bytes) {
  bytes.resize(size + 1);  // one more shows a target that became longer
  const ssize_t count = ::readlinkat(parentFd, name, bytes.data(), bytes.size());
  if (count < 0) return false;
  bytes.resize(static_cast<size_t>(count));
  return true;
}

// False with errno set.
bool readOnce(int parentFd, const char* name, uint64_t maxBytes, WorkingFile& file, const Cancel& cancel) {
  if (::fstatat(parentFd, name, &file.status, AT_SYMLINK_NOFOLLOW) != 0) return false;
  file.kind = kindOf(file.status);
  const size_t size = static_cast<size_t>(file.status.st_size);
  if (file.kind == Kind::kSymlink) return readTarget(parentFd, name, size, file.bytes);
  if (file.kind == Kind::kFile && maxBytes > 0 && size > maxBytes) file.kind = Kind::kTooBig;
  if (file.kind != Kind::kFile) return true;
  const OwnedFd fd(::openat(parentFd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  return fd && readContent(fd.get(), size, file.bytes, cancel);
}

}  // namespace

WorkingFile readWorkingFile(const RootDirectory& root, const std::string& path, uint64_t maxBytes,
                            const Cancel& cancel) {
  WorkingFile file;
  const OwnedFd parent = root.openParent(path);
  if (!parent) {
    file.kind = kindOfError(errno, path);
    return file;
  }
  const std::string name(RootDirectory::baseName(path));
  for (int reads = 1;; reads++) {
    const bool read = readOnce(parent.get(), name.c_str(), maxBytes, file, cancel);
    const int error = errno;
    struct stat after;
    const bool there = ::fstatat(parent.get(), name.c_str(), &after, AT_SYMLINK_NOFOLLOW) == 0;
    const bool rested = read && there && FileStat::of(file.status) == FileStat::of(after) &&
                        (file.status.st_mode & (S_IFMT | S_IXUSR)) == (after.st_mode & (S_IFMT | S_IXUSR));
    if (rested || (read && reads >= kMaxReads)) return file;
    if (reads >= kMaxReads || (!read && !there)) {
      file.kind = kindOfError(read ? ENOENT : error, path);
      return file;
    }
    if (!read && error != ENOENT && error != ELOOP) {
      file.kind = kindOfError(error, path);
      return file;
    }
  }
}

}  // namespace coppice
