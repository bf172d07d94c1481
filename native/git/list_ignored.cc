// The ignored files of a checked-out worktree, for provisioning others from it.
#include "failure.h"
#include "operations.h"
#include "owned.h"
#include "scan.h"

namespace coppice {

PathsReply listIgnored(Session& session, const ListIgnoredRequest& request, const Cancel& cancel) {
  constexpr const char* kOperation = "listIgnored";
  OwnedRepository repository;
  check(git_repository_open_ext(out(repository), request.path.c_str(), GIT_REPOSITORY_OPEN_NO_SEARCH, nullptr),
        kOperation, request.path);
  const auto index = IndexFile::read(std::string(git_repository_path(repository.get())) + "index");
  const IndexFile none;
  ScanRequest scanRequest;
  scanRequest.root = request.path;
  scanRequest.gitDirectory = git_repository_path(repository.get());
  scanRequest.index = index ? &*index : &none;
  scanRequest.listIgnored = true;
  PathsReply reply;
  for (auto& untracked : scan(session, scanRequest, cancel).untracked) {
    if (!untracked.ignored) continue;
    if (request.maxEntries > 0 && reply.paths.size() >= request.maxEntries) break;
    reply.paths.push_back(std::move(untracked.path));
  }
  return reply;
}

}  // namespace coppice
