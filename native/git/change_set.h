// What the files of a worktree change in a base tree: one edit a path, and what no commit can carry.
#pragma once

#include <string>
#include <vector>

#include "cancel.h"
#include "index_file.h"
#include "scan.h"
#include "session.h"
#include "tree.h"
#include "types.h"

namespace coppice {

struct ChangeSetRequest {
  std::string root;
  std::string gitDirectory;
  Oid baseTreeOid{};
  const IndexFile* index = nullptr;
  bool staged = true;  // false: the index says nothing that the base does not; then it need not hold all of it
  const ScanResult* scanned = nullptr;
  std::vector<std::string> exclude;
  SnapshotLimits limits;
};

struct ChangeSet {
  std::vector<TreeEdit> edits;  // never a file beside a directory of its name; blobs are in the session's store
  std::vector<Unheld> unheld;   // sorted by path; such a path stays as it is in the base
};

// The edits lead to the tree of `git add -A && git write-tree`, but for what is unheld or excluded, and but for files
// marked assume-unchanged or skip-worktree that are there: they are looked at like any other.
ChangeSet changeSetOf(Session& session, const ChangeSetRequest& request, const Cancel& cancel);

}  // namespace coppice
