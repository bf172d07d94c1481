// See directory_rename.h. Which directory counts as renamed, and to where, is git's rule: it is gone on that side, and the
// larger part of the files that were renamed out of it went to one directory.
#include "directory_rename.h"

#include <set>
#include <vector>

#include "conflict.h"
#include "entry_at.h"

namespace coppice {
namespace {

using DirectoryMap = std::map<std::string, std::optional<std::string>>;  // nullopt: no place got the larger part

std::string lastName(const std::string& directory) { return directory.substr(directoryOf(directory).size()); }

DirectoryMap directoryRenames(const ChangedPaths& changed, const RenameMap& renames, MergeSide side) {
  const WantedDirectories wanted = wantedDirectories(changed, side);
  std::map<std::string, std::map<std::string, size_t>> counts;
  if (wanted.empty()) return {};
  for (const auto& [from, targets] : renames) {
    if (!targets.to[side]) continue;
    std::string oldDirectory = directoryOf(from), newDirectory = directoryOf(*targets.to[side]);
    for (bool first = true;; first = false) {
      const auto known = wanted.find(oldDirectory);
      if (known == wanted.end()) break;
      if (first || known->second) counts[oldDirectory][newDirectory]++;
      // a/b/x -> c/b/x also says that a/ became c/.
      if (newDirectory.empty() || lastName(oldDirectory) != lastName(newDirectory)) break;
      oldDirectory = directoryOf(oldDirectory);
      newDirectory = directoryOf(newDirectory);
    }
  }
  DirectoryMap found;
  for (const auto& [from, targets] : counts) {
    size_t most = 0;
    std::optional<std::string> to;
    for (const auto& [directory, count] : targets) {
      if (count < most) continue;
      to = count == most ? std::nullopt : std::optional<std::string>(directory);
      most = count;
    }
    found.emplace(from, to);
  }
  return found;
}

class Relocation {
 public:
  Relocation(MergeInput& input, ChangedPaths& changed, RenameMap& renames)
      : input_(input), changed_(changed), renames_(renames) {
    directories_[kOurs] = directoryRenames(changed, renames, kOurs);
    directories_[kTheirs] = directoryRenames(changed, renames, kTheirs);
    // Renamed by both: each file says itself where it went.
    for (auto at = directories_[kOurs].begin(); at != directories_[kOurs].end();) {
      const bool both = directories_[kTheirs].erase(at->first) > 0;
      at = both ? directories_[kOurs].erase(at) : std::next(at);
    }
  }

  void moveAdditionsOf(MergeSide side);

 private:
  struct Move {
    std::string from;
    std::optional<std::string> to;
  };
  std::optional<Move> moveOf(MergeSide side, const std::string& path) const;
  bool inTheWay(MergeSide side, const std::string& path) const {
    return static_cast<bool>(entryAt(input_.handle, side == kOurs ? input_.oursTreeOid : input_.theirsTreeOid, path));
  }

  MergeInput& input_;
  ChangedPaths& changed_;
  RenameMap& renames_;
  DirectoryMap directories_[3];
};

std::optional<Relocation::Move> Relocation::moveOf(MergeSide side, const std::string& path) const {
  const DirectoryMap& renamed = directories_[otherSide(side)];
  for (std::string directory = directoryOf(path); !directory.empty(); directory = directoryOf(directory)) {
    const auto found = renamed.find(directory);
    if (found == renamed.end()) continue;
    if (!found->second) return Move{path, std::nullopt};
    // Not into a directory that this side itself renamed away: the file would be torn between two names.
    if (directories_[side].count(*found->second)) return std::nullopt;
    return Move{path, *found->second + path.substr(directory.size())};
  }
  return std::nullopt;
}

void Relocation::moveAdditionsOf(MergeSide side) {
  if (directories_[otherSide(side)].empty()) return;
  std::vector<Move> moves;
  std::map<std::string, size_t> arriving;
  for (const auto& [path, state] : changed_.paths) {
    if (state.side[kBase] || !state.side[side]) continue;
    if (auto move = moveOf(side, path)) {
      if (move->to) arriving[*move->to]++;
      moves.push_back(std::move(*move));
    }
  }
  for (const Move& move : moves) {
    ChangedPath& source = changed_.paths[move.from];
    if (!move.to || arriving[*move.to] > 1 || inTheWay(side, *move.to)) {
      source.renameKind = conflict_kind::kRenameAdd;  // it cannot go where it should: it stays, as a conflict
      continue;
    }
    ChangedPath& target = changed_.paths[*move.to];
    target.side[side] = source.side[side];
    target.from[side] = move.from;
    target.renamed = source.renamed = true;
    target.renameKind = conflict_kind::kRenameAdd;
    source.side[side] = {};
    for (auto& [from, targets] : renames_) {
      if (targets.to[side] == move.from) targets.to[side] = *move.to;
    }
  }
}

}  // namespace

std::string directoryOf(const std::string& path) {
  if (path.size() < 2) return {};
  const size_t slash = path.rfind('/', path.size() - 2);
  return slash == std::string::npos ? std::string() : path.substr(0, slash + 1);
}

WantedDirectories wantedDirectories(const ChangedPaths& changed, MergeSide side) {
  const auto& removed = changed.removedDirectories[side];
  WantedDirectories wanted;
  if (removed.empty()) return wanted;
  std::set<std::string> grown;
  for (const auto& [path, state] : changed.paths) {
    if (!state.side[kBase] && !state.side[side] && state.side[otherSide(side)]) grown.insert(directoryOf(path));
  }
  for (const std::string& directory : removed) {  // sorted: parents come first
    const bool itself = grown.count(directory) > 0;
    if (itself || wanted.count(directoryOf(directory))) wanted.emplace(directory, itself);
  }
  return wanted;
}

void followDirectoryRenames(MergeInput& input, ChangedPaths& changed, RenameMap& renames) {
  Relocation relocation(input, changed, renames);
  relocation.moveAdditionsOf(kOurs);
  relocation.moveAdditionsOf(kTheirs);
}

}  // namespace coppice
