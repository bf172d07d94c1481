// The index, then the file, then what stands in the way.
#include "path_check.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "parallel.h"

namespace coppice {
namespace {

constexpr const char* kOperation = "land.checkPaths";
constexpr size_t kPathsPerThread = 32;
// A directory of the user's that stands in the way is searched no further than this for something that is not ours.
constexpr unsigned kMaxDirectoryEntries = 100000;

// ASCII only, as git folds.
std::string folded(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

bool isEntry(const IndexEntry* entry, const Side& side) {
  if (side.isNothing()) return entry == nullptr;
  return entry && !entry->intentToAdd && entry->mode == side.mode && entry->oid == side.oid;
}

// Calls with "a", then "a/b" for "a/b/c", until one answers true.
template <class Visit>
bool anyParent(const std::string& path, Visit visit) {
  for (size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    if (visit(path.substr(0, slash))) return true;
  }
  return false;
}

// The name that stands in a directory is compared as the filesystem would: our spelling and another are one file there.
bool sameFile(const struct stat& a, const struct stat& b) { return a.st_dev == b.st_dev && a.st_ino == b.st_ino; }

}  // namespace

PathCheck::PathCheck(const LandingSite& site, const IndexFile& index, LandingKind kind, const std::vector<Change>& changes)
    : site_(site), index_(index), kind_(kind) {
  for (const Change& change : changes) changes_.emplace(change.path, &change);
  if (!site.settings.ignoreCase || kind != LandingKind::kCommit) return;
  for (const IndexEntry& entry : index.entries) {
    spellings_[folded(entry.path)].push_back(&entry);
    anyParent(entry.path, [&](const std::string& parent) {
      auto& list = spellings_[folded(parent)];
      if (list.empty() || list.back()->path.compare(0, parent.size(), parent) != 0) list.push_back(&entry);
      return false;
    });
  }
}

bool PathCheck::isRemoved(const std::string& path) const {
  const auto found = changes_.find(path);
  return found != changes_.end() && found->second->newMode == 0;
}

// Whether the index holds this path, or a directory of it, in other letters that stay.
bool PathCheck::hasOtherSpelling(const std::string& path) const {
  const auto collides = [&](const std::string& prefix) {
    const auto found = spellings_.find(folded(prefix));
    if (found == spellings_.end()) return false;
    return std::any_of(found->second.begin(), found->second.end(), [&](const IndexEntry* entry) {
      return entry->path.compare(0, prefix.size(), prefix) != 0 && !isRemoved(entry->path);
    });
  };
  return collides(path) || anyParent(path, collides);
}

std::string PathCheck::indexReason(const Change& change) const {
  const IndexEntry* entry = index_.find(change.path);
  if (!isEntry(entry, oldSideOf(change)) && !isEntry(entry, newSideOf(change))) return "staged";
  if (change.newMode == 0) return "";
  // What the user staged beside us may make the path a directory, or a parent of it a file.
  if (anyParent(change.path, [&](const std::string& parent) { return index_.find(parent) && !isRemoved(parent); }))
    return "staged";
  const std::string below = change.path + "/";
  auto entryBelow = std::lower_bound(index_.entries.begin(), index_.entries.end(), below,
                                     [](const IndexEntry& each, const std::string& wanted) { return each.path < wanted; });
  for (; entryBelow != index_.entries.end() && entryBelow->path.compare(0, below.size(), below) == 0; ++entryBelow) {
    if (!isRemoved(entryBelow->path)) return "staged";
  }
  if (change.oldMode == 0 && hasOtherSpelling(change.path)) return "staged";
  return "";
}

// True when nothing below the directory would stay after the landing but directories.
bool PathCheck::holdsOnlyRemoved(int parentFd, const std::string& name, const std::string& path, unsigned& budget) const {
  OwnedFd fd(openat(parentFd, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return false;
  for (const std::string& child : namesIn(fd.get(), path)) {
    if (budget-- == 0) return false;
    struct stat status {};
    if (fstatat(fd.get(), child.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return false;
    const std::string childPath = path + "/" + child;
    if (S_ISDIR(status.st_mode) ? !holdsOnlyRemoved(fd.get(), child, childPath, budget) : !isRemoved(childPath)) return false;
  }
  return true;
}

// The parent cannot be opened: it is missing, or something that is not a directory stands in its place.
std::string PathCheck::missingParentReason(const Change& change, int error) const {
  if (error != ENOENT && error != ENOTDIR && error != ELOOP) return "unwritable";
  if (change.newMode == 0) return "";
  if (change.oldMode != 0) return "deleted";
  std::string reason;
  anyParent(change.path, [&](const std::string& parent) {
    const OwnedFd above = site_.root.openParent(parent);
    if (!above) return true;
    struct stat status {};
    const std::string name(RootDirectory::baseName(parent));
    if (fstatat(above.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      if (faccessat(above.get(), ".", W_OK | X_OK, AT_EACCESS) != 0) reason = "unwritable";
      return true;
    }
    if (S_ISDIR(status.st_mode)) return false;
    if (!isRemoved(parent)) reason = "untracked";
    return true;
  });
  return reason;
}

// Something is at a path where the old side has nothing.
std::string PathCheck::occupantReason(const Change& change, const Place& place, Found found, SideLook& look) const {
  unsigned budget = kMaxDirectoryEntries;
  if (found == Found::kDirectory)
    return holdsOnlyRemoved(place.folderFd, place.name, change.path, budget) ? "" : "directory-in-the-way";
  return site_.settings.ignoreCase && isRespelled(change, place, look) ? "" : "untracked";
}

// A rename of letters only: what is found under the new name is the old file.
bool PathCheck::isRespelled(const Change& change, const Place& place, SideLook& look) const {
  struct stat here {};
  if (fstatat(place.folderFd, place.name.c_str(), &here, AT_SYMLINK_NOFOLLOW) != 0) return false;
  for (const auto& [path, other] : changes_) {
    if (other->newMode != 0 || path.size() != change.path.size() || folded(other->path) != folded(change.path)) continue;
    struct stat there {};
    const Place otherPlace{place.folderFd, std::string(RootDirectory::baseName(path))};
    if (fstatat(otherPlace.folderFd, otherPlace.name.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0 && sameFile(here, there) &&
        look.look(otherPlace, other->path, oldSideOf(*other)) == Found::kSame)
      return true;
  }
  return false;
}

// A submodule's folder is made where nothing is. One that is there already may be empty or a repository; the user's files in
// it would otherwise vanish from `git status`.
bool PathCheck::mayHoldSubmodule(const Change& change, const Place& place) const {
  struct stat status {};
  if (fstatat(place.folderFd, (place.name + "/.git").c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) return true;
  unsigned budget = kMaxDirectoryEntries;
  return holdsOnlyRemoved(place.folderFd, place.name, change.path, budget);
}

PathVerdict PathCheck::judgeFile(const Change& change, SideLook& look) const {
  const IndexEntry* entry = index_.find(change.path);
  const bool sparse = entry && entry->skipWorktree;
  // The index can carry a change to a sparse path; an uncommitted change has no other place than the file.
  const char* sparseReason = kind_ == LandingKind::kWorkingTree ? "deleted" : "";
  const OwnedFd parent = site_.root.openParent(change.path);
  if (!parent) return {sparse ? sparseReason : missingParentReason(change, errno)};
  const Place place{parent.get(), std::string(RootDirectory::baseName(change.path))};
  struct stat status {};
  const bool there = fstatat(place.folderFd, place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
  if (sparse && !there) return {sparseReason};
  if (oldSideOf(change).isGitlink() && newSideOf(change).isGitlink()) return {};
  PathVerdict verdict;
  const bool proven = there && entry && isEntry(entry, oldSideOf(change)) && index_.proves(*entry, status);
  if (!proven) verdict = judgeStanding(change, place, look);
  if (verdict.reason.empty() && !verdict.isNewAlready && faccessat(place.folderFd, ".", W_OK | X_OK, AT_EACCESS) != 0)
    verdict.reason = "unwritable";
  return verdict;
}

// What is at the path, with its content where that is needed.
PathVerdict PathCheck::judgeStanding(const Change& change, const Place& place, SideLook& look) const {
  const Side oldSide = oldSideOf(change);
  const Side newSide = newSideOf(change);
  // Staged as the new side already: then the file must be that too, or the user went on from there.
  const bool mustBeNew = kind_ == LandingKind::kCommit && !isEntry(index_.find(change.path), oldSide);
  const Found old = look.look(place, change.path, oldSide);
  const bool isOld = !mustBeNew && old == (oldSide.isNothing() ? Found::kNothing : Found::kSame);
  if (isOld && oldSide.isGitlink() && newSide.isFile()) {
    unsigned budget = kMaxDirectoryEntries;
    return {holdsOnlyRemoved(place.folderFd, place.name, change.path, budget) ? "" : "directory-in-the-way"};
  }
  if (isOld) return {};
  const Found now = look.look(place, change.path, newSide);
  if (now == (newSide.isNothing() ? Found::kNothing : Found::kSame)) {
    if (newSide.isGitlink() && !mayHoldSubmodule(change, place)) return {"directory-in-the-way"};
    return {"", true};
  }
  if (now == Found::kNothing) return {oldSide.isGitlink() ? "" : "deleted"};  // an unpopulated submodule needs no folder
  if (oldSide.isNothing()) return {occupantReason(change, place, now, look)};
  return {reasonOf(mustBeNew ? now : old)};
}

PathVerdict PathCheck::judge(const Change& change, SideLook& look) const {
  for (const Side& side : {oldSideOf(change), newSideOf(change)}) {
    if (!side.isNothing()) requireSafePath(change.path, kOperation, side.mode);
  }
  if (kind_ == LandingKind::kCommit) {
    const std::string reason = indexReason(change);
    if (!reason.empty()) return {reason};
  }
  // Not even a deletion: without the filter nobody can tell whether the file is still what git wrote.
  if (look.rules().needsFilter(change)) return {"filter"};
  return judgeFile(change, look);
}

std::vector<PathVerdict> judgePaths(Session& session, const LandingSite& site, const IndexFile& index, LandingKind kind,
                                    const std::vector<Change>& changes, const Cancel& cancel) {
  const PathCheck check(site, index, kind, changes);
  const SideRules rules(session, site, index, changes);
  std::vector<PathVerdict> verdicts(changes.size());
  const size_t threads = std::min<size_t>(session.threads(), changes.size() / kPathsPerThread + 1);
  parallelFor(static_cast<unsigned>(threads), changes.size(), [&] {
    return [&, look = std::make_shared<SideLook>(session, site, rules)](size_t item) {
      cancel.check(kOperation);
      verdicts[item] = check.judge(changes[item], *look);
    };
  });
  return verdicts;
}

}  // namespace coppice
