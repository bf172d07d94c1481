// Reading an index: header, entries of versions 2, 3 and 4, extensions, checksum. See index_write.cc for the way back.
#include "index_file.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "checksum.h"
#include "failure.h"
#include "index_bytes.h"
#include "owned.h"

namespace coppice {
namespace {

constexpr const char* kOperation = "indexFile.read";
constexpr uint64_t kMaxIndexBytes = uint64_t{2} << 30;
constexpr size_t kMinEntryBytes = 63;  // of version 4 with an empty suffix; bounds the number of entries

#ifdef __APPLE__
const timespec& changeTime(const struct stat& status) {
  return status.st_ctimespec;
}
const timespec& modificationTime(const struct stat& status) {
  return status.st_mtimespec;
}
#else
const timespec& changeTime(const struct stat& status) {
  return status.st_ctim;
}
const timespec& modificationTime(const struct stat& status) {
  return status.st_mtim;
}
#endif

PageString readWhole(int fd, uint64_t size, const std::string& path) {
  if (size > kMaxIndexBytes) fail(failure_code::kLimit, kOperation, "the index is larger than 2 GiB", path);
  PageString bytes(size, '\0');
  for (size_t at = 0; at < bytes.size();) {
    const ssize_t got = ::read(fd, bytes.data() + at, bytes.size() - at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) failSystem(kOperation, path);
    if (got == 0) fail(failure_code::kCorrupt, kOperation, "the index became shorter while it was read", path);
    at += static_cast<size_t>(got);
  }
  return bytes;
}

class IndexParser {
 public:
  IndexParser(std::string_view bytes, const std::string& path) : bytes_(bytes), reader_(content(bytes)), path_(path) {}

  void parse(IndexFile& index) {
    checkTrailer();
    uint32_t count = 0;
    std::string_view signature;
    if (!reader_.take(4, signature) || signature != "DIRC" || !reader_.take32(index.version) || !reader_.take32(count))
      corrupt("not an index");
    if (index.version < 2 || index.version > 4)
      unsupported("index version " + std::to_string(index.version) + " is not known");
    if (count > reader_.left() / kMinEntryBytes) corrupt("more entries than the file can hold");
    index.entries.reserve(count);
    for (uint32_t i = 0; i < count; i++)
      parseEntry(index);
    index.sourceEnd = static_cast<uint32_t>(reader_.position());
    while (reader_.left() > 0)
      parseExtension(index);
    if (pathless_) corrupt("an entry without a path");
  }

 private:
  static std::string_view content(std::string_view bytes) {
    return bytes.size() < 20 ? std::string_view() : bytes.substr(0, bytes.size() - 20);
  }

  [[noreturn]] void corrupt(const std::string& message) const {
    fail(failure_code::kCorrupt, kOperation, message, path_);
  }
  [[noreturn]] void unsupported(const std::string& message) const {
    fail(failure_code::kUnsupportedRepository, kOperation, message, path_);
  }

  void checkTrailer() const {
    if (bytes_.size() < 32) corrupt("the index is too short");
    const std::string_view trailer = bytes_.substr(bytes_.size() - 20);
    if (trailer.find_first_not_of('\0') == std::string_view::npos) return;  // index.skipHash
    const Checksum::Digest digest = Checksum::of(content(bytes_));
    if (std::memcmp(digest.data(), trailer.data(), digest.size()) != 0) corrupt("the checksum of the index is wrong");
  }

