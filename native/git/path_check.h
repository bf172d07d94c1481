// Step 3 of landing: which of the paths that are about to change did the user change? Reads only.
//
// A path that already is what landing would make of it (same bytes, same mode) is nobody's loss and never blocks, untracked or
// not: git refuses there, but then a file that two effects make alike, or a landing that is done again, would block for ever.
// Ignored files in the way block as untracked ones do: git overwrites those, and that is how people lose their `.env`.
#pragma once

#include <map>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "index_file.h"
#include "side_look.h"

namespace coppice {

enum class LandingKind {
  kCommit,
  kWorkingTree,  // the index still holds what it held before earlier landings, so only files count
  kRollForward,  // of a commit whose landing died: only files count, and the index follows them
};

struct PathVerdict {
  std::string reason;     // empty: the path may change; else the word of BlockedPath.reason
  bool isNewAlready = false;
};

class PathCheck {
 public:
  PathCheck(const LandingSite& site, const IndexFile& index, LandingKind kind, const std::vector<Change>& changes);

  // Called from several threads, each with its look.
  PathVerdict judge(const Change& change, SideLook& look) const;

 private:
  std::string indexReason(const Change& change) const;
  PathVerdict judgeFile(const Change& change, SideLook& look) const;
  PathVerdict judgeStanding(const Change& change, const Place& place, SideLook& look) const;
  std::string missingParentReason(const Change& change, int error) const;
  std::string occupantReason(const Change& change, const Place& place, Found found, SideLook& look) const;
  bool isRespelled(const Change& change, const Place& place, SideLook& look) const;
  bool mayHoldSubmodule(const Change& change, const Place& place) const;
  bool isRemoved(const std::string& path) const;
  bool hasOtherSpelling(const std::string& path) const;
  bool holdsOnlyRemoved(int parentFd, const std::string& name, const std::string& path, unsigned& budget) const;

  const LandingSite& site_;
  const IndexFile& index_;
  const LandingKind kind_;
  std::map<std::string_view, const Change*> changes_;
  std::unordered_map<std::string, std::vector<const IndexEntry*>> spellings_;  // by folded path; only where case is ignored
};

// All of them, on the session's threads, in the order of `changes`.
std::vector<PathVerdict> judgePaths(Session& session, const LandingSite& site, const IndexFile& index, LandingKind kind,
                                    const std::vector<Change>& changes, const Cancel& cancel);

}  // namespace coppice
