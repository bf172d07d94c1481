// See changed_paths.h.
#include "changed_paths.h"

namespace coppice {
namespace {

bool equalEntry(const TreeEntry* a, const TreeEntry* b) { return a && b ? sameObject(*a, *b) : a == b; }

class Collection {
 public:
  Collection(MergeInput& input, ChangedPaths& found) : input_(input), found_(found) {}

  void walk(const std::array<const Oid*, 3>& oids, const std::string& prefix, size_t depth) {
    input_.cancel.check("merge.collectChangedPaths");
    if (depth > kMaxTreeDepth) fail(failure_code::kLimit, "merge.collectChangedPaths", "directories are nested too deeply");
    std::array<TreePtr, 3> trees;
    for (size_t side = 0; side < 3; side++) {
      if (oids[side]) trees[side] = readTree(input_.handle, *oids[side]);
    }
    std::array<size_t, 3> at{};
    const auto current = [&](size_t side) -> const TreeEntry* {
      return trees[side] && at[side] < trees[side]->entries.size() ? &trees[side]->entries[at[side]] : nullptr;
    };
    for (;;) {
      const TreeEntry* first = nullptr;
      for (size_t side = 0; side < 3; side++) {
        const TreeEntry* entry = current(side);
        if (entry && (!first || compareEntries(*entry, *first) < 0)) first = entry;
      }
      if (!first) return;
      std::array<const TreeEntry*, 3> row{};
      for (size_t side = 0; side < 3; side++) {
        const TreeEntry* entry = current(side);
        if (entry && compareEntries(*entry, *first) == 0) {
          row[side] = entry;
          at[side]++;
        }
      }
      if (equalEntry(row[kBase], row[kOurs]) && equalEntry(row[kBase], row[kTheirs])) continue;
      keep(row, *first, prefix, depth);
    }
  }

 private:
  void keep(const std::array<const TreeEntry*, 3>& row, const TreeEntry& first, const std::string& prefix, size_t depth) {
    const std::string path = prefix + std::string(first.name);
    if (first.isTree()) {
      std::array<const Oid*, 3> oids{};
      for (size_t side = 0; side < 3; side++) {
        if (row[side]) oids[side] = &row[side]->oid;
        if (row[kBase] && !row[side]) found_.removedDirectories[side].insert(path + "/");
      }
      walk(oids, path + "/", depth + 1);
      return;
    }
    ChangedPath& changed = found_.paths[path];
    for (size_t side = 0; side < 3; side++) {
      if (row[side]) changed.inTree[side] = {row[side]->mode, row[side]->oid, nullptr};
    }
    changed.side = changed.inTree;
  }

  MergeInput& input_;
  ChangedPaths& found_;
};

}  // namespace

ChangedPaths collectChangedPaths(MergeInput& input) {
  ChangedPaths found;
  Collection(input, found).walk({&input.baseTreeOid, &input.oursTreeOid, &input.theirsTreeOid}, "", 0);
  return found;
}

}  // namespace coppice
