// The paths that are not identical in base, ours and theirs: what the slow path of a merge works on.
#pragma once

#include <array>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "merge_input.h"

namespace coppice {

enum MergeSide : size_t { kBase = 0, kOurs = 1, kTheirs = 2 };
inline MergeSide otherSide(MergeSide side) { return side == kOurs ? kTheirs : kOurs; }

// One path with its three entries. Following a rename moves entries between paths: then `from` has the path an entry came
// from. `inTree` keeps what the trees themselves have at this path.
struct ChangedPath {
  std::array<MergeEntry, 3> side;
  std::array<std::string, 3> from;
  std::array<MergeEntry, 3> inTree;
  bool renamed = false;               // a rename moved content to, or away from, this path
  bool consumed = false;              // a rename took this path's content elsewhere: nothing is left to merge here
  bool collided = false;              // a rename of one side met a file of the other side here
  std::vector<std::string> sources;   // where such renames came from
  const char* renameKind = nullptr;   // the rename alone makes this a conflict of that kind
};

struct ChangedPaths {
  std::map<std::string, ChangedPath> paths;
  std::set<std::string> removedDirectories[3];  // by side: directories of base that the side has no longer, with '/'
};

ChangedPaths collectChangedPaths(MergeInput& input);

}  // namespace coppice
