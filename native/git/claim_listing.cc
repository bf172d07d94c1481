// Which claims have a file, and which of those nobody holds; and what goes of the notes of the dead.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "admin_directory.h"
#include "claim.h"
#include "failure.h"
#include "operations.h"
#include "safe_path.h"

namespace coppice {
namespace {

constexpr const char* kOperation = "listClaims";
constexpr size_t kMaxDepth = 8;
constexpr size_t kMaxClaims = 1'000'000;

// Shared, so that two who look at once do not take each other for the holder.
bool isHeld(const OwnedFd& fd) { return ::flock(fd.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK; }

// `prefix` ends with a slash, or is empty.
void listBelow(const OwnedFd& folder, const std::string& path, const std::string& prefix, size_t depth, const Cancel& cancel,
               std::vector<ClaimDescription>& claims) {
  cancel.check(kOperation);
  if (depth > kMaxDepth) return;  // none of ours is
  for (const std::string& name : namesIn(folder.get(), path)) {
    OwnedFd fd(::openat(folder.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct stat status;
    // Gone meanwhile, or nothing that we make there.
    if (!fd || ::fstat(fd.get(), &status) != 0) continue;
    if (S_ISDIR(status.st_mode)) {
      listBelow(fd, path + "/" + name, prefix + name + "/", depth + 1, cancel, claims);
    } else if (S_ISREG(status.st_mode)) {
      if (claims.size() >= kMaxClaims) fail(failure_code::kLimit, kOperation, "more than a million claims", path);
      claims.push_back({prefix + name, isHeld(fd)});
    }
  }
}

}  // namespace

ListClaimsReply listClaims(Session& session, const ListClaimsRequest&, const Cancel& cancel) {
  const std::string path = claimsDirectory(session.commonDirectory());
  ListClaimsReply reply;
  const OwnedFd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder && errno == ENOENT) return reply;
  if (!folder) failSystem(kOperation, path);
  listBelow(folder, path, "", 0, cancel, reply.claims);
  std::sort(reply.claims.begin(), reply.claims.end(),
            [](const ClaimDescription& a, const ClaimDescription& b) { return a.name < b.name; });
  return reply;
}

PathsReply sweepNotes(Session& session, const SweepNotesRequest& request, const Cancel& cancel) {
  PathsReply reply;
  for (const ClaimDescription& claim : listClaims(session, {}, cancel).claims) {
    cancel.check("sweepNotes");
    if (claim.held) continue;
    if (request.dryRun || removeFreeClaim(claimsDirectory(session.commonDirectory()) + "/" + claim.name))
      reply.paths.push_back("claims/" + claim.name);
  }
  for (std::string& name : sweepHalfMade(session, request.dryRun, cancel)) reply.paths.push_back("worktrees/" + name);
  return reply;
}

}  // namespace coppice
