#include "index_difference.h"

#include <algorithm>

#include "cached_tree.h"
#include "failure.h"
#include "session.h"

namespace coppice {

namespace {

constexpr const char* kOperation = "snapshot.compareIndex";
constexpr size_t kMaxDepth = 2048;  // a path of this depth is longer than any system accepts

class Difference {
 public:
  Difference(Handle& handle, const IndexFile& index, const Cancel& cancel)
      : handle_(handle), entries_(index.entries), cancel_(cancel) {}

  // The entries from..to are those below `prefix` ("" or with its final slash). `treeOid` null: the tree has no such
  // directory.
  void directory(const Oid* treeOid, const std::string& prefix, size_t from, size_t to, const CachedTree* cached,
                 size_t depth) {
    cancel_.check(kOperation);
    if (depth > kMaxDepth) fail(failure_code::kLimit, kOperation, "directories are nested deeper than 2,048 levels");
    if (cached && treeOid && cached->entries == static_cast<long>(to - from) && cached->oid == *treeOid) return;
    const TreePtr tree = treeOid ? readTree(handle_, *treeOid) : std::make_shared<const Tree>();
    auto inTree = tree->entries.begin();
    const auto removeUpTo = [&](const TreeEntry* indexed) {
      while (inTree != tree->entries.end() && (indexed == nullptr || compareEntries(*inTree, *indexed) < 0))
        removed(prefix, *inTree++, depth);
    };
    while (from < to) {
      const IndexEntry& entry = entries_[from];
      const std::string_view rest = std::string_view(entry.path).substr(prefix.size());
      const size_t slash = rest.find('/');
      TreeEntry indexed;
      indexed.name = rest.substr(0, slash);
      indexed.mode = slash == std::string_view::npos ? entry.mode : kModeTree;
      indexed.oid = entry.oid;
      if (!indexed.isTree() && (entry.stage != 0 || entry.intentToAdd)) {
        from++;
        continue;
      }
      removeUpTo(&indexed);
      const bool both = inTree != tree->entries.end() && compareEntries(*inTree, indexed) == 0;
      if (indexed.isTree()) {
        const std::string below = prefix + std::string(indexed.name) + '/';
        const size_t end = endOf(below, from, to);
        directory(both ? &inTree->oid : nullptr, below, from, end, cached ? cached->child(indexed.name) : nullptr,
                  depth + 1);
        from = end;
      } else {
        if (!both || !sameObject(*inTree, indexed)) edits_.push_back({entry.path, entry.mode, entry.oid});
        from++;
      }
      if (both) ++inTree;
    }
    removeUpTo(nullptr);
  }

  std::vector<TreeEdit> take() {
    std::sort(edits_.begin(), edits_.end(), [](const TreeEdit& a, const TreeEdit& b) { return a.path < b.path; });
    return std::move(edits_);
  }

 private:
  size_t endOf(const std::string& below, size_t from, size_t to) const {
    const auto isBelow = [&](const IndexEntry& entry) { return entry.path.compare(0, below.size(), below) == 0; };
    const auto first = entries_.begin();
    return static_cast<size_t>(std::partition_point(first + static_cast<std::ptrdiff_t>(from),
                                                    first + static_cast<std::ptrdiff_t>(to), isBelow) -
                               first);
  }

  void removed(const std::string& prefix, const TreeEntry& entry, size_t depth) {
    const std::string path = prefix + std::string(entry.name);
    if (entry.isTree())
      directory(&entry.oid, path + '/', 0, 0, nullptr, depth + 1);
    else
      edits_.push_back({path, 0, {}});
  }

  Handle& handle_;
  const std::vector<IndexEntry>& entries_;
  const Cancel& cancel_;
  std::vector<TreeEdit> edits_;
};

}  // namespace

std::vector<TreeEdit> indexDifference(Handle& handle, const Oid& treeOid, const IndexFile& index,
                                      const Cancel& cancel) {
  const auto cached = index.treeExtension ? parseTreeExtension(*index.treeExtension) : nullptr;
  Difference difference(handle, index, cancel);
  difference.directory(&treeOid, "", 0, index.entries.size(), cached.get(), 0);
  return difference.take();
}

}  // namespace coppice
