#include "index_update.h"

#include <fcntl.h>

#include <algorithm>
#include <map>
#include <string_view>

#include "index_splice.h"
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

// The places of entries that the new index must not vouch for. `edited`: sorted paths that are looked at elsewhere.
std::vector<size_t> distrustedEntries(Session& session, const LandingSite& site, const IndexFile& index, const SideRules& rules,
                                      const std::vector<std::string_view>& edited) {
  std::vector<size_t> racy;
  for (size_t i = 0; i < index.entries.size(); i++) {
    const IndexEntry& entry = index.entries[i];
    if (mayBeRacy(index, entry) && !std::binary_search(edited.begin(), edited.end(), entry.path)) racy.push_back(i);
  }
  std::vector<char> distrusted(racy.size(), 0);
  const size_t threads = std::min<size_t>(session.threads(), racy.size() / kEntriesPerThread + 1);
  parallelFor(static_cast<unsigned>(threads), racy.size(), [&] {
    return [&, look = std::make_shared<SideLook>(session, site, rules)](size_t item) {
      const IndexEntry& entry = index.entries[racy[item]];
      const OwnedFd parent = site.root.openParent(entry.path);
      struct stat status {};
      const Place place{parent.get(), std::string(RootDirectory::baseName(entry.path))};
      if (!parent || fstatat(place.folderFd, place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return;
      if (index.proves(entry, status)) return;
      bool same = false;
      try {
        same = look->look(place, entry.path, {entry.mode, entry.oid}) == Found::kSame;
      } catch (const Failure&) {
        // Not to be compared here (a filter, an unreadable file): git will.
      }
      distrusted[item] = !same;
    };
  });
  std::vector<size_t> places;
  for (size_t item = 0; item < racy.size(); item++) {
    if (distrusted[item]) places.push_back(racy[item]);
  }
  return places;
}

}  // namespace

PageString updatedIndex(Session& session, const LandingSite& site, const IndexFile& index, const std::vector<Change>& changes) {
  const SideRules rules(session, site, index, changes);
  std::map<std::string, const Change*> touched;  // of several changes of one path the last counts
  for (const Change& change : changes) {
    const IndexEntry* entry = index.find(change.path);
    const bool isOld = entry ? isSide(*entry, oldSideOf(change)) : change.oldMode == 0;
    const bool isNew = entry ? isSide(*entry, newSideOf(change)) : change.newMode == 0;
    if (isOld || isNew) touched[change.path] = &change;
  }
  std::vector<const Change*> put;
  std::vector<std::string_view> edited;
  std::vector<IndexEdit> edits;
  for (const auto& [path, change] : touched) {
    if (change->newMode != 0) put.push_back(change);
    else edits.push_back({path, std::nullopt});
    edited.push_back(path);
  }
  const std::vector<size_t> distrusted = distrustedEntries(session, site, index, rules, edited);
  for (IndexEntry& entry : freshEntries(session, site, index, put, rules)) {
    std::string path = entry.path;
    edits.push_back({std::move(path), std::move(entry)});
  }
  return splicedIndex(index, std::move(edits), distrusted);
}

}  // namespace coppice
