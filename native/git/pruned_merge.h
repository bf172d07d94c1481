// The fast path: a walk over the three trees that never enters a directory equal on two sides. It decides everything
// but what a rename, a delete, an add on both sides or a change of kind could influence; then it gives up whole, and the
// slow path (rename_merge.h) decides. Given up for about 1 % of real merges.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "merge_input.h"

namespace coppice {

// A tree that differs from every tree of the inputs, not written yet.
struct PendingTree {
  std::vector<TreeEntry> entries;  // names point into `held`; the oid of a pending child is not set
  Oid previousOid{};               // ours: the likely delta base
  std::vector<TreePtr> held;
  std::vector<std::pair<size_t, std::unique_ptr<PendingTree>>> subtrees;  // by position in `entries`
  struct Text {
    Oid oid{};
    std::shared_ptr<const std::string> text;
    Oid previousOid{};  // ours, too
  };
  std::vector<Text> texts;
};

struct PrunedMerge {
  MergeDraft draft;
  Oid treeOid{};                         // when nothing is pending
  std::unique_ptr<PendingTree> pending;
};

// nullopt: a trigger was hit.
std::optional<PrunedMerge> prunedMerge(MergeInput& input);

// Writes what is pending, children first; the merged tree's oid.
Oid writePruned(Handle& handle, const PrunedMerge& merged);

}  // namespace coppice
