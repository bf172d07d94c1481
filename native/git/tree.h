// Git trees as sorted entries: parsing, writing, comparing, and a bounded cache of parsed ones.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cancel.h"
#include "oid.h"
#include "types.h"

namespace coppice {

struct TreeEntry {
  std::string_view name;  // points into the tree's bytes
  uint32_t mode = 0;
  Oid oid{};

  bool isTree() const { return mode == kModeTree; }
};

inline bool sameObject(const TreeEntry& a, const TreeEntry& b) { return a.mode == b.mode && a.oid == b.oid; }

// Git's order: a directory sorts as if its name ended with '/'. Zero only for the same name and the same kind.
int compareEntries(const TreeEntry& a, const TreeEntry& b);

struct Tree {
  std::string bytes;
  std::vector<TreeEntry> entries;

  // Parses untrusted bytes: every length is checked, unsafe names ("", ".", "..", with '/') and disorder are refused with
  // CORRUPT / UNSAFE_PATH.
  static std::shared_ptr<const Tree> parse(std::string bytes, const Oid& oid);

  // nullptr when there is no entry of that name (of either kind).
  const TreeEntry* find(std::string_view name) const;
};
using TreePtr = std::shared_ptr<const Tree>;

// The bytes of a tree object. `entries` are sorted by compareEntries.
std::string serializeTree(const std::vector<TreeEntry>& entries);

extern const Oid kEmptyTreeOid;

class Handle;

// Reads a tree through the session's cache. Throws NOT_FOUND or CORRUPT.
TreePtr readTree(Handle& handle, const Oid& treeOid);

// Accepts a commit, tree (or tag of one) and gives the tree's oid.
Oid treeOfTreeish(Handle& handle, const Oid& treeishOid);

// Writes a tree into the session's store; the empty tree too. `previousOid`: the version it grew from, a hint for deltas.
Oid writeTree(Handle& handle, const std::vector<TreeEntry>& entries, const Oid* previousOid = nullptr);

// One file (blob, symlink or gitlink) of a tree, in path order of git's index (byte order of the whole path).
struct TreeFile {
  std::string path;
  uint32_t mode = 0;
  Oid oid{};
};
// All files of a tree in index order, or the first `atMost` of them. Depth and count are bounded (LIMIT).
std::vector<TreeFile> listTree(Handle& handle, const Oid& treeOid, const Cancel& cancel, size_t atMost = SIZE_MAX);

// Changed files between two trees, sorted by path, without rename detection; equal subtrees are not read.
std::vector<Change> diffTrees(Handle& handle, const Oid& oldTreeOid, const Oid& newTreeOid, const Cancel& cancel);

// A new version of a tree with some files set or removed; directories that become empty vanish. Throws INVALID when an
// edit would place a file where a directory stays, or below a file.
struct TreeEdit {
  std::string path;
  uint32_t mode = 0;  // 0: remove (removing what is not there is fine)
  Oid oid{};
};
Oid editTree(Handle& handle, const Oid& treeOid, std::vector<TreeEdit> edits, const Cancel& cancel);

}  // namespace coppice
