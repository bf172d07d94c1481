// What differs between a checked-out worktree and its index, found by a parallel walk with lstat: no content is read.
#pragma once

#include <sys/stat.h>

#include <functional>
#include <string>
#include <vector>

#include "cancel.h"
#include "index_file.h"
#include "tracked_directories.h"

namespace coppice {

struct ScanResult {
  // Positions in index.entries, ascending. The stages of an unmerged path are all listed.
  std::vector<size_t> suspect;  // something is there (never a directory, but for gitlinks) that is not proven unchanged
  std::vector<size_t> missing;  // nothing is there, or a directory stands in its place; skip-worktree entries too
  std::vector<size_t> populatedGitlinks;  // gitlinks whose directory is not empty; what is in it is not looked at

  struct Untracked {
    std::string path;
    struct stat status;  // lstat
    bool ignored = false;
  };
  // Files, symlinks and special files that the index does not name, sorted by path. A nested repository is one entry (a
  // directory), but where the index names files in it git goes on inside: then only its ".git" is an entry. A ".git"
  // that is no repository is an entry too. An ignored directory is one entry with a final slash and is not entered.
  std::vector<Untracked> untracked;
  std::vector<std::string> untrackedDirectories;  // entered, neither ignored nor in the index; parents before children
  bool manyNames = false;               // a file that was looked at has another name, wherever that is
  std::vector<std::string> unreadable;  // directories and files that could not be read: nothing is known about them
};

struct ScanRequest {
  std::string root;          // the worktree's folder
  std::string gitDirectory;  // its admin directory, for the configuration; empty: what root/.git leads to
  const IndexFile* index = nullptr;
  bool listIgnored = false;          // false: ignored paths are left out
  std::vector<std::string> exclude;  // paths (and all below them) that are not looked at
  // The directories of the index that are looked at, and what leads on from there; nullptr: all of them.
  const std::vector<TrackedDirectory>* directories = nullptr;
  // Called, on any thread, with each directory of the index (a gitlink's too) that is about to be looked at as a whole.
  std::function<void(int directoryFd, const std::string& path)> entering;
};

// Ignore rules are git's: .gitignore files of the worktree, <common>/info/exclude, core.excludesFile.
ScanResult scan(Session& session, const ScanRequest& request, const Cancel& cancel);

}  // namespace coppice
