// Walks over whole trees: all files of one, the changed files between two. Both go in git's tree order, which is the byte
// order of the full paths, so nothing is sorted afterwards.
#include "failure.h"
#include "session.h"
#include "tree.h"

namespace coppice {

namespace {

constexpr size_t kMaxDepth = 2048;          // a path of this depth is longer than any system accepts
constexpr size_t kMaxFiles = 20'000'000;    // of one listing or comparison

void checkDepth(size_t depth, const char* operation) {
  if (depth > kMaxDepth) fail(failure_code::kLimit, operation, "directories are nested deeper than 2,048 levels");
}

// Keeps the path of the directory in which a walk is.
class Prefix {
 public:
  Prefix(std::string& path, std::string_view name) : path_(path), size_(path.size()) {
    path_.append(name);
    path_.push_back('/');
  }
  ~Prefix() { path_.resize(size_); }
  Prefix(const Prefix&) = delete;
  Prefix& operator=(const Prefix&) = delete;

 private:
  std::string& path_;
  size_t size_;
};

class Listing {
 public:
  Listing(Handle& handle, const Cancel& cancel, size_t atMost) : handle_(handle), cancel_(cancel), atMost_(atMost) {}

  void walk(const Oid& treeOid, size_t depth) {
    checkDepth(depth, "listTree");
    cancel_.check("listTree");
    const TreePtr tree = readTree(handle_, treeOid);
    for (const TreeEntry& entry : tree->entries) {
      if (files.size() >= atMost_) return;
      if (entry.isTree()) {
        const Prefix prefix(path_, entry.name);
        walk(entry.oid, depth + 1);
        continue;
      }
      if (files.size() >= kMaxFiles) fail(failure_code::kLimit, "listTree", "a tree of more than 20 million files");
      files.push_back({path_ + std::string(entry.name), entry.mode, entry.oid});
    }
  }

  std::vector<TreeFile> files;

 private:
  Handle& handle_;
  const Cancel& cancel_;
  size_t atMost_;
  std::string path_;
};

class Comparison {
 public:
  Comparison(Handle& handle, const Cancel& cancel) : handle_(handle), cancel_(cancel) {}

  // Either side may be missing.
  void walk(const Oid* oldOid, const Oid* newOid, size_t depth) {
    checkDepth(depth, "diffTrees");
    cancel_.check("diffTrees");
    const TreePtr oldTree = oldOid ? readTree(handle_, *oldOid) : std::make_shared<const Tree>();
    const TreePtr newTree = newOid ? readTree(handle_, *newOid) : std::make_shared<const Tree>();
    auto a = oldTree->entries.begin();
    auto b = newTree->entries.begin();
    while (a != oldTree->entries.end() || b != newTree->entries.end()) {
      const int order = a == oldTree->entries.end() ? 1 : b == newTree->entries.end() ? -1 : compareEntries(*a, *b);
      compare(order <= 0 ? &*a : nullptr, order >= 0 ? &*b : nullptr, depth);
      if (order <= 0) ++a;
      if (order >= 0) ++b;
    }
  }

  std::vector<Change> changes;

 private:
  // Entries of the same name and kind, or one of them.
  void compare(const TreeEntry* before, const TreeEntry* after, size_t depth) {
    if (before && after && sameObject(*before, *after)) return;
    const TreeEntry& any = before ? *before : *after;
    if (any.isTree()) {
      const Prefix prefix(path_, any.name);
      walk(before ? &before->oid : nullptr, after ? &after->oid : nullptr, depth + 1);
      return;
    }
    if (changes.size() >= kMaxFiles) fail(failure_code::kLimit, "diffTrees", "more than 20 million changed files");
    Change change;
    change.path = path_ + std::string(any.name);
    if (before) {
      change.oldMode = before->mode;
      change.oldOid = before->oid;
    }
    if (after) {
      change.newMode = after->mode;
      change.newOid = after->oid;
    }
    changes.push_back(std::move(change));
  }

  Handle& handle_;
  const Cancel& cancel_;
  std::string path_;
};

}  // namespace

std::vector<TreeFile> listTree(Handle& handle, const Oid& treeOid, const Cancel& cancel, size_t atMost) {
  Listing listing(handle, cancel, atMost);
  listing.walk(treeOid, 0);
  return std::move(listing.files);
}

std::vector<Change> diffTrees(Handle& handle, const Oid& oldTreeOid, const Oid& newTreeOid, const Cancel& cancel) {
  Comparison comparison(handle, cancel);
  if (oldTreeOid != newTreeOid) comparison.walk(&oldTreeOid, &newTreeOid, 0);
  return std::move(comparison.changes);
}

}  // namespace coppice
