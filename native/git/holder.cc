// Who still holds a worktree after its task ended. Read-only descriptors do not count: they cannot change a later
// task's files. This process does not count either, although a worker thread of a task may have left something open in
// it: it works on many leases at once and its own descriptors come and go, so the answer would be chance.
#include "holder.h"

#include <stdlib.h>

#include <memory>

#include "failure.h"
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
std::vector<Holder> findHolders(const std::string&, const Cancel&) {
  return {};
}
#endif

ListHoldersReply listHolders(Session&, const ListHoldersRequest& request, const Cancel& cancel) {
  const std::unique_ptr<char, FreeText> root(::realpath(request.path.c_str(), nullptr));
  if (!root) failSystem("listHolders", request.path);
  return {findHolders(root.get(), cancel)};
}

}  // namespace coppice
