// See conflict.h.
#include "conflict.h"

#include <algorithm>
#include <tuple>

namespace coppice {

std::optional<ConflictSide> sideAt(const std::string& path, const MergeEntry& entry) {
  if (!entry) return std::nullopt;
  return ConflictSide{path, entry.mode, entry.oid};
}

Conflict conflictAt(const std::string& path, const char* kind, const MergeEntry& base, const MergeEntry& ours,
                    const MergeEntry& theirs, const std::shared_ptr<const std::string>& content) {
  Conflict conflict;
  conflict.path = path;
  conflict.kind = kind;
  conflict.base = sideAt(path, base);
  conflict.ours = sideAt(path, ours);
  conflict.theirs = sideAt(path, theirs);
  if (content) conflict.content = *content;
  return conflict;
}

void sortConflicts(std::vector<Conflict>& conflicts) {
  std::stable_sort(conflicts.begin(), conflicts.end(),
                   [](const Conflict& a, const Conflict& b) { return std::tie(a.path, a.kind) < std::tie(b.path, b.kind); });
}

}  // namespace coppice
