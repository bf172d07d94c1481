// See rename_merge.h. Rejected: libgit2's git_merge__iterators over three reduced indexes, which merges symlinks as text,
// calls differing modes of two additions clean and accepts a file beside a directory of its name (docs/decisions).
#include "rename_merge.h"

#include <algorithm>

#include "changed_paths.h"
#include "conflict.h"
#include "path_merge.h"
#include "rename_follow.h"

namespace coppice {
namespace {

Conflict record(MergeInput& input, const std::string& path, const ChangedPath& changed, const PathMerge& merged) {
  const auto shown = [&](MergeSide side) {
    // What this merge put here in place of a side's own file is in no tree: the side is shown as it is in its own.
    return sideAt(pathOn(side, path, changed), changed.from[side].empty() ? changed.inTree[side] : changed.side[side]);
  };
  Conflict conflict = conflictAt(path, merged.kind, {}, {}, {}, input.content ? merged.markers : nullptr);
  conflict.base = shown(kBase);
  conflict.ours = shown(kOurs);
  conflict.theirs = shown(kTheirs);
  return conflict;
}

bool changedOnBothSides(const ChangedPath& changed) {
  return !sameEntry(changed.side[kBase], changed.side[kOurs]) && !sameEntry(changed.side[kBase], changed.side[kTheirs]);
}

using Results = std::map<std::string, PathMerge>;

bool hasFileBelow(const Results& results, const std::string& path) {
  const std::string prefix = path + "/";
  for (auto at = results.lower_bound(prefix); at != results.end(); ++at) {
    if (at->first.compare(0, prefix.size(), prefix) != 0) return false;
    if (at->second.entry) return true;
  }
  return false;
}

// A free name beside `path` for the file that cannot stand there, in git's form.
std::string pathBeside(const Results& results, const std::string& path, const std::string& label) {
  std::string safe = label;
  std::replace(safe.begin(), safe.end(), '/', '_');
  const std::string wanted = path + "~" + safe;
  std::string free = wanted;
  for (size_t number = 0; results.count(free); number++) free = wanted + "_" + std::to_string(number);
  return free;
}

}  // namespace

RenameMerge renameMerge(MergeInput& input) {
  RenameMerge merge;
  ChangedPaths changed = collectChangedPaths(input);
  followRenames(input, changed, merge.draft.conflicts);

  Results results;
  for (const auto& [path, state] : changed.paths) {
    input.cancel.check("merge.renameMerge");
    results.emplace(path, mergePath(input, path, state));
  }

  for (const auto& [path, state] : changed.paths) {
    PathMerge& result = results.at(path);
    const bool besideDirectory = result.entry && hasFileBelow(results, path);
    if (besideDirectory) result.kind = conflict_kind::kFileDirectory;
    if (result.kind) {
      merge.draft.conflicts.push_back(record(input, path, state, result));
    } else if (state.renamed || changedOnBothSides(state)) {
      merge.draft.decisions.push_back({path, result.entry, state.renamed});
    }
    const auto putBeside = [&, &path = path](const std::string& label, const MergeEntry& entry) {
      merge.files.push_back({pathBeside(results, path, label), entry});
      merge.extents[path].beside.push_back(merge.files.back().path);
    };
    if (!state.sources.empty()) merge.extents[path].sources = state.sources;
    if (besideDirectory) {
      // Whose file it is says the tree that has it there; none does when a renamed folder brought it.
      const bool fromOurs = state.inTree[kOurs] || (!state.inTree[kTheirs] && state.side[kOurs]);
      putBeside(fromOurs ? input.labels.ours : input.labels.theirs, result.entry);
      result.entry = {};
    }
    for (const MergeSide side : {kOurs, kTheirs}) {
      if (result.beside[side]) putBeside(side == kOurs ? input.labels.ours : input.labels.theirs, result.beside[side]);
    }
    if (!sameEntry(result.entry, state.inTree[kOurs])) merge.files.push_back({path, result.entry});
  }
  return merge;
}

Oid writeRenamed(MergeInput& input, const RenameMerge& merged) {
  std::vector<TreeEdit> edits;
  edits.reserve(merged.files.size());
  for (const MergedFile& file : merged.files) {
    if (file.entry.text) input.handle.writeNamed(file.entry.oid, GIT_OBJECT_BLOB, *file.entry.text);
    edits.push_back({file.path, file.entry.mode, file.entry.oid});
  }
  return editTree(input.handle, input.oursTreeOid, std::move(edits), input.cancel);
}

}  // namespace coppice
