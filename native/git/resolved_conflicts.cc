// See resolved_conflicts.h.
#include "resolved_conflicts.h"

#include <set>
#include <utility>

#include "conflict.h"
#include "entry_at.h"
#include "failure.h"
#include "safe_path.h"

namespace coppice {
namespace {

constexpr const char* kOperation = "merge.resolve";

struct Wanted {
  const Resolution* resolution;
  size_t number;  // tells two given contents apart
};

class Resolving {
 public:
  Resolving(MergeInput& input, RenameMerge& merge) : input_(input), merge_(merge) {
    for (MergedFile& file : merge.files) files_[file.path] = std::move(file.entry);
  }

  // False: the conflict stays.
  bool resolve(const Conflict& conflict, const Wanted& wanted);
  void finish();

 private:
  std::set<std::string> pathsOf(const Conflict& conflict) const;
  bool claim(const std::set<std::string>& paths, const std::string& choice);
  std::set<std::string> filesBelow(const std::string& path) const;
  void put(const std::string& path, MergeEntry entry);

  MergeInput& input_;
  RenameMerge& merge_;
  std::map<std::string, MergeEntry> files_;      // what is other than in ours
  std::map<std::string, MergeEntry> decided_;    // by us
  std::map<std::string, std::string> choices_;   // by path: what has been decided about it
};

MergeEntry fileAt(MergeInput& input, const Oid& treeOid, const std::string& path) {
  MergeEntry entry = entryAt(input.handle, treeOid, path);
  return entry.mode == kModeTree ? MergeEntry{} : entry;
}

MergeEntry entryOf(const Resolution& resolution, const std::string& path) {
  requireSafePath(path, kOperation, resolution.mode);
  const bool isFile = resolution.mode == kModeFile || resolution.mode == kModeExecutable || resolution.mode == kModeSymlink;
  if (!isFile) fail(failure_code::kInvalid, kOperation, "the mode of a resolution is not one of a file or symbolic link", path);
  std::string text;
  for (size_t i = 0; i < resolution.content.size(); i++) {
    if (i > 0) text.push_back('\0');
    text += resolution.content[i];
  }
  auto shared = std::make_shared<const std::string>(std::move(text));
  return {resolution.mode, hashObject(GIT_OBJECT_BLOB, *shared), shared};
}

// A file with two new names has left the path of its record on both sides: what is given goes to ours.
const std::string& placeOf(const Conflict& conflict) {
  return conflict.kind == conflict_kind::kRenameRename && conflict.ours ? conflict.ours->path : conflict.path;
}

std::set<std::string> Resolving::pathsOf(const Conflict& conflict) const {
  std::set<std::string> paths{conflict.path};
  for (const auto* side : {&conflict.base, &conflict.ours, &conflict.theirs}) {
    if (*side) paths.insert((*side)->path);
  }
  const auto extent = merge_.extents.find(conflict.path);
  if (extent != merge_.extents.end()) paths.insert(extent->second.sources.begin(), extent->second.sources.end());
  return paths;
}

bool Resolving::claim(const std::set<std::string>& paths, const std::string& choice) {
  for (const std::string& path : paths) {
    const auto known = choices_.find(path);
    if (known != choices_.end() && known->second != choice) return false;
  }
  for (const std::string& path : paths) choices_.emplace(path, choice);
  return true;
}

// Of the result: what ours has there, and what the merge has put there.
std::set<std::string> Resolving::filesBelow(const std::string& path) const {
  const std::string prefix = path + "/";
  std::set<std::string> below;
  const MergeEntry directory = entryAt(input_.handle, input_.oursTreeOid, path);
  if (directory.mode == kModeTree) {
    for (const TreeFile& file : listTree(input_.handle, directory.oid, input_.cancel)) below.insert(prefix + file.path);
  }
  for (auto at = files_.lower_bound(prefix); at != files_.end() && at->first.compare(0, prefix.size(), prefix) == 0; ++at)
    below.insert(at->first);
  return below;
}

void Resolving::put(const std::string& path, MergeEntry entry) {
  files_[path] = entry;
  decided_[path] = std::move(entry);
}

bool Resolving::resolve(const Conflict& conflict, const Wanted& wanted) {
  const Resolution& resolution = *wanted.resolution;
  if (resolution.choice == "union") return false;  // what can be joined was joined while merging
  const bool wholeSide = resolution.choice == "ours" || resolution.choice == "theirs";
  std::map<std::string, MergeEntry> result;
  if (wholeSide) {
    const Oid& treeOid = resolution.choice == "ours" ? input_.oursTreeOid : input_.theirsTreeOid;
    for (const std::string& path : pathsOf(conflict)) result[path] = fileAt(input_, treeOid, path);
  } else {
    if (conflict.kind == conflict_kind::kRenameRename) {
      for (const std::string& path : pathsOf(conflict)) result[path] = {};
    }
    const std::string& place = placeOf(conflict);
    result[place] = resolution.choice == "content" ? entryOf(resolution, place) : MergeEntry{};
  }
  // Where a file is to stand, nothing can stand below.
  for (const auto& [path, entry] : std::map<std::string, MergeEntry>(result)) {
    if (!entry) continue;
    for (const std::string& below : filesBelow(path)) result[below] = {};
  }
  const auto extent = merge_.extents.find(conflict.path);
  if (extent != merge_.extents.end()) {
    for (const std::string& beside : extent->second.beside) result[beside] = {};
  }

  std::set<std::string> paths;
  for (const auto& [path, entry] : result) paths.insert(path);
  if (!claim(paths, wholeSide ? resolution.choice : resolution.choice + std::to_string(wanted.number))) return false;
  for (auto& [path, entry] : result) put(path, std::move(entry));
  return true;
}

void Resolving::finish() {
  merge_.files.clear();
  for (auto& [path, entry] : files_) merge_.files.push_back({path, std::move(entry)});
  std::vector<MergeDecision> decisions;
  for (MergeDecision& decision : merge_.draft.decisions) {
    if (!decided_.count(decision.path)) decisions.push_back(std::move(decision));
  }
  for (auto& [path, entry] : decided_) decisions.push_back({path, std::move(entry), true});
  merge_.draft.decisions = std::move(decisions);
}

}  // namespace

Favors favorsOf(const std::vector<Resolution>& resolutions) {
  Favors favors;
  for (const Resolution& resolution : resolutions) {
    if (resolution.choice == "ours") {
      favors.emplace(resolution.path, Favor::kOurs);
    } else if (resolution.choice == "theirs") {
      favors.emplace(resolution.path, Favor::kTheirs);
    } else if (resolution.choice == "union") {
      favors.emplace(resolution.path, Favor::kUnion);
    } else if (resolution.choice != "content" && resolution.choice != "removed") {
      fail(failure_code::kInvalid, kOperation, "there is no choice \"" + resolution.choice + "\"", resolution.path);
    }
  }
  return favors;
}

void resolveConflicts(MergeInput& input, RenameMerge& merge, const std::vector<Resolution>& resolutions) {
  if (resolutions.empty() || merge.draft.conflicts.empty()) return;
  std::map<std::pair<std::string, std::string>, Wanted> wanted;
  for (size_t i = 0; i < resolutions.size(); i++)
    wanted.emplace(std::make_pair(resolutions[i].path, resolutions[i].kind), Wanted{&resolutions[i], i});

  sortConflicts(merge.draft.conflicts);
  std::vector<Conflict> left;
  Resolving resolving(input, merge);
  for (Conflict& conflict : merge.draft.conflicts) {
    input.cancel.check(kOperation);
    const auto found = wanted.find({conflict.path, conflict.kind});
    if (found == wanted.end() || !resolving.resolve(conflict, found->second)) left.push_back(std::move(conflict));
  }
  resolving.finish();
  merge.draft.conflicts = std::move(left);
}

}  // namespace coppice