  void parseEntry(IndexFile& index) {
    const size_t start = reader_.position();
    IndexEntry entry;
    entry.offset = static_cast<uint32_t>(start);
    FileStat& s = entry.stat;
    std::string_view oid;
    uint16_t flags = 0;
    const bool whole = reader_.take32(s.ctimeSeconds) && reader_.take32(s.ctimeNanoseconds) &&
                       reader_.take32(s.mtimeSeconds) && reader_.take32(s.mtimeNanoseconds) &&
                       reader_.take32(s.device) && reader_.take32(s.inode) && reader_.take32(entry.mode) &&
                       reader_.take32(s.uid) && reader_.take32(s.gid) && reader_.take32(s.size) &&
                       reader_.take(20, oid) && reader_.take16(flags);
    if (!whole) corrupt("an entry is cut off");
    std::memcpy(entry.oid.id, oid.data(), 20);
    entry.assumeUnchanged = flags & index_flag::kAssumeUnchanged;
    entry.stage = static_cast<uint8_t>((flags & index_flag::kStageMask) >> index_flag::kStageShift);
    if (flags & index_flag::kExtended) parseExtendedFlags(index, entry);
    if (entry.mode == kModeTree)
      unsupported("a sparse index is not supported; `git sparse-checkout disable` expands it");
    index.version == 4 ? parseCompressedPath(index, entry) : parsePaddedPath(entry, flags, start);
    pathless_ = pathless_ || entry.path.empty();
    if (!pathless_) requireOrder(index, entry);
    index.entries.push_back(std::move(entry));
  }

  void parseExtendedFlags(const IndexFile& index, IndexEntry& entry) {
    uint16_t extended = 0;
    if (index.version < 3 || !reader_.take16(extended)) corrupt("an entry's flags are wrong");
    constexpr uint16_t kKnown = index_flag::kExtendedSkipWorktree | index_flag::kExtendedIntentToAdd;
    if (extended & ~kKnown) unsupported("an index entry has flags that are not known");
    entry.skipWorktree = extended & index_flag::kExtendedSkipWorktree;
    entry.intentToAdd = extended & index_flag::kExtendedIntentToAdd;
  }

  void parsePaddedPath(IndexEntry& entry, uint16_t flags, size_t start) {
    std::string_view path;
    if (!reader_.takeUntil('\0', path)) corrupt("a path is cut off");
    const size_t stated = flags & index_flag::kNameMask;
    if (stated < index_flag::kNameMask ? path.size() != stated : path.size() < stated)
      corrupt("a path is not as long as its entry says");
    entry.path = path;
    std::string_view padding;  // one NUL is taken already
    if (!reader_.take((8 - (reader_.position() - start) % 8) % 8, padding)) corrupt("an entry's padding is cut off");
  }

  void parseCompressedPath(const IndexFile& index, IndexEntry& entry) {
    uint64_t dropped = 0;
    std::string_view suffix;
    if (!reader_.takeVarint(dropped) || !reader_.takeUntil('\0', suffix)) corrupt("a path is cut off");
    if (!index.entries.empty()) entry.path = index.entries.back().path;
    if (dropped > entry.path.size()) corrupt("a path refers to more of the path before than there is");
    entry.path.resize(entry.path.size() - dropped);
    entry.path += suffix;
    if (entry.path.size() > (1u << 16)) corrupt("a path is longer than 65,536 bytes");
  }

  void requireOrder(const IndexFile& index, const IndexEntry& entry) const {
    if (index.entries.empty()) return;
    const IndexEntry& before = index.entries.back();
    const int order = before.path.compare(entry.path);
    if (order > 0 || (order == 0 && before.stage >= entry.stage)) corrupt("the entries are not in order");
  }

  void parseExtension(IndexFile& index) {
    std::string_view signature, data;
    uint32_t size = 0;
    if (!reader_.take(4, signature) || !reader_.take32(size) || !reader_.take(size, data))
      corrupt("an extension is cut off");
    if (signature == "TREE") {
      index.treeExtension = std::string(data);
      return;
    }
    if (signature == "link")
      unsupported("a split index is not supported; `git update-index --no-split-index` joins it");
    if (signature == "sdir") unsupported("a sparse index is not supported; `git sparse-checkout disable` expands it");
    if (signature[0] < 'A' || signature[0] > 'Z')
      unsupported("the index has an extension that is not known: " + std::string(signature));
    IndexFile::Extension extension{{}, std::string(data)};
    std::memcpy(extension.signature, signature.data(), 4);
    index.optionalExtensions.push_back(std::move(extension));
  }

