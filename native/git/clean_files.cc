#include "clean_files.h"

#include <algorithm>

#include "checkout.h"
#include "entry_at.h"
#include "parallel.h"
#include "reset_index.h"

namespace coppice {
namespace {

constexpr const char* kOperation = "reset";

bool isPlain(uint32_t mode) {
  return mode == kModeFile || mode == kModeExecutable;
}

}  // namespace

template <class Visit>
void CleanFiles::forEach(const std::vector<TreeFile>& files, Visit visit) const {
  const HandleLease handle = shared_.session.handle();
  const Attributes attributes =
      Attributes::ofTree(shared_.session, shared_.admin, ruleFilesAbove(*handle, treeOid_, files));
  const auto worker = [&] {
    return [&, restorer = FileRestorer(shared_.session, shared_.root, attributes, shared_.settings, shared_.modes,
                                       shared_.cancel)](size_t i) mutable {
      shared_.cancel.check(kOperation);
      visit(i, restorer);
    };
  };
  parallelFor(worthThreads(shared_.session.threads(), files.size()), files.size(), worker);
}

void CleanFiles::overwrite(std::vector<Change>& changes, const Suspects& suspects) {
  const ExcludedPaths kept(shared_.request.keep);
  std::vector<TreeFile> files;
  std::vector<Change> left;
  for (Change& change : changes) {
    const bool simple = change.oldMode == change.newMode && isPlain(change.newMode) && !suspects.cover(change.path) &&
                        !kept.cover(change.path);
    if (simple)
      files.push_back({std::move(change.path), change.newMode, *change.newOid});
    else
      left.push_back(std::move(change));
  }
  changes.clear();
  if (files.empty()) return changes.swap(left);
  requireSafeTree(files, shared_.cancel);
  std::vector<std::optional<FileStat>> stats(files.size());
  forEach(files, [&](size_t i, FileRestorer& restorer) { stats[i] = restorer.overwrite(files[i]); });
  for (size_t i = 0; i < files.size(); i++) {
    TreeFile& file = files[i];
    if (stats[i]) {
      IndexEntry& entry = written_.emplace_back();
      entry.path = std::move(file.path);
      entry.mode = file.mode;
      entry.oid = file.oid;
      entry.stat = *stats[i];
    } else {
      Change& change = left.emplace_back();
      change.path = std::move(file.path);
      change.oldMode = change.newMode = file.mode;
      change.newOid = file.oid;
    }
  }
  changes.swap(left);
}

Suspects CleanFiles::unclear(const Suspects& fresh) const {
  const HandleLease handle = shared_.session.handle();
  std::vector<TreeFile> files;  // without a mode: nothing may be there
  Suspects unclear;
  for (const auto& [path, kind] : fresh) {
    const MergeEntry entry = entryAt(*handle, treeOid_, path);
    if (kind == Suspects::Kind::kAll && (!entry || isPlain(entry.mode)))
      files.push_back({path, entry.mode, entry.oid});
    else
      unclear.add(path, kind);
  }
  if (files.empty()) return unclear;
  std::vector<char> right(files.size(), 0);
  forEach(files, [&](size_t i, FileRestorer& restorer) {
    right[i] = files[i].mode == 0 ? restorer.isAbsent(files[i].path) : restorer.holds(files[i]);
  });
  for (size_t i = 0; i < files.size(); i++)
    if (!right[i]) unclear.add(std::move(files[i].path));
  return unclear;
}

}  // namespace coppice
