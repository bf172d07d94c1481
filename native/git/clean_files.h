// Files of a tracked worktree that nobody has touched since they were proven: brought to another tree without a look at what
// is there, which is known. Where that is more than a modified plain file, restore.h does it.
#pragma once

#include <string>
#include <vector>

#include "restore.h"
#include "suspects.h"
#include "tree.h"
#include "types.h"

namespace coppice {

class CleanFiles {
 public:
  // `treeOid`: what the worktree is brought to.
  CleanFiles(const RestoreSettings& shared, const Oid& treeOid) : shared_(shared), treeOid_(treeOid) {}

  // Overwrites what it can of `changes` (sorted, from the tree that was proven); those that are left are not done.
  void overwrite(std::vector<Change>& changes, const Suspects& suspects);
  const std::vector<IndexEntry>& written() const { return written_; }

  // Those of the paths that are not plainly as in the tree: a file with its content, or nothing where the tree has nothing. For
  // what events name after our own writes. A path is looked at after its event was read, so a later write has one again.
  Suspects unclear(const Suspects& fresh) const;

 private:
  template <class Visit>
  void forEach(const std::vector<TreeFile>& files, Visit visit) const;

  const RestoreSettings& shared_;
  const Oid treeOid_;
  std::vector<IndexEntry> written_;  // sorted by path
};

}  // namespace coppice