  std::string_view bytes_;
  ByteReader reader_;
  const std::string& path_;
  bool pathless_ = false;  // damage, or a split index, which its extension will say
};

bool sameTime(uint32_t seconds, uint32_t nanoseconds, uint32_t otherSeconds, uint32_t otherNanoseconds) {
  return seconds == otherSeconds && nanoseconds == otherNanoseconds;
}

}  // namespace

FileStat FileStat::of(const struct stat& status) {
  FileStat s;
  s.ctimeSeconds = static_cast<uint32_t>(changeTime(status).tv_sec);
  s.ctimeNanoseconds = static_cast<uint32_t>(changeTime(status).tv_nsec);
  s.mtimeSeconds = static_cast<uint32_t>(modificationTime(status).tv_sec);
  s.mtimeNanoseconds = static_cast<uint32_t>(modificationTime(status).tv_nsec);
  s.device = static_cast<uint32_t>(status.st_dev);
  s.inode = static_cast<uint32_t>(status.st_ino);
  s.uid = static_cast<uint32_t>(status.st_uid);
  s.gid = static_cast<uint32_t>(status.st_gid);
  s.size = static_cast<uint32_t>(status.st_size);
  return s;
}

bool operator==(const FileStat& a, const FileStat& b) {
  return sameTime(a.ctimeSeconds, a.ctimeNanoseconds, b.ctimeSeconds, b.ctimeNanoseconds) &&
         sameTime(a.mtimeSeconds, a.mtimeNanoseconds, b.mtimeSeconds, b.mtimeNanoseconds) && a.device == b.device &&
         a.inode == b.inode && a.uid == b.uid && a.gid == b.gid && a.size == b.size;
}

std::optional<IndexFile> IndexFile::read(const std::string& path) {
  const OwnedFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file && errno == ENOENT) return std::nullopt;
  if (!file) failSystem(kOperation, path);
  struct stat status;
  if (::fstat(file.get(), &status) != 0) failSystem(kOperation, path);
  if (!S_ISREG(status.st_mode)) fail(failure_code::kCorrupt, kOperation, "the index is not a regular file", path);
  IndexFile index;
  index.source = std::make_shared<const PageString>(readWhole(file.get(), static_cast<uint64_t>(status.st_size), path));
  IndexParser(*index.source, path).parse(index);
  const FileStat own = FileStat::of(status);
  index.mtimeSeconds = own.mtimeSeconds;
  index.mtimeNanoseconds = own.mtimeNanoseconds;
  return index;
}

const IndexEntry* IndexFile::find(const std::string& path) const {
  const auto found =
      std::lower_bound(entries.begin(), entries.end(), path,
                       [](const IndexEntry& entry, const std::string& wanted) { return entry.path < wanted; });
  return found != entries.end() && found->path == path && found->stage == 0 ? &*found : nullptr;
}

bool IndexFile::isRacy(const IndexEntry& entry) const {
  // A clock without nanoseconds (some filesystems, some writers of indexes) proves nothing within its second.
  if (entry.stat.mtimeNanoseconds == 0 || mtimeNanoseconds == 0) return entry.stat.mtimeSeconds >= mtimeSeconds;
  return entry.stat.mtimeSeconds > mtimeSeconds ||
         (entry.stat.mtimeSeconds == mtimeSeconds && entry.stat.mtimeNanoseconds >= mtimeNanoseconds);
}

bool IndexFile::proves(const IndexEntry& entry, const struct stat& status) const {
  if (entry.assumeUnchanged || entry.skipWorktree || entry.intentToAdd || entry.stage != 0) return false;
  if (entry.mode == kModeSymlink ? !S_ISLNK(status.st_mode) : !S_ISREG(status.st_mode)) return false;
  if (entry.mode != kModeSymlink && (entry.mode == kModeExecutable) != ((status.st_mode & S_IXUSR) != 0)) return false;
  if (entry.mode != kModeSymlink && entry.mode != kModeExecutable && entry.mode != kModeFile) return false;
  FileStat now = FileStat::of(status);
  now.device = entry.stat.device;  // changes with each mount of some filesystems; git does not compare it either
  return now == entry.stat && !isRacy(entry);
}

}  // namespace coppice
