// Git's index file, read and written without libgit2: libgit2 drops what it does not know and re-stats what it should
// not. Versions 2, 3 and 4 are read; unknown required extensions, split and sparse indexes are refused
// (UNSUPPORTED_REPOSITORY).
#pragma once

#include <sys/stat.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cancel.h"
#include "oid.h"
#include "page_allocator.h"
#include "session.h"

namespace coppice {

struct CachedTree;

// The stat fields that git compares, in the index's widths (32 bits each).
struct FileStat {
  uint32_t ctimeSeconds = 0, ctimeNanoseconds = 0;
  uint32_t mtimeSeconds = 0, mtimeNanoseconds = 0;
  uint32_t device = 0, inode = 0;
  uint32_t uid = 0, gid = 0;
  uint32_t size = 0;

  static FileStat of(const struct stat& status);
};
bool operator==(const FileStat& a, const FileStat& b);
inline bool operator!=(const FileStat& a, const FileStat& b) {
  return !(a == b);
}

struct IndexEntry {
  std::string path;
  uint32_t mode = 0;
  Oid oid{};
  FileStat stat;
  uint8_t stage = 0;
  bool assumeUnchanged = false;
  bool skipWorktree = false;
  bool intentToAdd = false;
  uint32_t offset = 0;  // where it began in the bytes that it was read from
};

struct IndexFile {
  uint32_t version = 2;
  std::vector<IndexEntry> entries;  // sorted by path, then stage
  uint32_t mtimeSeconds = 0,
           mtimeNanoseconds = 0;  // of the file when it was read: entries not older than this are racy
  struct Extension {
    char signature[4];
    std::string data;
  };
  std::vector<Extension> optionalExtensions;  // kept as bytes (REUC, UNTR, ...); TREE is kept apart
  std::optional<std::string> treeExtension;
  // As it was read, and where the last entry ended; changes of the fields above do not show in it. Null: it was not read.
  std::shared_ptr<const PageString> source;
  uint32_t sourceEnd = 0;

  // nullopt: there is no such file. Throws CORRUPT, UNSUPPORTED_REPOSITORY.
  static std::optional<IndexFile> read(const std::string& path);

  const IndexEntry* find(const std::string& path) const;  // stage 0

  // Whether the file may have changed after its entry was taken, without the entry's stat showing it.
  bool isRacy(const IndexEntry& entry) const;

  // Whether the entry alone proves that the file on disk still has its content: same stat, same kind and mode, not
  // racy, neither assume-unchanged nor skip-worktree nor intent-to-add.
  bool proves(const IndexEntry& entry, const struct stat& status) const;
};

// The bytes of an index with the checksum at the end: the same version (3 instead of 2 where an entry needs it),
// without the extensions that would not be true any more (FSMN, UNTR, EOIE, IEOT).
PageString serializeIndex(const IndexFile& index);

// The pieces of it, as std::string or PageString. `before`: the path of the entry before, which version 4 builds on.
template <class Bytes>
void appendIndexHeader(Bytes& bytes, uint32_t version, size_t entries);
template <class Bytes>
void appendIndexEntry(Bytes& bytes, const IndexEntry& entry, uint32_t version, std::string_view before);
template <class Bytes>
void appendIndexEnd(Bytes& bytes, const std::optional<std::string>& treeExtension,
                    const std::vector<IndexFile::Extension>& optionalExtensions);

// The TREE extension for a tree whose files the index holds exactly. `old`: that of another tree, from which the directories
// that are equal are taken.
std::string treeExtensionFor(Handle& handle, const Oid& treeOid, const Cancel& cancel, const CachedTree* old = nullptr);

// Marks `path` and all its parents as invalid in a TREE extension; nullopt when it cannot be parsed (then drop it).
std::optional<std::string> invalidateTreeExtension(const std::string& data, const std::vector<std::string>& paths);

}  // namespace coppice
