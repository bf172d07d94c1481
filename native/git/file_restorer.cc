#include "file_restorer.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "checksum.h"
#include "failure.h"
#include "file_content.h"
#include "mount.h"
#include "random_name.h"

namespace coppice {
namespace {

constexpr const char* kOperation = "reset";
constexpr int kReadFlags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
constexpr int kOverwriteFlags = O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
constexpr size_t kMinBufferBytes = 8u << 10;  // a link's target is shorter
constexpr size_t kMaxBufferBytes = 256u << 10;
constexpr int kMaxAttempts = 8;  // a process that outlived its task may still be putting things in the way

}  // namespace

FreshModes FreshModes::triedIn(const RootDirectory& root) {
  const std::string name = ".coppice-" + randomName();
  if (::mkdirat(root.get(), name.c_str(), 0777) != 0) failSystem(kOperation, root.path());
  struct stat status;
  const bool seen = ::fstatat(root.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
  if (::unlinkat(root.get(), name.c_str(), AT_REMOVEDIR) != 0 || !seen) failSystem(kOperation, root.path());
  return {static_cast<mode_t>(status.st_mode & 07777)};
}

FileRestorer::FileRestorer(Session& session, const RootDirectory& root, const Attributes& attributes,
                           const WorktreeSettings& settings, FreshModes modes, const Cancel& cancel)
    : handle_(session.handle()),
      root_(root),
      attributes_(attributes),
      settings_(settings),
      modes_(modes),
      cancel_(cancel),
      temporaryName_(".coppice-" + randomName()) {}

bool FileRestorer::isRight(const TreeFile& file, FileStat& stat) {
  const OwnedFd directory = root_.openParent(file.path);
  const std::string name(RootDirectory::baseName(file.path));
  struct stat status;
  if (!directory || ::fstatat(directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return false;
  if (file.mode == kModeGitlink) {
    if (!S_ISDIR(status.st_mode)) return false;
  } else if (isLink(file)) {
    if (!S_ISLNK(status.st_mode) || !linkHasTarget(file, directory.get(), name)) return false;
  } else {
    if (!isPlain(file, status)) return false;
    const OwnedFd opened(::openat(directory.get(), name.c_str(), kReadFlags));
    if (!opened || !hasContent(file, opened.get(), status)) return false;
  }
  stat = FileStat::of(status);
  return statOf(directory.get(), name, file.path) == stat;
}

// A second name means that somebody outside can write here: such a file is replaced.
bool FileRestorer::isPlain(const TreeFile& file, const struct stat& status) const {
  return S_ISREG(status.st_mode) && status.st_nlink == 1 &&
         (!settings_.fileMode || (status.st_mode & 07777) == modes_.of(file.mode));
}

bool FileRestorer::linkHasTarget(const TreeFile& file, int directoryFd, const std::string& name) {
  const std::shared_ptr<const std::string> target = handle_->read(file.oid, GIT_OBJECT_BLOB).data;
  buffer_.resize(std::max(buffer_.size(), kMinBufferBytes));
  const ssize_t size = ::readlinkat(directoryFd, name.c_str(), buffer_.data(), buffer_.size());
  return size >= 0 && std::string_view(buffer_.data(), static_cast<size_t>(size)) == target->c_str();
}

bool FileRestorer::hasContent(const TreeFile& file, int fd, const struct stat& status) {
  // Where the bytes are the blob's own, hashing them is cheaper than inflating the blob.
  std::shared_ptr<const std::string> expected;
  if (file.mode != kModeSymlink && attributes_.any() && !attributes_.of(file.path).keepsBlob()) {
    expected = contentOf(*handle_, file, attributes_);
    if (expected->size() != static_cast<uint64_t>(status.st_size)) return false;
  }
  const size_t wanted = std::min(kMaxBufferBytes, static_cast<size_t>(status.st_size));
  buffer_.resize(std::max({buffer_.size(), kMinBufferBytes, wanted}));
  Checksum checksum;
  const std::string header = "blob " + std::to_string(status.st_size);
  checksum.update(std::string_view(header.c_str(), header.size() + 1));  // with the NUL
  uint64_t seen = 0;
  for (const auto size = static_cast<uint64_t>(status.st_size); seen < size;) {
    cancel_.check(kOperation);
    const ssize_t got = ::read(fd, buffer_.data(), buffer_.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 || static_cast<uint64_t>(got) > size - seen) return false;
    const std::string_view piece(buffer_.data(), static_cast<size_t>(got));
    if (expected && expected->compare(seen, piece.size(), piece) != 0) return false;
    if (!expected) checksum.update(piece);
    seen += piece.size();
  }
  if (expected) return true;
  const Checksum::Digest digest = checksum.finish();
  return std::memcmp(digest.data(), file.oid.id, digest.size()) == 0;
}

// The open parent directory of a path, after files and links among its parents are gone.
OwnedFd FileRestorer::makeWay(const std::string& path) {
  OwnedFd parent = root_.openParent(path);
  for (int attempt = 0; !parent && attempt < kMaxAttempts; attempt++) {
    for (size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
      const std::string prefix = path.substr(0, slash);
      const std::string name(RootDirectory::baseName(prefix));
      const OwnedFd holder = root_.openParent(prefix);
      struct stat status;
      if (!holder || ::fstatat(holder.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) break;
      // Another thread may have made the directory meanwhile; then this refuses, and rightly.
      if (!S_ISDIR(status.st_mode)) ::unlinkat(holder.get(), name.c_str(), 0);
    }
    try {
      parent = root_.makeParent(path);
    } catch (const Failure& failure) {
      if (failure.code != failure_code::kUnsafePath || attempt + 1 == kMaxAttempts) throw;
    }
  }
  if (!parent) failSystem(kOperation, path);
  return parent;
}

void FileRestorer::placeOver(int directoryFd, const std::string& from, const std::string& name) {
  for (int attempt = 0; attempt < kMaxAttempts; attempt++) {
    if (::renameat(directoryFd, from.c_str(), directoryFd, name.c_str()) == 0) return;
    if (errno != EISDIR && errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR) break;
    removeTree(directoryFd, name, &cancel_);
  }
  failSystem(kOperation, name);
}

FileStat FileRestorer::put(const TreeFile& file) {
  const OwnedFd directory = makeWay(file.path);
  const std::string name(RootDirectory::baseName(file.path));
  const std::string& temporary = temporaryName_;
  ::unlinkat(directory.get(), temporary.c_str(), 0);  // of an attempt that failed
  try {
    if (file.mode == kModeGitlink) {
      if (::mkdirat(directory.get(), temporary.c_str(), 0777) != 0) failSystem(kOperation, file.path);
      placeOver(directory.get(), temporary, name);
      return statOf(directory.get(), name, file.path);
    }
    if (isLink(file)) {
      const std::shared_ptr<const std::string> target = handle_->read(file.oid, GIT_OBJECT_BLOB).data;
      if (::symlinkat(target->c_str(), directory.get(), temporary.c_str()) != 0) failSystem(kOperation, file.path);
      placeOver(directory.get(), temporary, name);
      return statOf(directory.get(), name, file.path);
    }
    const std::shared_ptr<const std::string> content = contentOf(*handle_, file, attributes_);
    const mode_t mode = file.mode == kModeExecutable ? 0777 : 0666;  // less the umask, as git does
    const OwnedFd opened(
        ::openat(directory.get(), temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
    if (!opened) failSystem(kOperation, file.path);
    writeAll(opened.get(), content->data(), content->size(), file.path);
    placeOver(directory.get(), temporary, name);
    struct stat status;  // after the rename, which changes the ctime
    if (::fstat(opened.get(), &status) != 0) failSystem(kOperation, file.path);
    return FileStat::of(status);
  } catch (...) {
    removeTree(directory.get(), temporary);
    throw;
  }
}

// -1: it cannot be opened.
int FileRestorer::parentOf(const std::string& path) {
  const std::string_view directory = std::string_view(path).substr(0, std::max<size_t>(path.rfind('/') + 1, 1) - 1);
  if (!parent_ || parentPath_ != directory) {
    parent_ = root_.openDirectory(directory);
    parentPath_ = directory;
  }
  return parent_.get();
}

std::optional<FileStat> FileRestorer::overwrite(const TreeFile& file) {
  const int directoryFd = parentOf(file.path);
  if (directoryFd < 0) return std::nullopt;
  const std::string name(RootDirectory::baseName(file.path));
  const OwnedFd opened(::openat(directoryFd, name.c_str(), kOverwriteFlags));
  struct stat status;
  if (!opened || ::fstat(opened.get(), &status) != 0 || !isPlain(file, status)) return std::nullopt;
  if (isInOtherMount(opened.get(), root_.get())) return std::nullopt;  // a single file may be mounted over too
  const std::shared_ptr<const std::string> content = contentOf(*handle_, file, attributes_);
  writeAll(opened.get(), content->data(), content->size(), file.path);
  // Cut only afterwards, and only when it was longer: ext4 writes a file that was emptied to the disk when it is closed.
  const auto size = static_cast<off_t>(content->size());
  if (size < status.st_size && ::ftruncate(opened.get(), size) != 0) failSystem(kOperation, file.path);
  if (::fstat(opened.get(), &status) != 0) failSystem(kOperation, file.path);
  return FileStat::of(status);
}

bool FileRestorer::holds(const TreeFile& file) {
  if (file.mode != kModeFile && file.mode != kModeExecutable) return false;
  const int directoryFd = parentOf(file.path);
  if (directoryFd < 0) return false;
  const std::string name(RootDirectory::baseName(file.path));
  const OwnedFd opened(::openat(directoryFd, name.c_str(), kReadFlags));
  struct stat status;
  return opened && ::fstat(opened.get(), &status) == 0 && isPlain(file, status) &&
         hasContent(file, opened.get(), status);
}

bool FileRestorer::isAbsent(const std::string& path) {
  const int directoryFd = parentOf(path);
  struct stat status;
  return directoryFd >= 0 &&
         ::fstatat(directoryFd, std::string(RootDirectory::baseName(path)).c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 &&
         errno == ENOENT;
}

FileStat FileRestorer::statOf(int directoryFd, const std::string& name, const std::string& path) const {
  struct stat status;
  if (::fstatat(directoryFd, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) failSystem(kOperation, path);
  return FileStat::of(status);
}

}  // namespace coppice
