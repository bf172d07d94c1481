// What the parts of one merge share: the three trees, the labels, and how each part hands over what it decided.
// No part writes an object: a draft keeps its texts and trees in memory until merge.cc knows that they are wanted, so a
// conflict or a given-up fast path leaves nothing in the store for the next flush to carry.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cancel.h"
#include "merge_attributes.h"
#include "session.h"
#include "types.h"

namespace coppice {

struct MergeLabels {
  std::string ours;
  std::string theirs;
};

// Which side a file's content and mode take where the two sides contradict each other. Union: both sides' lines.
enum class Favor { kNone, kOurs, kTheirs, kUnion };
using Favors = std::map<std::string, Favor>;  // by the path of the conflict

struct MergeInput {
  Handle& handle;
  Oid baseTreeOid{};
  Oid oursTreeOid{};
  Oid theirsTreeOid{};
  MergeLabels labels;
  bool content = false;  // conflict records carry the file with markers
  const Cancel& cancel;
  MergeAttributes& attributes;
  bool treeOfConflicts = false;  // a tree is written also when there are conflicts, with markers in place
  const Favors* favors = nullptr;

  Favor favorOf(const std::string& path) const {
    if (!favors) return Favor::kNone;
    const auto found = favors->find(path);
    return found == favors->end() ? Favor::kNone : found->second;
  }
};

// What stands at a path on one side, or nothing (mode 0). `text` is there when the content was made by this merge.
struct MergeEntry {
  uint32_t mode = 0;
  Oid oid{};
  std::shared_ptr<const std::string> text;

  explicit operator bool() const { return mode != 0; }
};
inline bool sameEntry(const MergeEntry& a, const MergeEntry& b) { return a.mode == b.mode && (!a.mode || a.oid == b.oid); }

// What the merge says about a path that is not simply the entry of the one side that changed it.
struct MergeDecision {
  std::string path;
  MergeEntry entry;      // mode 0: the path is gone
  bool renamed = false;  // a rename moved content to, or away from, this path
};

struct MergeDraft {
  std::vector<Conflict> conflicts;
  std::vector<MergeDecision> decisions;
};

// Bounds the recursion of every walk over trees; git's own limit for a path is 4,096 bytes, so 2,048 names.
inline constexpr size_t kMaxTreeDepth = 2048;

inline bool isRegular(uint32_t mode) { return (mode & 0170000) == 0100000; }
inline bool sameType(uint32_t a, uint32_t b) { return (a & 0170000) == (b & 0170000); }

}  // namespace coppice
