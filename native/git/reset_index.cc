#include "reset_index.h"

#include <algorithm>
#include <set>

#include "entry_at.h"
#include "failure.h"
#include "safe_path.h"

namespace coppice {

IndexFile readIndexIfSound(const std::string& path) {
  try {
    return IndexFile::read(path).value_or(IndexFile());
  } catch (const Failure& failure) {
    if (failure.code == failure_code::kCancelled) throw;
    return {};
  }
}

IndexFile indexOver(const std::vector<TreeFile>& files, const IndexFile& old,
                    std::vector<std::string>& noLongerTracked) {
  IndexFile index;
  index.mtimeSeconds = old.mtimeSeconds;
  index.mtimeNanoseconds = old.mtimeNanoseconds;
  index.entries.resize(files.size());
  auto at = old.entries.begin();
  const auto pass = [&] {
    // What is not safe to name cannot be a file of ours.
    if (isSafePath(at->path)) noLongerTracked.push_back(at->path);
    ++at;
  };
  for (size_t i = 0; i < files.size(); i++) {
    IndexEntry& entry = index.entries[i];
    entry.path = files[i].path;
    entry.mode = files[i].mode;
    entry.oid = files[i].oid;
    while (at != old.entries.end() && at->path < entry.path)
      pass();
    for (; at != old.entries.end() && at->path == entry.path; ++at) {
      const bool same = at->mode == entry.mode && at->oid == entry.oid && at->stage == 0;
      if (same && !at->assumeUnchanged && !at->skipWorktree && !at->intentToAdd) entry.stat = at->stat;
    }
  }
  while (at != old.entries.end())
    pass();
  return index;
}

void takeStats(IndexFile& index, const std::vector<IndexEntry>& seen) {
  auto at = index.entries.begin();
  for (const IndexEntry& entry : seen) {
    at = std::lower_bound(at, index.entries.end(), entry,
                          [](const IndexEntry& a, const IndexEntry& b) { return a.path < b.path; });
    if (at != index.entries.end() && at->path == entry.path) at->stat = entry.stat;
  }
}

std::vector<IndexEdit> indexEdits(std::initializer_list<const std::vector<IndexEntry>*> entries,
                                  const std::vector<std::string>& gone) {
  std::vector<IndexEdit> edits;
  for (const std::vector<IndexEntry>* some : entries)
    for (const IndexEntry& entry : *some)
      edits.push_back({entry.path, entry});
  for (const std::string& path : gone)
    edits.push_back({path, std::nullopt});
  std::sort(edits.begin(), edits.end(), [](const IndexEdit& a, const IndexEdit& b) { return a.path < b.path; });
  return edits;
}

std::vector<TreeFile> ruleFilesAbove(Handle& handle, const Oid& treeOid, const std::vector<TreeFile>& files) {
  std::set<std::string> seen;
  std::vector<TreeFile> rules;
  const auto directoryOf = [](const std::string& path) {
    const size_t slash = path.rfind('/');
    return slash == std::string::npos ? std::string() : path.substr(0, slash);
  };
  for (const TreeFile& file : files) {
    for (std::string directory = directoryOf(file.path); seen.insert(directory).second;
         directory = directoryOf(directory)) {
      const std::string path = directory.empty() ? ".gitattributes" : directory + "/.gitattributes";
      const MergeEntry entry = entryAt(handle, treeOid, path);
      if (entry && entry.mode != kModeTree) rules.push_back({path, entry.mode, entry.oid});
    }
  }
  return rules;
}

}  // namespace coppice
