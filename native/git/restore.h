// Bringing files of a worktree to what a tree says: all of them, or those in view of what is suspect. The admin
// directory is not touched here (reset_admin.h), nor the index on disk.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "attributes.h"
#include "file_restorer.h"
#include "index_file.h"
#include "scan.h"
#include "suspects.h"
#include "tracker.h"
#include "untracked_removal.h"

namespace coppice {

// What every part of one reset shares.
struct RestoreSettings {
  Session& session;
  const ResetRequest& request;
  const std::string& admin;
  const RootDirectory root;
  const WorktreeSettings settings;
  const FreshModes modes;
  Tracker* tracker;  // watches what is looked at; nullptr: nobody does
  const Cancel& cancel;
};

struct RestorePlan {
  std::vector<TreeFile> files;      // sorted by path
  const IndexFile* index = nullptr;  // of these files, with the stat data that is known of them
  std::vector<TreeFile> ruleFiles;  // the .gitattributes files that count
  const std::vector<TrackedDirectory>* directories = nullptr;  // what is looked at, as ScanRequest; nullptr: all
  std::vector<std::string> noLongerTracked;                    // removed even where they are ignored
  std::vector<std::string> modes;                              // further directories whose mode may be wrong
};

class Restore {
 public:
  Restore(const RestoreSettings& settings, RestorePlan plan);

  // False: in view there is a file with another name, so one that is not in view may have been written; nothing more is
  // done. Throws LIMIT.
  bool run();

  const IndexFile& index() const { return index_; }  // with the stat data of what was looked at
  const Suspects& stays() const { return stays_; }   // ignored paths that were kept
  bool converts() const;  // whether a file was looked at whose blob is not what is on disk
  uint32_t written() const { return written_; }
  uint32_t removed() const { return removal_.count(); }

 private:
  enum class Look { kEnough, kAgain, kNotEnough };

  FileRestorer restorer();
  void restoreModes();
  void restoreMode(const std::string& directory);
  void restoreIgnoreFiles();
  void restore(size_t i, FileRestorer& restorer);
  Look look();
  void restoreFiles(const ScanResult& found);

  const RestoreSettings& shared_;
  const RestorePlan plan_;
  const std::vector<TreeFile>& files_;
  const Attributes attributes_;
  UntrackedRemoval removal_;
  IndexFile index_;
  Suspects stays_;
  std::vector<char> right_;  // files that were looked at or written here (not vector<bool>: threads write side by side)
  std::atomic<uint32_t> written_{0};
};

}  // namespace coppice
