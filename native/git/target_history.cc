// What has become of a branch: whether a landing came to its commit point, and which commits the branch still has.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <string_view>
#include <unordered_set>

#include "failure.h"
#include "operations.h"
#include "ref.h"
#include "target_worktree.h"

namespace coppice {
namespace {

constexpr size_t kMaxCommits = 100'000;     // how many others may have put on top
constexpr size_t kMaxLogBytes = 16u << 20;   // of a reflog, from its end: a hundred thousand moves
constexpr size_t kOidChars = 40;

enum class HistoryStep { kOn, kNotBeyond, kEnough };

struct LoggedMove {
  Oid oldOid{}, newOid{};
};

// The end of a log as it stands; empty when there is none. It may grow, or be rewritten by `git reflog expire`, while it is read.
std::string readLogEnd(const std::string& path) {
  constexpr const char* kOperation = "hasMoved";
  const OwnedFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file && (errno == ENOENT || errno == ENOTDIR)) return {};
  if (!file) failSystem(kOperation, path);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) failSystem(kOperation, path);
  if (!S_ISREG(status.st_mode)) return {};
  const auto size = static_cast<size_t>(status.st_size);
  const size_t from = size > kMaxLogBytes ? size - kMaxLogBytes : 0;
  std::string bytes(size - from, '\0');
  size_t read = 0;
  while (read < bytes.size()) {
    const ssize_t got = ::pread(file.get(), bytes.data() + read, bytes.size() - read, static_cast<off_t>(from + read));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) failSystem(kOperation, path);
    if (got == 0) break;
    read += static_cast<size_t>(got);
  }
  bytes.resize(read);
  return bytes;
}

// In the order of the log. A line that is none (cut off, or somebody's edit) is left out.
std::vector<LoggedMove> movesIn(std::string_view log) {
  std::vector<LoggedMove> moves;
  while (!log.empty()) {
    const size_t end = std::min(log.find('\n'), log.size());
    const std::string_view line = log.substr(0, end);
    log.remove_prefix(std::min(end + 1, log.size()));
    LoggedMove move;
    if (line.size() <= 2 * kOidChars + 1 || line[kOidChars] != ' ' || line[2 * kOidChars + 1] != ' ') continue;
    if (parseOid(line.substr(0, kOidChars), move.oldOid) && parseOid(line.substr(kOidChars + 1, kOidChars), move.newOid))
      moves.push_back(move);
  }
  return moves;
}

// The log is written before the ref moves, so whoever dies in between leaves a line that never came to be. The next line tells: it
// begins where the ref really was.
bool isLogged(const std::vector<LoggedMove>& moves, const Oid& oldOid, const Oid& newOid, const std::optional<Oid>& nowOid) {
  for (size_t i = 0; i < moves.size(); i++) {
    if (!(moves[i].oldOid == oldOid) || !(moves[i].newOid == newOid)) continue;
    const bool last = i + 1 == moves.size();
    if (last ? nowOid && *nowOid == newOid : moves[i + 1].oldOid == newOid) return true;
  }
  return false;
}

std::vector<Oid> parentsOf(Handle& handle, const Oid& oid, const char* operation) {
  OwnedCommit commit;
  const int result = git_commit_lookup(out(commit), handle.repository(), &oid);
  if (result == GIT_ENOTFOUND) return {};  // the end of a shallow clone
  check(result, operation, toHex(oid));
  std::vector<Oid> parents;
  for (unsigned i = 0; i < git_commit_parentcount(commit.get()); i++) parents.push_back(*git_commit_parent_id(commit.get(), i));
  return parents;
}

// Walks from `tip`, the near commits first; `visit` says how it goes on. False: the bound came first.
template <class Visit>
bool walkHistory(Session& session, const Oid& tip, const char* operation, const Cancel& cancel, Visit visit) {
  const HandleLease handle = session.handle();
  std::unordered_set<Oid, OidHash, OidEqual> seen{tip};
  std::deque<Oid> next{tip};
  for (size_t count = 0; !next.empty(); count++) {
    cancel.check(operation);
    if (count == kMaxCommits) return false;
    const Oid oid = next.front();
    next.pop_front();
    const HistoryStep step = visit(oid);
    if (step == HistoryStep::kEnough) return true;
    if (step == HistoryStep::kNotBeyond) continue;
    for (const Oid& parent : parentsOf(*handle, oid, operation)) {
      if (seen.insert(parent).second) next.push_back(parent);
    }
  }
  return true;
}

std::optional<RefPlace> placeOf(Session& session, const HasMovedRequest& request, const Cancel& cancel) {
  const std::string& common = session.commonDirectory();
  if (request.targetRef != "HEAD") return RefPlace{common, common};
  if (!request.worktree) return std::nullopt;
  try {
    return RefPlace{common, worktreeAt(session, *request.worktree, cancel).gitDirectory};
  } catch (const Failure& failure) {
    if (failure.code != failure_code::kNotFound) throw;
    return std::nullopt;  // the user has taken it away
  }
}

}  // namespace

// The reflog first: an amended commit, a rebase or a reset takes a landing out of the history, and not out of the log.
HasMovedReply hasMoved(Session& session, const HasMovedRequest& request, const Cancel& cancel) {
  constexpr const char* kOperation = "hasMoved";
  const auto place = placeOf(session, request, cancel);
  if (!place) return {false};
  const std::string refName = request.targetRef == "HEAD" ? request.targetRef : resolveSymbolicRef(session, request.targetRef);
  const auto nowOid = readRef(*place, refName).oid;
  if (!nowOid) return {false};
  if (*nowOid == request.newOid) return {true};
  if (isLogged(movesIn(readLogEnd(place->logPathOf(refName))), request.oldOid, request.newOid, nowOid)) return {true};
  bool found = false;
  walkHistory(session, *nowOid, kOperation, cancel, [&](const Oid& oid) {
    found = oid == request.newOid;
    return found ? HistoryStep::kEnough : oid == request.oldOid ? HistoryStep::kNotBeyond : HistoryStep::kOn;
  });
  return {found};
}

FindInHistoryReply findInHistory(Session& session, const FindInHistoryRequest& request, const Cancel& cancel) {
  std::unordered_set<Oid, OidHash, OidEqual> missing(request.oids.begin(), request.oids.end());
  const auto visit = [&](const Oid& oid) {
    missing.erase(oid);
    return missing.empty() ? HistoryStep::kEnough : HistoryStep::kOn;
  };
  // Of what lies beyond the bound nobody knows.
  if (!walkHistory(session, request.tipOid, "findInHistory", cancel, visit)) return {};
  return {{missing.begin(), missing.end()}};
}

}  // namespace coppice
