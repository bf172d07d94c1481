// Who still holds a worktree after its task ended. Read-only descriptors do not count: they cannot change a later
// task's files. This process does not count either, although a worker thread of a task may have left something open in
// it: it works on many leases at once and its own descriptors come and go, so the answer would be chance.
#include "holder.h"

#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "failure.h"
#include "mount.h"
#include "operations.h"

namespace coppice {

namespace {

struct FreeText {
  void operator()(char* text) const noexcept { ::free(text); }
};

}  // namespace

#ifndef __linux__
// There is no /proc: nobody is found, and a worktree that is still held goes back to the pool. Said in
// docs/shortcomings.md.
std::vector<Holder> findHolders(const std::vector<std::string>&, const Cancel&) {
  return {};
}
#endif

ListHoldersReply listHolders(Session&, const ListHoldersRequest& request, const Cancel& cancel) {
  std::vector<std::string> roots;
  for (const std::string& path : request.paths) {
    const std::unique_ptr<char, FreeText> root(::realpath(path.c_str(), nullptr));
    // One that a task has removed may still be somebody's working directory, under its old name.
    if (!root && errno != ENOENT) failSystem("listHolders", path);
    roots.push_back(root ? root.get() : path);
  }
  ListHoldersReply reply{findHolders(roots, cancel), {}};
  for (Holder& holder : reply.holders)
    holder.path = request.paths[std::find(roots.begin(), roots.end(), holder.path) - roots.begin()];
  for (const std::string& path : request.paths)
    for (std::string& mountPath : mountsBeneath(path)) reply.mounts.push_back({path, std::move(mountPath)});
  return reply;
}

}  // namespace coppice
