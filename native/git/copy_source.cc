#include "copy_source.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "admin_directory.h"
#include "checksum.h"
#include "failure.h"

namespace coppice {
namespace {

bool isRegular(uint32_t mode) {
  return mode == kModeFile || mode == kModeExecutable;
}

}  // namespace

std::unique_ptr<CopySource> CopySource::open(const std::string& worktreePath) {
  try {
    const std::optional<std::string> gitDirectory = gitDirectoryOf(worktreePath);
    if (!gitDirectory) return nullptr;
    std::optional<IndexFile> index = IndexFile::read(*gitDirectory + "/index");
    if (!index) return nullptr;
    return std::unique_ptr<CopySource>(new CopySource(worktreePath, *gitDirectory, std::move(*index)));
  } catch (const Failure&) {
    return nullptr;  // copying is an economy; whatever is wrong there is not this operation's concern
  }
}

std::vector<const IndexEntry*> CopySource::entriesFor(const std::vector<TreeFile>& files) const {
  std::vector<const IndexEntry*> found(files.size(), nullptr);
  size_t at = 0;
  for (size_t i = 0; i < files.size(); i++) {
    while (at < index_.entries.size() && index_.entries[at].path < files[i].path)
      at++;
    if (at == index_.entries.size()) break;
    const IndexEntry& entry = index_.entries[at];
    if (entry.path == files[i].path && entry.oid == files[i].oid && isRegular(entry.mode) && isRegular(files[i].mode))
      found[i] = &entry;
  }
  return found;
}

bool CopySource::copy(const IndexEntry& entry, int directoryFd, const char* name, bool verify, int targetFd,
                      std::vector<char>& buffer, const Cancel& cancel) const {
  const OwnedFd file(::openat(directoryFd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat before, after;
  if (!file || ::fstat(file.get(), &before) != 0 || !index_.proves(entry, before)) return false;
  Checksum checksum;
  const std::string header = "blob " + std::to_string(before.st_size);
  checksum.update(std::string_view(header.c_str(), header.size() + 1));  // with the NUL
  const auto size = static_cast<uint64_t>(before.st_size);
  for (uint64_t copied = 0; copied < size;) {
    cancel.check("copyFile");
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    copied += static_cast<uint64_t>(got);
    if (copied > size) return false;
    if (verify) checksum.update(std::string_view(buffer.data(), static_cast<size_t>(got)));
    writeAll(targetFd, buffer.data(), static_cast<size_t>(got), entry.path);
  }
  if (verify) {
    const Checksum::Digest digest = checksum.finish();
    return std::memcmp(digest.data(), entry.oid.id, digest.size()) == 0;
  }
  return ::fstat(file.get(), &after) == 0 && FileStat::of(before) == FileStat::of(after);
}

Attributes CopySource::attributes(Session& session) const {
  return Attributes::ofWorktree(session, gitDirectory_, root_, index_, {});
}

}  // namespace coppice
