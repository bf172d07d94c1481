// See rename_follow.h. What counts as a rename, and what becomes of it, is git's (merge-ort).
#include "rename_follow.h"

#include "conflict.h"
#include "directory_rename.h"
#include "path_merge.h"
#include "rename_detect.h"

namespace coppice {
namespace {

void detectOnSide(MergeInput& input, const ChangedPaths& changed, MergeSide side, RenameMap& renames) {
  std::vector<RenameCandidate> sources, targets;
  bool relevant = false;
  const WantedDirectories wanted = wantedDirectories(changed, side);
  for (const auto& [path, state] : changed.paths) {
    const MergeEntry &base = state.side[kBase], &mine = state.side[side], &other = state.side[otherSide(side)];
    if (base && !mine) {
      // A file that the other side left alone merges the same whether its rename is seen or not, unless it tells where
      // its directory went.
      const bool matters = !other || !sameEntry(base, other) || wanted.count(directoryOf(path));
      sources.push_back({path, base, matters});
      relevant |= matters;
    } else if (!base && mine) {
      targets.push_back({path, mine, true});
    }
  }
  if (!relevant || targets.empty()) return;
  for (const Rename& rename : detectRenames(input, sources, targets))
    renames[sources[rename.source].path].to[side] = targets[rename.target].path;
}

class Following {
 public:
  Following(MergeInput& input, std::map<std::string, ChangedPath>& paths, std::vector<Conflict>& conflicts)
      : input_(input), paths_(paths), conflicts_(conflicts) {}

  void bothToSame(const std::string& from, const std::string& to);
  void bothToDifferent(const std::string& from, const std::string& oursTo, const std::string& theirsTo);
  void one(MergeSide side, const std::string& from, const std::string& to);

 private:
  static void move(ChangedPath& target, MergeSide side, const std::string& from, const MergeEntry& entry) {
    target.side[side] = entry;
    target.from[side] = from;
  }

  MergeInput& input_;
  std::map<std::string, ChangedPath>& paths_;
  std::vector<Conflict>& conflicts_;
};

void Following::bothToSame(const std::string& from, const std::string& to) {
  ChangedPath &source = paths_[from], &target = paths_[to];
  move(target, kBase, from, source.side[kBase]);
  source.consumed = source.renamed = target.renamed = true;
}

void Following::bothToDifferent(const std::string& from, const std::string& oursTo, const std::string& theirsTo) {
  ChangedPath &source = paths_[from], &ours = paths_[oursTo], &theirs = paths_[theirsTo];
  ChangedPath content;
  content.side = {source.side[kBase], ours.side[kOurs], theirs.side[kTheirs]};
  content.from = {from, oursTo, theirsTo};
  PathMerge merged;
  if (sameType(content.side[kOurs].mode, content.side[kTheirs].mode)) {
    merged = mergeEntries(input_, from, content, true);
    const bool oneSideOnly = merged.kind && !merged.markers;  // binary: each name keeps its own side's content
    if (!oneSideOnly) {
      ours.side[kOurs] = merged.entry;
      theirs.side[kTheirs] = merged.entry;
    }
  }
  Conflict conflict = conflictAt(from, conflict_kind::kRenameRename, content.side[kBase], {}, {},
                                 input_.content ? merged.markers : nullptr);
  conflict.ours = sideAt(oursTo, content.side[kOurs]);
  conflict.theirs = sideAt(theirsTo, content.side[kTheirs]);
  conflicts_.push_back(std::move(conflict));
  source.consumed = source.renamed = ours.renamed = theirs.renamed = true;
}

void Following::one(MergeSide side, const std::string& from, const std::string& to) {
  ChangedPath &source = paths_[from], &target = paths_[to];
  const MergeSide other = otherSide(side);
  const bool deleted = !source.side[other];
  const bool typeChanged = !deleted && isRegular(source.side[other].mode) != isRegular(target.side[side].mode);
  // A file of the other side at the new path, when that side also put something of another type at the old one: it is that
  // side's rename, unseen only because its source is occupied again. So it is merged, not met as a stranger.
  const bool collision = target.side[other] && !typeChanged;
  source.renamed = target.renamed = true;

  if (collision) target.sources.push_back(from);
  if (collision && deleted) {
    target.collided = true;
    target.renameKind = conflict_kind::kRenameDelete;
  } else if (collision) {
    ChangedPath content;
    content.side[kBase] = source.side[kBase];
    content.side[side] = target.side[side];
    content.side[other] = source.side[other];
    content.from = {from, from, from};
    content.from[side] = to;
    if (sameType(content.side[kOurs].mode, content.side[kTheirs].mode))
      target.side[side] = mergeEntries(input_, from, content, true).entry;
    target.collided = true;
  } else {
    move(target, kBase, from, source.side[kBase]);
    if (typeChanged) {
      if (!target.side[other]) target.renameKind = conflict_kind::kType;
      source.side[kBase] = {};  // what stands at the old path now is new there
      return;
    }
    if (deleted) {
      target.renameKind = conflict_kind::kRenameDelete;
    } else {
      move(target, other, from, source.side[other]);
    }
  }
  source.consumed = true;
}

}  // namespace

void followRenames(MergeInput& input, ChangedPaths& changed, std::vector<Conflict>& conflicts) {
  RenameMap renames;
  detectOnSide(input, changed, kOurs, renames);
  detectOnSide(input, changed, kTheirs, renames);
  followDirectoryRenames(input, changed, renames);
  Following following(input, changed.paths, conflicts);
  for (const auto& [from, targets] : renames) {
    const auto &ours = targets.to[kOurs], &theirs = targets.to[kTheirs];
    if (ours && theirs) {
      *ours == *theirs ? following.bothToSame(from, *ours) : following.bothToDifferent(from, *ours, *theirs);
    } else {
      following.one(ours ? kOurs : kTheirs, from, ours ? *ours : *theirs);
    }
  }
}

}  // namespace coppice
