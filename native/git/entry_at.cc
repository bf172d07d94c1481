// See entry_at.h.
#include "entry_at.h"

#include <algorithm>

#include "operations.h"
#include "tree.h"

namespace coppice {

MergeEntry entryAt(Handle& handle, const Oid& treeOid, std::string_view path) {
  MergeEntry found{kModeTree, treeOid, nullptr};
  for (size_t from = 0; from < path.size();) {
    if (found.mode != kModeTree) return {};
    const size_t end = std::min(path.find('/', from), path.size());
    const TreePtr tree = readTree(handle, found.oid);
    const TreeEntry* entry = tree->find(path.substr(from, end - from));
    if (!entry) return {};
    found = {entry->mode, entry->oid, nullptr};
    from = end + 1;
  }
  return found;
}

ReadEntriesReply readEntries(Session& session, const ReadEntriesRequest& request, const Cancel& cancel) {
  const HandleLease handle = session.handle();
  const Oid treeOid = treeOfTreeish(*handle, request.treeishOid);
  ReadEntriesReply reply;
  reply.entries.reserve(request.paths.size());
  for (const std::string& path : request.paths) {
    cancel.check("readEntries");
    const MergeEntry entry = entryAt(*handle, treeOid, path);
    reply.entries.push_back(entry.mode == 0 ? EntryReply{} : EntryReply{entry.mode, entry.oid});
  }
  return reply;
}

}  // namespace coppice
