// What is known about a pooled worktree between two looks at it: the tree that it was brought to, and every path that may
// differ from it since. As long as nothing is lost, this holds:
//   - a path that is not suspect is as in the tree, and a path that the tree does not name is not there;
//   - a directory of the tree that is not suspect as a whole is watched.
// So a snapshot and a reset need to look at suspects only, whatever ignore rules and index say by now. What is on disk
// beside the tree for good (ignored files that are kept, provisioned paths) stays suspect.
#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "directory_watches.h"
#include "file_mark.h"
#include "oid.h"
#include "suspects.h"

namespace coppice {

// Of the admin directory, what a reset wrote that a task's git would change.
struct AdminMarks {
  Oid headOid{};
  std::optional<FileMark> head, log;
};

class Tracker {
 public:
  explicit Tracker(std::string root) : root_(std::move(root)) {}

  // One operation at a time uses a tracker.
  std::mutex& mutex() { return mutex_; }

  // Starts anew: whoever calls watches every directory before looking at it, and adds what is suspect. False: there is
  // no use in trying here.
  bool begin();
  // Several threads may call it. Of a directory that cannot be watched everything is lost.
  void watch(int directoryFd, const std::string& path);

  // Everything that has become suspect since the last time; it stays suspect.
  Suspects drain();
  const Suspects& suspects() const { return suspects_; }
  // What `drain` has told since the last of `proven` and `forgetTouched`.
  const Suspects& touched() const { return touched_; }
  void forgetTouched() { touched_ = {}; }
  void add(const Suspects& suspects);

  // The worktree is at `treeOid`, but for what is still suspect; the index at `indexPath` says so.
  void proven(const Oid& treeOid, Suspects stillSuspect, const std::string& indexPath);

  // Why nothing is known; nullopt: all of the above holds.
  std::optional<std::string> lost() const;
  // Something was lost, whatever an operation under way does.
  bool isBlind() const;
  void lose(const std::string& why, bool forGood = false);
  // Until `proven`: an operation that breaks off leaves nothing known.
  void beginChange() { changing_ = true; }

  const Oid& treeOid() const { return treeOid_; }
  std::optional<AdminMarks> adminMarks;
  std::optional<mode_t> directoryMode;  // of new directories, found at the last look at everything
  bool isOwnIndex(const std::string& indexPath) const { return indexMark_ && FileMark::of(indexPath) == indexMark_; }

 private:
  const std::string root_;
  std::mutex mutex_;
  std::unique_ptr<DirectoryWatches> watches_;
  Suspects suspects_;
  Suspects touched_;
  Oid treeOid_{};
  std::optional<FileMark> indexMark_;
  bool changing_ = true;
  mutable std::mutex lostMutex_;
  std::optional<std::string> lost_;
  bool lostForGood_ = false;
};

// The trackers of a session, by the worktree's name.
class Trackers {
 public:
  std::shared_ptr<Tracker> make(const std::string& name, const std::string& root);
  std::shared_ptr<Tracker> find(const std::string& name) const;  // nullptr: it was never asked for
  void drop(const std::string& name);

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Tracker>> trackers_;
};

}  // namespace coppice
