// See case_conflict.h. Costs the new paths and the width of their directories, not the size of the tree.
#include "case_conflict.h"

#include <algorithm>
#include <unordered_map>

#include "conflict.h"
#include "entry_at.h"

namespace coppice {
namespace {

std::string fold(std::string_view text) {
  std::string folded(text);
  for (char& byte : folded) {
    if (byte >= 'A' && byte <= 'Z') byte = static_cast<char>(byte - 'A' + 'a');
  }
  return folded;
}

class CaseSearch {
 public:
  explicit CaseSearch(MergeInput& input) : input_(input) {}

  // Another path of the tree that cannot stand beside `path`: the same but for case, or a file where `path` needs a
  // directory (or the other way round).
  std::optional<std::pair<std::string, MergeEntry>> other(const Oid& treeOid, const std::string& path) {
    std::vector<std::pair<std::string, Oid>> directories{{"", treeOid}};
    for (size_t from = 0; from < path.size();) {
      input_.cancel.check("merge.caseConflicts");
      const size_t end = std::min(path.find('/', from), path.size());
      const bool last = end == path.size();
      const std::string name = fold(std::string_view(path).substr(from, end - from));
      std::vector<std::pair<std::string, Oid>> below;
      for (const auto& [prefix, oid] : directories) {
        const auto& names = namesOf(oid);
        for (auto [at, stop] = names.byFold.equal_range(name); at != stop; ++at) {
          const TreeEntry& entry = names.tree->entries[at->second];
          std::string found = prefix + std::string(entry.name);
          const bool itself = path.compare(0, end, found) == 0 && found.size() == end;
          if (last ? !itself : !entry.isTree()) return std::make_pair(std::move(found), MergeEntry{entry.mode, entry.oid, nullptr});
          if (!last) below.emplace_back(found + "/", entry.oid);
        }
      }
      directories = std::move(below);
      from = end + 1;
    }
    return std::nullopt;
  }

 private:
  struct Names {
    TreePtr tree;
    std::unordered_multimap<std::string, size_t> byFold;
  };
  const Names& namesOf(const Oid& treeOid) {
    auto [at, isNew] = names_.try_emplace(treeOid);
    if (isNew) {
      at->second.tree = readTree(input_.handle, treeOid);
      for (size_t i = 0; i < at->second.tree->entries.size(); i++)
        at->second.byFold.emplace(fold(at->second.tree->entries[i].name), i);
    }
    return at->second;
  }

  MergeInput& input_;
  std::unordered_map<Oid, Names, OidHash, OidEqual> names_;
};

}  // namespace

std::vector<Conflict> caseConflicts(MergeInput& input, const Oid& mergedTreeOid, const std::vector<Change>& changes) {
  std::vector<Conflict> conflicts;
  CaseSearch search(input);
  for (const Change& change : changes) {
    if (change.oldMode != 0) continue;
    const auto other = search.other(mergedTreeOid, change.path);
    if (!other) continue;
    const MergeEntry mine{change.newMode, change.newOid.value_or(Oid{}), nullptr};
    if (entryAt(input.handle, input.theirsTreeOid, change.path) && entryAt(input.handle, input.theirsTreeOid, other->first)) continue;
    Conflict conflict = conflictAt(change.path, conflict_kind::kCase, {}, {}, mine, nullptr);
    conflict.ours = sideAt(other->first, other->second);
    conflicts.push_back(std::move(conflict));
  }
  return conflicts;
}

}  // namespace coppice
