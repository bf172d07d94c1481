// Making, listing, locking and removing linked worktrees.
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "admin_directory.h"
#include "checkout.h"
#include "failpoint.h"
#include "failure.h"
#include "mount.h"
#include "new_file.h"
#include "random_name.h"
#include "settings_cache.h"
#include "start_tracking.h"
#include "operations.h"
#include "tracker.h"
#include "trash.h"

namespace coppice {
namespace {

constexpr const char* kAdd = "addWorktree";
constexpr const char* kRemove = "removeWorktree";

bool isThere(const std::string& path) {
  struct stat status;
  return ::lstat(path.c_str(), &status) == 0;
}

std::string parentOf(const std::string& path) {
  return path.substr(0, std::max<size_t>(path.rfind('/'), 1));
}
std::string baseOf(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

void requireAbsolute(const char* operation, const std::string& path) {
  bool plain = path.size() > 1 && path[0] == '/' && path.back() != '/';
  for (const char* part : {"//", "/./", "/../"})
    plain = plain && path.find(part) == std::string::npos;
  const std::string base = baseOf(path);
  if (!plain || base == "." || base == ".." || base == ".git" || path.find('\n') != std::string::npos ||
      path.find('\0') != std::string::npos)
    fail(failure_code::kInvalid, operation, "not an absolute, plain path of a folder", path);
}

// Takes back what an addWorktree that does not succeed has made, and nothing else.
class Undo {
 public:
  Undo(Session& session, const std::string& name) : session_(session), name_(name) {}
  ~Undo() {
    if (kept_) return;
    try {
      const Cancel never;  // the caller's may be set already
      session_.trackers().drop(name_);
      if (!folder_.empty()) removeTree(RootDirectory(parentOf(folder_)).get(), baseOf(folder_));
      if (admin_) dropAdminDirectory(session_, name_, never);
      for (auto parent = parents_.rbegin(); parent != parents_.rend(); ++parent)
        ::rmdir(parent->c_str());
    } catch (const Failure&) {
      // The admin directory goes last: as long as the folder is there, recovery finds it through that.
    }
  }
  Undo(const Undo&) = delete;
  Undo& operator=(const Undo&) = delete;

  void madeParent(std::string path) { parents_.push_back(std::move(path)); }
  void madeAdmin() { admin_ = true; }
  void madeFolder(std::string path) { folder_ = std::move(path); }
  void keep() { kept_ = true; }

 private:
  Session& session_;
  const std::string& name_;
  std::vector<std::string> parents_;
  std::string folder_;
  bool admin_ = false;
  bool kept_ = false;
};

void makeParents(const std::string& path, Undo& undo) {
  for (size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const std::string parent = path.substr(0, slash);
    if (::mkdir(parent.c_str(), 0777) == 0) {
      undo.madeParent(parent);
    } else if (errno != EEXIST && errno != EISDIR && !isThere(parent)) {
      failSystem(kAdd, parent);
    }
  }
}

// git stores and prints real paths; what a link leads to today must not be another folder tomorrow.
std::string realPathOf(const std::string& path) {
  char* parent = ::realpath(parentOf(path).c_str(), nullptr);
  if (parent == nullptr) failSystem(kAdd, path);
  const std::string real(parent);
  std::free(parent);
  return (real == "/" ? "" : real) + "/" + baseOf(path);
}

// Whether another repository has the folder as a worktree: it leads there, and there it is led back to. A ".git" that a task has
// made leads somewhere at most.
bool belongsElsewhere(const std::string& path, const std::string& admin) {
  const std::optional<std::string> target = gitFileTarget(path);
  if (!target || isSameFile(*target, admin)) return false;
  const std::optional<std::string> back = worktreePathOf(*target);
  return back && isSameFile(*back, path);
}

IndexFile indexOf(const std::vector<TreeFile>& files, const std::vector<FileStat>& stats) {
  IndexFile index;
  index.entries.resize(files.size());
  for (size_t i = 0; i < files.size(); i++) {
    index.entries[i].path = files[i].path;
    index.entries[i].mode = files[i].mode;
    index.entries[i].oid = files[i].oid;
    index.entries[i].stat = stats[i];
  }
  return index;
}

}  // namespace

AddWorktreeReply addWorktree(Session& session, const AddWorktreeRequest& request, const Cancel& cancel) {
  requireAbsolute(kAdd, request.path);
  const std::string admin = adminDirectoryPath(session, request.name);
  if (isThere(request.path)) fail(failure_code::kExists, kAdd, "something is there already", request.path);
  if (isThere(admin)) fail(failure_code::kExists, kAdd, "a worktree of this name exists already", admin);
  HandleLease handle = session.handle();
  handle->read(request.baseOid, GIT_OBJECT_COMMIT);
  const Oid treeOid = treeOfTreeish(*handle, request.baseOid);
  const std::vector<TreeFile> files = listTree(*handle, treeOid, cancel);
  requireSafeTree(files, cancel);
  const Attributes attributes = Attributes::ofTree(session, session.commonDirectory(), files);
  const WorktreeSettings settings = fileSettings(session, session.commonDirectory())->worktree;
  const std::unique_ptr<CopySource> source = request.copyFrom ? CopySource::open(*request.copyFrom) : nullptr;

  Undo undo(session, request.name);
  makeParents(request.path, undo);
  const std::string path = realPathOf(request.path);
  std::unique_ptr<DiskRoom::Promise> room;
  if (request.reserveBytes > 0) {
    const RoomNeeded needed = roomFor(*handle, files, source.get(), cancel);
    room = session.diskRoom().take(parentOf(path), needed, request.reserveBytes);
  }
  // The admin directory first: were we to die here, a folder without it would be nobody's.
  createAdminDirectory(session, request.name, path, request.baseOid, request.lockReason, cancel);
  failpoint("worktree.registered");
  undo.madeAdmin();
  if (::mkdir(path.c_str(), 0777) != 0) {
    if (errno == EEXIST) fail(failure_code::kExists, kAdd, "something is there already", path);
    failSystem(kAdd, path);
  }
  failpoint("worktree.folder-made");
  undo.madeFolder(path);
  const RootDirectory root(path);
  writeNewFile(root, ".git", gitFileContent(admin), 0666);
  failpoint("worktree.linked");
  CheckoutResult result = checkOut(session, {root, files, attributes, settings, source.get()}, cancel);
  failpoint("worktree.checked-out");
  IndexFile index = indexOf(files, result.stats);
  index.treeExtension = treeExtensionFor(*handle, treeOid, cancel);
  replaceFile(admin + "/index", serializeIndex(index), Deadline(session.lockTimeoutMs()), cancel);
  failpoint("worktree.index-written");
  AddWorktreeReply reply;
  if (request.track)
    reply.untracked = startTracking(session, {request.name, path, admin, treeOid, std::move(index)}, cancel);
  undo.keep();

  reply.files = static_cast<uint32_t>(files.size());
  reply.copied = result.copied;
  reply.bytes = result.bytes;
  return reply;
}

ListWorktreesReply listWorktrees(Session& session, const ListWorktreesRequest&, const Cancel& cancel) {
  ListWorktreesReply reply;
  reply.worktrees = listWorktreeDescriptions(session, cancel);
  return reply;
}

Done lockWorktree(Session& session, const LockWorktreeRequest& request, const Cancel& cancel) {
  constexpr const char* kLock = "lockWorktree";
  cancel.check(kLock);
  const std::string admin = adminDirectoryPath(session, request.name);
  if (!isThere(admin + "/gitdir"))
    fail(failure_code::kNotFound, kLock, "there is no worktree of this name", request.name);
  const std::string path = admin + "/locked";
  if (request.lockReason) {
    // Not by a lock beside it: git takes none on this file, and one that a death of ours left would stay for ever.
    const std::string fresh = path + "." + randomName();
    writeNewFile(fresh, *request.lockReason + "\n", 0666, false);
    if (::rename(fresh.c_str(), path.c_str()) != 0) {
      const int number = errno;
      ::unlink(fresh.c_str());
      errno = number;
      failSystem(kLock, path);
    }
    failpoint("worktree.reason-written");
  } else if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    failSystem(kLock, path);
  }
  return {};
}

Done removeWorktree(Session& session, const RemoveWorktreeRequest& request, const Cancel& cancel) {
  cancel.check(kRemove);
  requireAbsolute(kRemove, request.path);
  requireAbsolute(kRemove, request.trashPath);
  const std::string admin = adminDirectoryPath(session, request.name);
  const bool folder = isThere(request.path);
  const std::optional<std::string> owned = worktreePathOf(admin);
  if (!owned && folder) {
    // The admin directory is gone already, ours or by the user's hand: then nothing says that this folder is the
    // worktree.
    fail(failure_code::kNotFound, kRemove, "there is no worktree of this name, so the folder stays", request.path);
  }
  if (owned && folder && *owned != request.path && !isSameFile(*owned, request.path))
    fail(failure_code::kInvalid, kRemove, "the worktree of this name lies at " + *owned, request.path);
  if (owned && !folder && *owned != request.path && isThere(*owned))
    fail(failure_code::kInvalid, kRemove, "the worktree of this name lies at " + *owned, request.path);
  // A copy of a repository names the worktrees of the one that it was copied from: those stay.
  const bool goes = folder && !belongsElsewhere(request.path, admin);
  if (goes) requireNoMountBeneath(kRemove, request.path);
  session.trackers().drop(request.name);
  if (goes) moveToTrash(request.path, request.name, request.trashPath);
  failpoint("worktree.trashed");
  if (owned) dropAdminDirectory(session, request.name, cancel);
  return {};
}

Done endTracking(Session& session, const EndTrackingRequest& request, const Cancel&) {
  session.trackers().drop(request.name);
  return {};
}

Done sweepTrash(Session&, const SweepTrashRequest& request, const Cancel& cancel) {
  requireAbsolute("sweepTrash", request.trashPath);
  emptyTrash(request.trashPath, cancel);
  return {};
}

}  // namespace coppice
