// A checked-out worktree whose clean files are copied instead of inflated. An entry of its index must prove the file
// clean. Where the worktree's bytes are the blob's, the copy is hashed on the way too, so neither an old attribute nor
// a lying index gets into the new worktree; where they are not, the file must have the same stat after the copy.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "attributes.h"
#include "index_file.h"
#include "safe_path.h"
#include "session.h"
#include "tree.h"

namespace coppice {

class CopySource {
 public:
  // nullptr: it cannot serve (not checked out, an index that we do not read); its files are inflated then.
  static std::unique_ptr<CopySource> open(const std::string& worktreePath);

  const RootDirectory& root() const { return root_; }

  // For each file of a tree (sorted by path) the entry that may prove a copy of it, or nullptr.
  std::vector<const IndexEntry*> entriesFor(const std::vector<TreeFile>& files) const;

  // Writes the file `name` in `directoryFd` to `targetFd`, which is empty. False: its content is not proven, and what
  // `targetFd` holds now is worth nothing. `verify`: it must hash to the entry's oid.
  bool copy(const IndexEntry& entry, int directoryFd, const char* name, bool verify, int targetFd,
            std::vector<char>& buffer, const Cancel& cancel) const;

  // Of its own files, for those that no hash can verify.
  Attributes attributes(Session& session) const;

 private:
  CopySource(const std::string& worktreePath, std::string gitDirectory, IndexFile index)
      : root_(worktreePath), gitDirectory_(std::move(gitDirectory)), index_(std::move(index)) {}

  RootDirectory root_;
  std::string gitDirectory_;
  IndexFile index_;
};

}  // namespace coppice
