// The TREE extension (git's cache tree): for each directory the number of entries below it and its tree's oid, so that
// `git status` and `git write-tree` need not compute them. A directory that changed has -1 entries and no oid.
#include <cstring>
#include <memory>

#include "cached_tree.h"
#include "failure.h"
#include "index_bytes.h"
#include "index_file.h"
#include "tree.h"

namespace coppice {
namespace {

constexpr unsigned kMaxDepth = 1024;
constexpr const char* kOperation = "indexFile.treeExtension";

// Decimal digits, "-1" only as a whole. False for anything that git would not have written.
bool parseCount(std::string_view text, bool minusOne, long& value) {
  if (minusOne && text == "-1") {
    value = -1;
    return true;
  }
  if (text.empty() || text.size() > 10) return false;
  value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + (c - '0');
  }
  return true;
}

std::unique_ptr<CachedTree> parseNode(ByteReader& reader, unsigned depth) {
  auto node = std::make_unique<CachedTree>();
  std::string_view name, entries, children, oid;
  long childCount = 0;
  if (depth > kMaxDepth || !reader.takeUntil('\0', name) || !reader.takeUntil(' ', entries) ||
      !reader.takeUntil('\n', children))
    return nullptr;
  if (!parseCount(entries, true, node->entries) || !parseCount(children, false, childCount)) return nullptr;
  if (node->entries >= 0 && !reader.take(20, oid)) return nullptr;
  node->name = name;
  if (!oid.empty()) std::memcpy(node->oid.id, oid.data(), sizeof node->oid.id);
  for (long i = 0; i < childCount; i++) {
    node->children.push_back(parseNode(reader, depth + 1));
    if (!node->children.back()) return nullptr;
  }
  return node;
}

void appendNode(const CachedTree& node, std::string& data) {
  data += node.name;
  data.push_back('\0');
  data += std::to_string(node.entries) + ' ' + std::to_string(node.children.size()) + '\n';
  if (node.entries >= 0) data.append(reinterpret_cast<const char*>(node.oid.id), sizeof node.oid.id);
  for (const auto& child : node.children)
    appendNode(*child, data);
}

void invalidate(CachedTree& root, const std::string& path) {
  CachedTree* node = &root;
  for (size_t start = 0;;) {
    node->entries = -1;
    const size_t slash = path.find('/', start);
    const std::string_view name =
        std::string_view(path).substr(start, slash == std::string::npos ? slash : slash - start);
    auto& children = node->children;
    size_t at = 0;
    while (at < children.size() && children[at]->name != name)
      at++;
    if (at == children.size()) return;
    if (slash == std::string::npos) {  // a file stands, or stood, where a directory was
      children.erase(children.begin() + static_cast<std::ptrdiff_t>(at));
      return;
    }
    node = children[at].get();
    start = slash + 1;
  }
}

// Appends the node of a tree and of all below it; returns the number of index entries they cover. `old`: the same directory
// in another tree, or nullptr.
long appendTree(Handle& handle, const Oid& treeOid, std::string_view name, unsigned depth, const Cancel& cancel,
                const CachedTree* old, std::string& data) {
  cancel.check(kOperation);
  if (old && old->entries >= 0 && old->oid == treeOid) {
    appendNode(*old, data);
    return old->entries;
  }
  if (depth > kMaxDepth) fail(failure_code::kLimit, kOperation, "directories are nested more than 1,024 deep");
  const TreePtr tree = readTree(handle, treeOid);
  std::string below;
  long entries = 0;
  size_t subtrees = 0;
  size_t known = 0;  // both name directories in the order of trees, where we wrote both
  for (const TreeEntry& entry : tree->entries) {
    if (entry.isTree()) {
      const CachedTree* before = nullptr;
      if (old) {
        while (known < old->children.size() && compareEntries({old->children[known]->name, kModeTree, {}}, entry) < 0)
          known++;
        if (known < old->children.size() && old->children[known]->name == entry.name) before = old->children[known].get();
      }
      entries += appendTree(handle, entry.oid, entry.name, depth + 1, cancel, before, below);
      subtrees++;
    } else {
      entries++;
    }
  }
  data += name;
  data.push_back('\0');
  data += std::to_string(entries) + ' ' + std::to_string(subtrees) + '\n';
  data.append(reinterpret_cast<const char*>(treeOid.id), 20);
  data += below;
  return entries;
}

}  // namespace

std::string treeExtensionFor(Handle& handle, const Oid& treeOid, const Cancel& cancel, const CachedTree* old) {
  std::string data;
  appendTree(handle, treeOid, "", 0, cancel, old, data);
  return data;
}

std::unique_ptr<CachedTree> parseTreeExtension(std::string_view data) {
  ByteReader reader(data);
  std::unique_ptr<CachedTree> root = parseNode(reader, 0);
  return reader.left() > 0 ? nullptr : std::move(root);
}

std::optional<std::string> invalidateTreeExtension(const std::string& data, const std::vector<std::string>& paths) {
  const std::unique_ptr<CachedTree> root = parseTreeExtension(data);
  if (!root) return std::nullopt;
  for (const std::string& path : paths)
    invalidate(*root, path);
  std::string changed;
  changed.reserve(data.size());
  appendNode(*root, changed);
  return changed;
}

}  // namespace coppice
