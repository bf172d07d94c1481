#include "index_update.h"

#include <fcntl.h>

#include <algorithm>
#include <map>

#include "parallel.h"
#include "side_look.h"

namespace coppice {
namespace {

constexpr size_t kEntriesPerThread = 256;

bool isSide(const IndexEntry& entry, const Side& side) { return entry.mode == side.mode && entry.oid == side.oid; }

// The stat of the file if it is exactly the side, else one that matches no file, so that git compares the content.
FileStat statOf(SideLook& look, const LandingSite& site, const std::string& path, const Side& side) {
  const OwnedFd parent = site.root.openParent(path);
  if (!parent || side.isGitlink()) return {};
  struct stat status {};
  const Place place{parent.get(), std::string(RootDirectory::baseName(path))};
  return look.look(place, path, side, &status) == Found::kSame ? FileStat::of(status) : FileStat{};
}

std::vector<IndexEntry> freshEntries(Session& session, const LandingSite& site, const IndexFile& index,
                                     const std::vector<const Change*>& changes, const SideRules& rules) {
  std::vector<IndexEntry> entries(changes.size());
  const size_t threads = std::min<size_t>(session.threads(), changes.size() / kEntriesPerThread + 1);
  parallelFor(static_cast<unsigned>(threads), changes.size(), [&] {
    return [&, look = std::make_shared<SideLook>(session, site, rules)](size_t item) {
      const Change& change = *changes[item];
      IndexEntry& entry = entries[item];
      const IndexEntry* old = index.find(change.path);
      entry.path = change.path;
      entry.mode = change.newMode;
      entry.oid = *change.newOid;
      entry.skipWorktree = old && old->skipWorktree;
      entry.stat = statOf(*look, site, change.path, newSideOf(change));
    };
  });
  return entries;
}

// Git without nanoseconds (most builds) compares times by the second, so what counts as racy is a matter of seconds here.
bool mayBeRacy(const IndexFile& index, const IndexEntry& entry) {
  return entry.stage == 0 && entry.stat.mtimeSeconds >= index.mtimeSeconds && entry.mode != kModeGitlink &&
         !entry.assumeUnchanged && !entry.skipWorktree && !entry.intentToAdd;
}

void compareRacyEntries(Session& session, const LandingSite& site, const IndexFile& old, const SideRules& rules,
                        std::vector<IndexEntry>& entries) {
  std::vector<IndexEntry*> racy;
  for (IndexEntry& entry : entries) {
    if (mayBeRacy(old, entry)) racy.push_back(&entry);
  }
  const size_t threads = std::min<size_t>(session.threads(), racy.size() / kEntriesPerThread + 1);
  parallelFor(static_cast<unsigned>(threads), racy.size(), [&] {
    return [&, look = std::make_shared<SideLook>(session, site, rules)](size_t item) {
      IndexEntry& entry = *racy[item];
      const OwnedFd parent = site.root.openParent(entry.path);
      struct stat status {};
      const Place place{parent.get(), std::string(RootDirectory::baseName(entry.path))};
      if (!parent || fstatat(place.folderFd, place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return;
      if (old.proves(entry, status)) return;
      bool same = false;
      try {
        same = look->look(place, entry.path, {entry.mode, entry.oid}) == Found::kSame;
      } catch (const Failure&) {
        // Not to be compared here (a filter, an unreadable file): git will.
      }
      if (!same) entry.stat.size = 0;  // git's own mark for "compare the content"
    };
  });
}

}  // namespace

std::string updatedIndex(Session& session, const LandingSite& site, const IndexFile& index, const std::vector<Change>& changes) {
  const SideRules rules(session, site, index, changes);
  std::vector<const Change*> put;
  std::map<std::string_view, const Change*> dropped;  // the present entries of all paths that change
  std::vector<std::string> touched;
  for (const Change& change : changes) {
    const IndexEntry* entry = index.find(change.path);
    const bool isOld = entry ? isSide(*entry, oldSideOf(change)) : change.oldMode == 0;
    const bool isNew = entry ? isSide(*entry, newSideOf(change)) : change.newMode == 0;
    if (!isOld && !isNew) continue;
    if (entry) dropped.emplace(change.path, &change);
    if (change.newMode != 0) put.push_back(&change);
    touched.push_back(change.path);
  }
  IndexFile updated = index;
  updated.entries.clear();
  updated.entries.reserve(index.entries.size() + put.size());
  for (const IndexEntry& entry : index.entries) {
    if (dropped.find(entry.path) == dropped.end()) updated.entries.push_back(entry);
  }
  compareRacyEntries(session, site, index, rules, updated.entries);
  std::vector<IndexEntry> fresh = freshEntries(session, site, index, put, rules);
  updated.entries.insert(updated.entries.end(), std::make_move_iterator(fresh.begin()), std::make_move_iterator(fresh.end()));
  std::sort(updated.entries.begin(), updated.entries.end(), [](const IndexEntry& a, const IndexEntry& b) {
    const int order = a.path.compare(b.path);
    return order != 0 ? order < 0 : a.stage < b.stage;
  });
  if (updated.treeExtension) updated.treeExtension = invalidateTreeExtension(*updated.treeExtension, touched);
  return serializeIndex(updated);
}

}  // namespace coppice
