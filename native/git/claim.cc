// The life of a claim file. It may be deleted only by somebody who holds its lock through a descriptor of their own, because:
// - the one who releases cannot know whether a child still holds the lock through an inherited descriptor; deleting the file
//   then would let a second process claim a new file of the same name. So releasing means closing, and a fresh open that gets
//   the lock afterwards proves that nobody is left;
// - whoever opened the file before it was deleted gets a lock on a file without a name. So everybody who got the lock looks
//   whether the name still leads to the file that was locked, and starts again if not.
#include "claim.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>
#include <vector>

#include "failpoint.h"
#include "failure.h"
#include "operations.h"
#include "safe_path.h"

namespace coppice {

namespace {

constexpr const char* kOperation = "claim";
constexpr int kMaxAttempts = 100;  // each is lost only to somebody who released at that moment
// Any child holds copies of all descriptors between its fork and its exec: a lock that was just released may look held for that
// long.
constexpr int kMaxHeldAttempts = 5;
constexpr std::chrono::milliseconds kHeldPause{2};
constexpr size_t kMaxOwnerBytes = 4096;
constexpr size_t kMaxNameBytes = 512;

enum class Lock { kTaken, kHeld, kStale };

bool isNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

void checkName(const std::string& name) {
  bool valid = !name.empty() && name.size() <= kMaxNameBytes && name.back() != '/';
  for (size_t i = 0; valid && i < name.size(); i++) {
    const bool first = i == 0 || name[i - 1] == '/';
    valid = name[i] == '/' ? !first : isNameCharacter(name[i]) && !(first && name[i] == '.');
  }
  if (!valid) fail(failure_code::kInvalid, kOperation, "not a name for a claim", name);
}

// Somebody who releases a claim removes empty directories, so a missing one is made again at each attempt.
void makeParents(const std::string& root, const std::string& path) {
  for (size_t slash = path.find('/', root.size() + 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const std::string folder = path.substr(0, slash);
    if (::mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST && errno != ENOENT) failSystem(kOperation, folder);
  }
}

[[noreturn]] void failLocking(const std::string& path) {
  if (errno == ENOLCK || errno == ENOSYS || errno == EOPNOTSUPP || errno == EINVAL) {
    fail(failure_code::kUnsupportedRepository, kOperation,
         "the filesystem of the repository has no working file locks (flock); runs cannot be kept apart there", path);
  }
  failSystem(kOperation, path);
}

Lock tryLock(int fd, const std::string& path) {
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return Lock::kHeld;
    if (errno != EINTR) failLocking(path);
  }
  struct stat locked, named;
  if (::fstat(fd, &locked) != 0) failSystem(kOperation, path);
  if (::lstat(path.c_str(), &named) != 0) {
    if (errno != ENOENT && errno != ENOTDIR) failSystem(kOperation, path);
    return Lock::kStale;
  }
  return locked.st_ino == named.st_ino && locked.st_dev == named.st_dev ? Lock::kTaken : Lock::kStale;
}

OwnedFd openClaim(const std::string& path, int flags) {
  return OwnedFd(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | flags, 0666));
}

// Some network filesystems say yes to everybody. Seen while the lock is held: a second open must not get it.
void refuseLocksThatDoNotLock(const std::string& path) {
  const OwnedFd second = openClaim(path, 0);
  if (!second) failSystem(kOperation, path);
  if (::flock(second.get(), LOCK_EX | LOCK_NB) == 0) {
    errno = ENOLCK;
    failLocking(path);
  }
}

void writeOwner(int fd, const std::string& owner, const std::string& path) {
  if (::ftruncate(fd, 0) != 0) failSystem(kOperation, path);
  writeAll(fd, owner.data(), std::min(owner.size(), kMaxOwnerBytes), path);
}

// For a message; the holder may be writing it just now.
std::optional<std::string> readOwner(int fd) {
  std::string owner(kMaxOwnerBytes, '\0');
  const ssize_t got = ::pread(fd, owner.data(), owner.size(), 0);
  if (got <= 0) return std::nullopt;
  owner.resize(static_cast<size_t>(got));
  return owner;
}

}  // namespace

std::string claimsDirectory(const std::string& commonDirectory) { return commonDirectory + "/coppice/claims"; }

bool removeFreeClaim(const std::string& path) {
  const OwnedFd fd = openClaim(path, 0);
  if (!fd || tryLock(fd.get(), path) != Lock::kTaken || ::unlink(path.c_str()) != 0) return false;
  const size_t root = path.rfind("/coppice/claims/") + std::string_view("/coppice/claims").size();
  for (size_t slash = path.rfind('/'); slash > root; slash = path.rfind('/', slash - 1)) {
    if (::rmdir(path.substr(0, slash).c_str()) != 0) break;
  }
  return true;
}

uint32_t Claims::keep(Held held) {
  std::lock_guard<std::mutex> lock(mutex_);
  const uint32_t claimId = nextId_++;
  held_.emplace(claimId, std::move(held));
  return claimId;
}

void Claims::release(uint32_t claimId) noexcept {
  try {
    Held held;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      const auto found = held_.find(claimId);
      if (found == held_.end()) return;
      held = std::move(found->second);
      held_.erase(found);
    }
    held.fd.reset();
    failpoint("claim.released");
    // As when a claim is taken: a child may hold copies of all descriptors for a moment.
    for (int attempt = 1; !removeFreeClaim(held.path) && attempt < kMaxHeldAttempts; attempt++) {
      if (::access(held.path.c_str(), F_OK) != 0) return;
      std::this_thread::sleep_for(kHeldPause);
    }
  } catch (...) {
    // The lock is gone with the descriptor; a file that stays behind is claimed again by the next one who wants it.
  }
}

Claims::~Claims() {
  std::vector<uint32_t> claimIds;
  for (const auto& [claimId, held] : held_) claimIds.push_back(claimId);
  for (const uint32_t claimId : claimIds) release(claimId);
}

ClaimReply claim(Session& session, const ClaimRequest& request, const Cancel& cancel) {
  checkName(request.name);
  const std::string& root = session.commonDirectory();
  const std::string path = claimsDirectory(root) + "/" + request.name;
  int heldAttempts = 0;
  for (int attempt = 0; attempt < kMaxAttempts; attempt++) {
    cancel.check(kOperation);
    makeParents(root, path);
    OwnedFd fd = openClaim(path, O_CREAT);
    if (!fd && errno == ENOENT) continue;  // a directory was removed under our hands
    if (!fd) failSystem(kOperation, path);
    failpoint("claim.opened");
    const Lock lock = tryLock(fd.get(), path);
    if (lock == Lock::kStale) continue;
    if (lock == Lock::kHeld && ++heldAttempts < kMaxHeldAttempts) {
      std::this_thread::sleep_for(kHeldPause);
      continue;
    }
    ClaimReply reply;
    if (lock == Lock::kHeld) {
      reply.owner = readOwner(fd.get());
      return reply;
    }
    refuseLocksThatDoNotLock(path);
    writeOwner(fd.get(), request.owner, path);
    failpoint("claim.taken");
    reply.claimed = true;
    reply.descriptor = fd.get();
    reply.claimId = session.claims().keep({std::move(fd), path});
    return reply;
  }
  fail(failure_code::kLocked, kOperation, "the claim changed hands too often while it was taken", path);
}

Done releaseClaim(Session& session, const ReleaseClaimRequest& request, const Cancel&) {
  session.claims().release(request.claimId);
  return {};
}

}  // namespace coppice
