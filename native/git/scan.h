// What differs between a checked-out worktree and its index, found by a parallel walk with lstat: no content is read.
#pragma once

#include <string>
#include <vector>

#include "cancel.h"
#include "index_file.h"

namespace coppice {

struct ScanResult {
  std::vector<size_t> suspect;   // positions in index.entries whose file is there but not proven unchanged
  std::vector<size_t> missing;   // positions whose file is gone (or a directory stands in its place)
  struct Untracked {
    std::string path;
    struct stat status;          // lstat
    bool ignored = false;
  };
  // Files, symlinks and special files that the index does not name; a nested repository is one entry (a directory).
  // An ignored directory is one entry with a final slash and is not entered.
  std::vector<Untracked> untracked;
  std::vector<std::string> unreadable;  // directories and files that could not be read
};

struct ScanRequest {
  std::string root;                 // the worktree's folder
  const IndexFile* index = nullptr;
  bool listIgnored = false;         // false: ignored paths are left out
  std::vector<std::string> exclude; // paths (and all below them) that are not looked at
};

// Ignore rules are git's: .gitignore files of the worktree, <common>/info/exclude, core.excludesFile.
ScanResult scan(Session& session, const ScanRequest& request, const Cancel& cancel);

}  // namespace coppice
