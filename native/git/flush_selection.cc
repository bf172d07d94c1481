#include "flush_selection.h"

#include "commit.h"
#include "failure.h"
#include "tree.h"

namespace coppice {

namespace {

// What abandoned operations and merges that were done again leave behind. Beyond this it goes to disk instead of growing.
constexpr size_t kMaxUnreachedBytes = size_t{256} << 20;

class Reach {
 public:
  Reach(const std::vector<std::pair<Oid, StoredObject>>& pending, const Cancel& cancel)
      : pending_(pending), cancel_(cancel), seen_(pending.size(), false) {
    for (size_t i = 0; i < pending.size(); i++) positions_.emplace(pending[i].first, i);
  }

  // True: `oid` is in the store.
  bool from(const Oid& oid) {
    visit(oid);
    while (!next_.empty()) {
      cancel_.check("flush.select");
      const auto& [nextOid, object] = pending_[next_.back()];
      next_.pop_back();
      follow(nextOid, object);
    }
    return positions_.count(oid) > 0;
  }

  bool saw(size_t position) const { return seen_[position]; }

 private:
  void visit(const Oid& oid) {
    const auto found = positions_.find(oid);
    if (found == positions_.end() || seen_[found->second]) return;
    seen_[found->second] = true;
    next_.push_back(found->second);
  }

  void follow(const Oid& oid, const StoredObject& object) {
    switch (object.type) {
      case GIT_OBJECT_COMMIT:
        visit(treeOf(*object.data));
        for (const Oid& parentOid : parentsOf(*object.data)) visit(parentOid);
        break;
      case GIT_OBJECT_TREE: {
        const TreePtr tree = Tree::parse(*object.data, oid);
        for (const TreeEntry& entry : tree->entries) {
          if (entry.mode != kModeGitlink) visit(entry.oid);
        }
        break;
      }
      case GIT_OBJECT_TAG: {
        Oid tagged{};
        if (object.data->rfind("object ", 0) == 0 && parseOid(std::string_view(*object.data).substr(7, 40), tagged)) visit(tagged);
        break;
      }
      default:
        break;
    }
  }

  const std::vector<std::pair<Oid, StoredObject>>& pending_;
  const Cancel& cancel_;
  std::unordered_map<Oid, size_t, OidHash, OidEqual> positions_;
  std::vector<bool> seen_;
  std::vector<size_t> next_;
};

}  // namespace

FlushSelection selectObjects(const ObjectStore& store, const std::vector<Oid>& refOids, bool everything, const Cancel& cancel) {
  const auto pending = store.pending();
  FlushSelection selection;
  Reach reach(pending, cancel);
  for (const Oid& oid : refOids) {
    if (reach.from(oid)) selection.roots.insert(oid);
  }
  for (const auto& [oid, object] : pending) {
    if (object.type != GIT_OBJECT_COMMIT) continue;
    reach.from(oid);
    selection.roots.insert(oid);
  }
  size_t left = 0;
  for (size_t i = 0; i < pending.size(); i++) left += reach.saw(i) ? 0 : pending[i].second.data->size();
  selection.everything = everything || left > kMaxUnreachedBytes;
  for (size_t i = 0; i < pending.size(); i++) {
    if (selection.everything || reach.saw(i)) selection.objects.push_back(pending[i]);
  }
  return selection;
}

}  // namespace coppice
