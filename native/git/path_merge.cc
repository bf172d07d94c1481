// See path_merge.h. The rules are git's (merge-ort); a rule that looks arbitrary is one that git's users rely on.
#include "path_merge.h"

#include "conflict.h"
#include "content_merge.h"

namespace coppice {

const std::string& pathOn(MergeSide side, const std::string& path, const ChangedPath& changed) {
  return changed.from[side].empty() ? path : changed.from[side];
}

namespace {

// Whole: where lines cannot be merged. False: this favor decides nothing about it.
bool takeWhole(Favor favor, const ChangedPath& changed, PathMerge& merged) {
  if (favor != Favor::kOurs && favor != Favor::kTheirs) return false;
  const MergeEntry& taken = changed.side[favor == Favor::kOurs ? kOurs : kTheirs];
  merged.entry.oid = taken.oid;
  merged.entry.text = taken.text;
  return true;
}

}  // namespace

PathMerge mergeEntries(MergeInput& input, const std::string& path, const ChangedPath& changed, bool ofRename, Favor favor) {
  const MergeEntry &base = changed.side[kBase], &ours = changed.side[kOurs], &theirs = changed.side[kTheirs];
  PathMerge merged;
  merged.entry = ours;
  if (ours.mode == base.mode) {
    merged.entry.mode = theirs.mode;
  } else if (theirs.mode != ours.mode && theirs.mode != base.mode) {
    if (favor == Favor::kTheirs) merged.entry.mode = theirs.mode;
    if (favor != Favor::kOurs && favor != Favor::kTheirs) merged.kind = conflict_kind::kMode;
  }

  const bool baseCounts = base && sameType(base.mode, ours.mode);
  if (ours.oid == theirs.oid || (base && theirs.oid == base.oid)) return merged;
  if (base && ours.oid == base.oid) {
    merged.entry.oid = theirs.oid;
    merged.entry.text = theirs.text;
    return merged;
  }
  if (ours.mode == kModeGitlink) {
    if (!takeWhole(favor, changed, merged)) merged.kind = conflict_kind::kSubmodule;
    return merged;
  }
  if (!isRegular(ours.mode)) {
    if (!takeWhole(favor, changed, merged)) merged.kind = base ? conflict_kind::kContent : conflict_kind::kAddAdd;
    return merged;
  }
  const ContentMerge content = mergeContent(input, path, baseCounts ? base : MergeEntry{},
                                            {ours, pathOn(kOurs, path, changed)}, {theirs, pathOn(kTheirs, path, changed)},
                                            ofRename, favor);
  if (content.text) {
    merged.entry.oid = hashObject(GIT_OBJECT_BLOB, *content.text);
    merged.entry.text = content.text;
  }
  if (content.state == ContentMerge::State::kBinary) {
    if (!takeWhole(favor, changed, merged)) merged.kind = conflict_kind::kBinary;
  } else if (content.state == ContentMerge::State::kConflicted) {
    merged.kind = base ? conflict_kind::kContent : conflict_kind::kAddAdd;
    merged.markers = content.text;
  }
  return merged;
}

PathMerge mergePath(MergeInput& input, const std::string& path, const ChangedPath& changed) {
  const MergeEntry &base = changed.side[kBase], &ours = changed.side[kOurs], &theirs = changed.side[kTheirs];
  PathMerge merged;
  if (changed.consumed) return merged;
  if (ours && theirs) {
    if (sameEntry(ours, theirs) || (base && sameEntry(base, theirs))) {
      merged.entry = ours;
    } else if (base && sameEntry(base, ours)) {
      merged.entry = theirs;
    } else if (!sameType(ours.mode, theirs.mode)) {
      // The regular file gives way: a symbolic link or a submodule is more often referred to by its path.
      merged.kind = conflict_kind::kType;
      if (!isRegular(theirs.mode)) merged.beside[kOurs] = ours;
      if (isRegular(theirs.mode) || !isRegular(ours.mode)) merged.beside[kTheirs] = theirs;
      if (!merged.beside[kOurs]) merged.entry = ours;
      if (!merged.beside[kTheirs]) merged.entry = theirs;
    } else {
      // Of what renames have brought together each side's part may hold markers already: its conflict is decided as a whole.
      const bool whole = changed.collided || changed.renameKind;
      merged = mergeEntries(input, path, changed, false, whole ? Favor::kNone : input.favorOf(path));
    }
    if (merged.kind && changed.collided && merged.kind != conflict_kind::kType) merged.kind = conflict_kind::kRenameAdd;
  } else if (ours || theirs) {
    const MergeEntry& left = ours ? ours : theirs;
    if (!base) {
      merged.entry = left;
    } else if (changed.renamed || !sameEntry(base, left)) {
      merged.entry = left;
      merged.kind = conflict_kind::kModifyDelete;
    }
  }
  if (changed.renameKind) merged.kind = changed.renameKind;
  return merged;
}

}  // namespace coppice
