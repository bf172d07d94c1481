#include "tracked_files.h"

#include <algorithm>
#include <map>

#include "failure.h"
#include "tree.h"

namespace coppice {

namespace {

bool isMode(uint32_t mode) {
  return mode == kModeFile || mode == kModeExecutable || mode == kModeSymlink || mode == kModeGitlink;
}

// nullopt when there is none that can be used. A snapshot must not fail because of what a task did to its index.
std::optional<IndexFile> readIndex(const std::string& path) {
  try {
    auto index = IndexFile::read(path);
    if (!index) return std::nullopt;
    const bool sound = std::all_of(index->entries.begin(), index->entries.end(),
                                   [](const IndexEntry& entry) { return isMode(entry.mode); });
    return sound ? std::move(index) : std::nullopt;
  } catch (const Failure& failure) {
    if (failure.code != failure_code::kCorrupt && failure.code != failure_code::kUnsupportedRepository) throw;
    return std::nullopt;
  }
}

}  // namespace

IndexFile trackedFiles(Session& session, const std::string& gitDirectory, const Oid& baseTreeOid,
                       const std::optional<Oid>& headOid, const Cancel& cancel) {
  if (auto index = readIndex(gitDirectory + "/index")) return std::move(*index);
  const HandleLease handle = session.handle();
  std::map<std::string, IndexEntry> entries;
  const auto add = [&](const Oid& treeOid) {
    for (TreeFile& file : listTree(*handle, treeOid, cancel)) {
      IndexEntry& entry = entries[file.path];
      entry.path = file.path;
      entry.mode = file.mode;
      entry.oid = file.oid;
    }
  };
  add(baseTreeOid);
  if (headOid) add(treeOfTreeish(*handle, *headOid));
  IndexFile index;
  for (auto& named : entries)
    index.entries.push_back(std::move(named.second));
  return index;
}

}  // namespace coppice
