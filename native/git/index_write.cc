// The bytes of an index.
#include <algorithm>
#include <cstring>

#include "checksum.h"
#include "index_bytes.h"
#include "index_file.h"

namespace coppice {
namespace {

// The offset encoding of packs: seven bits a byte, the highest first, each continued byte one more than its bits say.
template <class Bytes>
void appendVarint(Bytes& bytes, uint64_t value) {
  char digits[10];
  int at = 9;
  digits[at] = static_cast<char>(value & 0x7f);
  while (value >>= 7)
    digits[--at] = static_cast<char>(0x80 | (--value & 0x7f));
  bytes.append(digits + at, 10 - at);
}

bool isExtended(const IndexEntry& entry) {
  return entry.skipWorktree || entry.intentToAdd;
}

template <class Bytes>
void appendFixedPart(Bytes& bytes, const IndexEntry& entry) {
  const FileStat& s = entry.stat;
  for (const uint32_t value : {s.ctimeSeconds, s.ctimeNanoseconds, s.mtimeSeconds, s.mtimeNanoseconds, s.device,
                               s.inode, entry.mode, s.uid, s.gid, s.size})
    append32(bytes, value);
  bytes.append(reinterpret_cast<const char*>(entry.oid.id), 20);
  uint16_t flags = static_cast<uint16_t>(std::min<size_t>(entry.path.size(), index_flag::kNameMask));
  flags |= static_cast<uint16_t>((entry.stage << index_flag::kStageShift) & index_flag::kStageMask);
  if (entry.assumeUnchanged) flags |= index_flag::kAssumeUnchanged;
  if (isExtended(entry)) flags |= index_flag::kExtended;
  append16(bytes, flags);
  if (!isExtended(entry)) return;
  append16(bytes, static_cast<uint16_t>((entry.skipWorktree ? index_flag::kExtendedSkipWorktree : 0) |
                                        (entry.intentToAdd ? index_flag::kExtendedIntentToAdd : 0)));
}

template <class Bytes>
void appendCompressedPath(Bytes& bytes, const std::string& path, std::string_view before) {
  const auto differ = std::mismatch(path.begin(), path.end(), before.begin(), before.end());
  appendVarint(bytes, static_cast<uint64_t>(before.end() - differ.second));
  bytes.append(differ.first, path.end());
  bytes.push_back('\0');
}

template <class Bytes>
void appendExtension(Bytes& bytes, const char* signature, const std::string& data) {
  bytes.append(signature, 4);
  append32(bytes, static_cast<uint32_t>(data.size()));
  bytes += data;
}

// FSMN and UNTR describe the worktree at the last write, EOIE and IEOT the offsets in that very file.
bool isStale(const IndexFile::Extension& extension) {
  for (const char* signature : {"FSMN", "UNTR", "EOIE", "IEOT"}) {
    if (std::memcmp(extension.signature, signature, 4) == 0) return true;
  }
  return false;
}

}  // namespace

template <class Bytes>
void appendIndexHeader(Bytes& bytes, uint32_t version, size_t entries) {
  bytes += "DIRC";
  append32(bytes, version);
  append32(bytes, static_cast<uint32_t>(entries));
}

template <class Bytes>
void appendIndexEntry(Bytes& bytes, const IndexEntry& entry, uint32_t version, std::string_view before) {
  const size_t start = bytes.size();
  appendFixedPart(bytes, entry);
  if (version == 4) {
    appendCompressedPath(bytes, entry.path, before);
  } else {
    bytes += entry.path;
    bytes.append(8 - (bytes.size() - start) % 8, '\0');
  }
}

template <class Bytes>
void appendIndexEnd(Bytes& bytes, const std::optional<std::string>& treeExtension,
                    const std::vector<IndexFile::Extension>& optionalExtensions) {
  if (treeExtension) appendExtension(bytes, "TREE", *treeExtension);
  for (const IndexFile::Extension& extension : optionalExtensions) {
    if (!isStale(extension)) appendExtension(bytes, extension.signature, extension.data);
  }
  const Checksum::Digest digest = Checksum::of(bytes);
  bytes.append(reinterpret_cast<const char*>(digest.data()), digest.size());
}

template void appendIndexHeader(std::string&, uint32_t, size_t);
template void appendIndexEntry(std::string&, const IndexEntry&, uint32_t, std::string_view);
template void appendIndexEnd(std::string&, const std::optional<std::string>&, const std::vector<IndexFile::Extension>&);
template void appendIndexHeader(PageString&, uint32_t, size_t);
template void appendIndexEntry(PageString&, const IndexEntry&, uint32_t, std::string_view);
template void appendIndexEnd(PageString&, const std::optional<std::string>&, const std::vector<IndexFile::Extension>&);

PageString serializeIndex(const IndexFile& index) {
  const bool extended = std::any_of(index.entries.begin(), index.entries.end(), isExtended);
  const uint32_t version = index.version == 4 ? 4 : extended ? 3 : index.version;
  PageString bytes;
  size_t estimate = 64 + (index.treeExtension ? index.treeExtension->size() : 0);
  for (const IndexEntry& entry : index.entries)
    estimate += 72 + entry.path.size();
  bytes.reserve(estimate);
  appendIndexHeader(bytes, version, index.entries.size());
  std::string_view before;
  for (const IndexEntry& entry : index.entries) {
    appendIndexEntry(bytes, entry, version, before);
    before = entry.path;
  }
  appendIndexEnd(bytes, index.treeExtension, index.optionalExtensions);
  return bytes;
}

}  // namespace coppice
