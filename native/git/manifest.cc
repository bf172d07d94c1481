// See manifest.h. Why theirs' changes are enough: a path that only ours changed must equal ours, so it may not be in
// `changes`; and every path in `changes` must be one that theirs changed, or one that a decision names.
#include "manifest.h"

#include <unordered_map>

#include "entry_at.h"

namespace coppice {
namespace {

[[noreturn]] void violated(const std::string& path, const char* what) {
  fail(failure_code::kCorrupt, "merge.verifyManifest", std::string("the merged tree is not what the merge decided: ") + what, path);
}

MergeEntry sideOf(uint32_t mode, const std::optional<Oid>& oid) {
  return mode ? MergeEntry{mode, oid.value_or(Oid{}), nullptr} : MergeEntry{};
}

// A file, or nothing: a directory at a path counts as no file there.
MergeEntry fileAt(Handle& handle, const Oid& treeOid, const std::string& path) {
  const MergeEntry entry = entryAt(handle, treeOid, path);
  return entry.mode == kModeTree ? MergeEntry{} : entry;
}

}  // namespace

void verifyManifest(MergeInput& input, const std::vector<Change>& changes, const std::vector<MergeDecision>& decisions) {
  std::unordered_map<std::string_view, const MergeDecision*> decided;
  for (const MergeDecision& decision : decisions) decided.emplace(decision.path, &decision);
  std::unordered_map<std::string_view, const Change*> inMerge;
  for (const Change& change : changes) inMerge.emplace(change.path, &change);

  const std::vector<Change> theirChanges = diffTrees(input.handle, input.baseTreeOid, input.theirsTreeOid, input.cancel);
  std::unordered_map<std::string_view, const Change*> byTheirs;
  for (const Change& change : theirChanges) {
    input.cancel.check("merge.verifyManifest");
    byTheirs.emplace(change.path, &change);
    const MergeEntry base = sideOf(change.oldMode, change.oldOid), theirs = sideOf(change.newMode, change.newOid);
    const MergeEntry ours = fileAt(input.handle, input.oursTreeOid, change.path);
    const auto merged = inMerge.find(change.path);
    const MergeEntry result = merged == inMerge.end() ? ours : sideOf(merged->second->newMode, merged->second->newOid);
    const auto decision = decided.find(change.path);
    const bool ofTheirsAlone = sameEntry(ours, base);
    if (decision != decided.end()) {
      if (ofTheirsAlone && !decision->second->renamed) violated(change.path, "one side's change was decided otherwise");
      if (!sameEntry(result, decision->second->entry)) violated(change.path, "a decision is missing");
    } else if (ofTheirsAlone || sameEntry(ours, theirs)) {
      if (!sameEntry(result, theirs)) violated(change.path, "a change of theirs is missing");
    } else {
      violated(change.path, "both sides changed it and nothing was decided");
    }
  }
  for (const Change& change : changes) {
    if (byTheirs.count(change.path)) continue;
    const auto decision = decided.find(change.path);
    if (decision == decided.end() || !decision->second->renamed) violated(change.path, "a path changed that theirs did not touch");
    if (!sameEntry(sideOf(change.newMode, change.newOid), decision->second->entry)) violated(change.path, "a decision is missing");
  }
  for (const MergeDecision& decision : decisions) {
    if (byTheirs.count(decision.path) || inMerge.count(decision.path)) continue;
    if (!sameEntry(fileAt(input.handle, input.oursTreeOid, decision.path), decision.entry)) violated(decision.path, "a decision is missing");
  }
}

}  // namespace coppice
