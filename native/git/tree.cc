// One tree: its bytes and its entries. Walks over several trees are in tree_walk.cc, edits in tree_edit.cc.
#include "tree.h"

#include <algorithm>

#include "failure.h"
#include "session.h"

namespace coppice {

// 4b825dc642cb6eb9a060e54bf8d69288fbee4904
const Oid kEmptyTreeOid = {{0x4b, 0x82, 0x5d, 0xc6, 0x42, 0xcb, 0x6e, 0xb9, 0xa0, 0x60,
                            0xe5, 0x4b, 0xf8, 0xd6, 0x92, 0x88, 0xfb, 0xee, 0x49, 0x04}};

namespace {

constexpr size_t kMaxTagDepth = 16;

[[noreturn]] void malformed(const Oid& oid, const std::string& why) {
  fail(failure_code::kCorrupt, "tree.parse", "tree " + toHex(oid) + " is malformed: " + why);
}

// The mode as git reads it: any regular file is 644 or 755, so that old trees with 664 compare equal to new ones.
uint32_t canonicalMode(uint32_t mode) {
  switch (mode & 0170000) {
    case 0100000:
      return mode & 0100 ? kModeExecutable : kModeFile;
    case 0120000:
      return kModeSymlink;
    case 0040000:
      return kModeTree;
    case 0160000:
      return kModeGitlink;
    default:
      return 0;
  }
}

// Reads the octal mode and the space behind it; moves `at` to the name.
uint32_t parseMode(std::string_view bytes, size_t& at, const Oid& oid) {
  uint32_t mode = 0;
  const size_t start = at;
  while (at < bytes.size() && bytes[at] >= '0' && bytes[at] <= '7' && at - start < 7) {
    mode = mode << 3 | static_cast<uint32_t>(bytes[at++] - '0');
  }
  if (at == start || at >= bytes.size() || bytes[at] != ' ') malformed(oid, "a mode is not octal");
  at++;
  const uint32_t canonical = canonicalMode(mode);
  if (canonical == 0) malformed(oid, "an unknown mode");
  return canonical;
}

void checkName(std::string_view name, const Oid& oid) {
  if (name.empty()) malformed(oid, "an empty name");
  if (name.find('/') != std::string_view::npos) malformed(oid, "a name with a slash");
  if (name == "." || name == "..") {
    fail(failure_code::kUnsafePath, "tree.parse", "tree " + toHex(oid) + " has an entry named \"" + std::string(name) + "\"");
  }
}

// Both a file and a directory of this name? They need not be neighbours ("a", "a-b", "a/"), but whatever lies between them
// starts with the name, so only such a predecessor is worth the search.
bool repeatsFileName(const std::vector<TreeEntry>& entries, const TreeEntry& directory) {
  if (entries.empty() || entries.back().name.substr(0, directory.name.size()) != directory.name) return false;
  TreeEntry file = directory;
  file.mode = kModeFile;
  const auto before = [](const TreeEntry& a, const TreeEntry& b) { return compareEntries(a, b) < 0; };
  return std::binary_search(entries.begin(), entries.end(), file, before);
}

std::string header(std::string_view text, std::string_view key) {
  if (text.substr(0, key.size()) != key || text.size() <= key.size() || text[key.size()] != ' ') return {};
  const size_t start = key.size() + 1;
  const size_t end = text.find('\n', start);
  return std::string(text.substr(start, end == std::string_view::npos ? end : end - start));
}

}  // namespace

int compareEntries(const TreeEntry& a, const TreeEntry& b) {
  const size_t common = std::min(a.name.size(), b.name.size());
  if (const int order = std::memcmp(a.name.data(), b.name.data(), common)) return order;
  const auto next = [common](const TreeEntry& entry) -> int {
    if (entry.name.size() > common) return static_cast<unsigned char>(entry.name[common]);
    return entry.isTree() ? '/' : 0;
  };
  return next(a) - next(b);
}

std::shared_ptr<const Tree> Tree::parse(std::string bytes, const Oid& oid) {
  auto tree = std::make_shared<Tree>();
  tree->bytes = std::move(bytes);
  const std::string_view view = tree->bytes;
  tree->entries.reserve(view.size() / 36);
  for (size_t at = 0; at < view.size();) {
    TreeEntry entry;
    entry.mode = parseMode(view, at, oid);
    const size_t end = view.find('\0', at);
    if (end == std::string_view::npos || view.size() - end - 1 < sizeof entry.oid.id) malformed(oid, "an entry is cut off");
    entry.name = view.substr(at, end - at);
    checkName(entry.name, oid);
    std::memcpy(entry.oid.id, view.data() + end + 1, sizeof entry.oid.id);
    at = end + 1 + sizeof entry.oid.id;
    if (!tree->entries.empty() && compareEntries(tree->entries.back(), entry) >= 0) malformed(oid, "entries are out of order");
    if (entry.isTree() && repeatsFileName(tree->entries, entry)) malformed(oid, "two entries of one name");
    tree->entries.push_back(entry);
  }
  return tree;
}

const TreeEntry* Tree::find(std::string_view name) const {
  for (const uint32_t mode : {kModeFile, kModeTree}) {
    TreeEntry wanted;
    wanted.name = name;
    wanted.mode = mode;
    const auto before = [](const TreeEntry& a, const TreeEntry& b) { return compareEntries(a, b) < 0; };
    const auto found = std::lower_bound(entries.begin(), entries.end(), wanted, before);
    if (found != entries.end() && found->name == name) return &*found;
  }
  return nullptr;
}

std::string serializeTree(const std::vector<TreeEntry>& entries) {
  size_t size = 0;
  for (const TreeEntry& entry : entries) size += entry.name.size() + 8 + sizeof entry.oid.id;
  std::string bytes;
  bytes.reserve(size);
  for (const TreeEntry& entry : entries) {
    for (int shift = entry.isTree() ? 12 : 15; shift >= 0; shift -= 3) {
      bytes.push_back(static_cast<char>('0' + (entry.mode >> shift & 7)));
    }
    bytes.push_back(' ');
    bytes.append(entry.name);
    bytes.push_back('\0');
    bytes.append(reinterpret_cast<const char*>(entry.oid.id), sizeof entry.oid.id);
  }
  return bytes;
}

TreePtr readTree(Handle& handle, const Oid& treeOid) {
  TreeCache& cache = handle.session().trees();
  if (TreePtr cached = cache.find(treeOid)) return cached;
  // The empty tree is a fact, not an object: git knows it without storing it.
  if (treeOid == kEmptyTreeOid) return std::make_shared<const Tree>();
  TreePtr tree = Tree::parse(*handle.read(treeOid, GIT_OBJECT_TREE).data, treeOid);
  cache.keep(treeOid, tree);
  return tree;
}

Oid treeOfTreeish(Handle& handle, const Oid& treeishOid) {
  Oid oid = treeishOid;
  for (size_t depth = 0; depth < kMaxTagDepth; depth++) {
    if (oid == kEmptyTreeOid) return oid;
    const Handle::Read read = handle.read(oid);
    if (read.type == GIT_OBJECT_TREE) return oid;
    if (read.type == GIT_OBJECT_BLOB) {
      fail(failure_code::kInvalid, "treeOfTreeish", toHex(treeishOid) + " is a file, not a commit or tree");
    }
    if (!parseOid(header(*read.data, read.type == GIT_OBJECT_COMMIT ? "tree" : "object"), oid)) {
      fail(failure_code::kCorrupt, "treeOfTreeish", toHex(oid) + " does not name its tree");
    }
  }
  fail(failure_code::kLimit, "treeOfTreeish", toHex(treeishOid) + " is a tag of a tag of a tag, too deep to follow");
}

Oid writeTree(Handle& handle, const std::vector<TreeEntry>& entries, const Oid* previousOid) {
  std::string bytes = serializeTree(entries);
  const Oid oid = handle.write(GIT_OBJECT_TREE, bytes, previousOid);
  // Whoever wrote it is soon asked about it: a snapshot by its merge, a merge by the next one. By then it may lie in a pack.
  TreeCache& cache = handle.session().trees();
  if (!cache.find(oid)) cache.keep(oid, Tree::parse(std::move(bytes), oid));
  return oid;
}

}  // namespace coppice
