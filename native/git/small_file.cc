// Whole small files (HEAD, locked, gitdir, refs, an index): written new, replaced by lock and rename as git does, read.
#include <fcntl.h>
#include <stdio.h>

#include <cerrno>
#include <cstring>

#include "failure.h"
#include "new_file.h"
#include "safe_path.h"

namespace coppice {
namespace {

void syncFile(int fd, const std::string& path) {
  if (::fsync(fd) != 0) failSystem("smallFile.sync", path);
}

// A repository shared between users (core.sharedRepository) has given its files wider modes: a replacement keeps them.
void keepMode(int fd, const std::string& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && ::fchmod(fd, status.st_mode & 0777) != 0)
    failSystem("smallFile.keepMode", path);
}

}  // namespace

void writeAll(int fd, const char* data, size_t size, const std::string& path) {
  while (size > 0) {
    const ssize_t written = ::write(fd, data, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) failSystem("writeAll", path);
    data += written;
    size -= static_cast<size_t>(written);
  }
}

void writeNewFile(const RootDirectory& root, const std::string& name, std::string_view bytes, mode_t mode) {
  const OwnedFd file = root.openFile(name, O_WRONLY | O_CREAT | O_EXCL, mode);
  if (!file && errno == EEXIST) fail(failure_code::kExists, "writeNewFile", "the file exists already", name);
  if (!file) failSystem("writeNewFile", name);
  try {
    writeAll(file.get(), bytes.data(), bytes.size(), name);
  } catch (...) {
    ::unlinkat(root.get(), name.c_str(), 0);
    throw;
  }
}

void writeNewFile(const std::string& path, std::string_view bytes, mode_t mode, bool sync) {
  const OwnedFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!file && errno == EEXIST) fail(failure_code::kExists, "writeNewFile", "the file exists already", path);
  if (!file) failSystem("writeNewFile", path);
  try {
    writeAll(file.get(), bytes.data(), bytes.size(), path);
    if (sync) syncFile(file.get(), path);
  } catch (...) {
    ::unlink(path.c_str());
    throw;
  }
}

void replaceFile(const std::string& path, std::string_view bytes, const Deadline& deadline, const Cancel& cancel) {
  constexpr const char* kOperation = "replaceFile";
  const std::string lock = path + ".lock";
  const auto take = [&] { return OwnedFd(::open(lock.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666)); };
  OwnedFd file = take();
  for (BackOff backOff(deadline); !file && errno == EEXIST; file = take()) {
    if (backOff.wait(cancel, kOperation)) continue;
    fail(failure_code::kLocked, kOperation,
         "another process is writing this file; when none is, the lock file beside it may be deleted", lock);
  }
  if (!file) failSystem(kOperation, lock);
  try {
    keepMode(file.get(), path);
    writeAll(file.get(), bytes.data(), bytes.size(), lock);
    if (::rename(lock.c_str(), path.c_str()) != 0) failSystem(kOperation, path);
  } catch (...) {
    ::unlink(lock.c_str());
    throw;
  }
}

void syncDirectory(const std::string& path) {
  const OwnedFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) failSystem("syncDirectory", path);
  // Some network and FUSE filesystems cannot sync a directory and say EINVAL: nothing more can be done there.
  if (::fsync(directory.get()) != 0 && errno != EINVAL && errno != EBADF) failSystem("syncDirectory", path);
}

std::optional<std::string> readSmallFile(const std::string& path, size_t maxBytes) {
  constexpr const char* kOperation = "readSmallFile";
  // O_NONBLOCK: a FIFO in the place of the file must not hold us up.
  const OwnedFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
  if (!file) failSystem(kOperation, path);
  struct stat status;
  if (::fstat(file.get(), &status) != 0) failSystem(kOperation, path);
  if (!S_ISREG(status.st_mode)) fail(failure_code::kInvalid, kOperation, "not a regular file", path);
  const auto tooLong = [&] {
    fail(failure_code::kLimit, kOperation, "larger than " + std::to_string(maxBytes) + " bytes", path);
  };
  if (status.st_size > 0 && static_cast<uint64_t>(status.st_size) > maxBytes) tooLong();
  std::string bytes(static_cast<size_t>(status.st_size) + 1, '\0');  // one more, to see the end without a second round
  size_t size = 0;
  for (;;) {
    const ssize_t got = ::read(file.get(), bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) failSystem(kOperation, path);
    if (got == 0) break;
    size += static_cast<size_t>(got);
    if (size > maxBytes) tooLong();
    if (size == bytes.size()) bytes.resize(bytes.size() * 2);
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace coppice
