#include "kept_packs.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

#include "commit.h"
#include "failure.h"
#include "lock_file.h"
#include "random_name.h"
#include "safe_path.h"
#include "session.h"

namespace coppice {

namespace {

constexpr const char* kOperation = "flush.keep";
constexpr std::string_view kFirstWords = "coppice session ";
constexpr const char* kOwnerPrefix = "session-";
constexpr size_t kMaxKeepBytes = 4096;

bool endsWith(const std::string& text, std::string_view end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

// The name of the owner's held file, or "" when the .keep is not ours.
std::string ownerOf(const std::string& keepPath) {
  std::optional<std::string> text;
  try {
    text = readSmallFile(keepPath, kMaxKeepBytes);
  } catch (const Failure&) {
    return {};  // too long or unreadable: not one of ours
  }
  if (!text || text->rfind(kFirstWords, 0) != 0 || text->back() != '\n') return {};
  const std::string name = text->substr(kFirstWords.size(), text->size() - kFirstWords.size() - 1);
  const bool valid = name.rfind(kOwnerPrefix, 0) == 0 && name.find('/') == std::string::npos;
  return valid ? name : std::string();
}

std::vector<std::string> namesOf(const std::string& folder) {
  const OwnedFd directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory && errno == ENOENT) return {};
  if (!directory) failSystem(kOperation, folder);
  return namesIn(directory.get(), folder);
}

}  // namespace

KeptPacks::~KeptPacks() {
  for (const Kept& kept : kept_) ::unlink(kept.keepPath.c_str());
}

std::unique_lock<std::mutex> KeptPacks::turn(const Cancel& cancel) {
  // Polled, so that an abort is seen while another flush waits for the disk; a flush takes longer than a pause. Rejected:
  // std::timed_mutex, whose lock the thread sanitizer does not see.
  std::unique_lock<std::mutex> lock(flushing_, std::try_to_lock);
  for (; !lock.owns_lock(); static_cast<void>(lock.try_lock())) {
    cancel.check("flush");
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return lock;
}

std::string KeptPacks::writeTemporaryKeep(const std::string& packDirectory) {
  if (owner_.path().empty()) owner_ = HeldFile::make(locksDirectory(commonDirectory_), kOwnerPrefix);
  // git deletes files of this name when they are old, should we die before the rename.
  const std::string path = packDirectory + "/tmp_keep_" + randomName();
  writeNewFile(path, std::string(kFirstWords) + owner_.name() + "\n", 0444, true);
  return path;
}

void KeptPacks::removeDead(const std::string& commonDirectory) {
  const std::string locks = locksDirectory(commonDirectory);
  const std::string packDirectory = commonDirectory + "/objects/pack";
  for (const std::string& name : namesOf(packDirectory)) {
    if (!endsWith(name, ".keep")) continue;
    const std::string keepPath = packDirectory + "/" + name;
    const std::string owner = ownerOf(keepPath);
    if (owner.empty()) continue;
    const auto dead = HeldFile::ofDead(locks, owner);
    const bool gone = ::access((locks + "/" + owner).c_str(), F_OK) != 0 && errno == ENOENT;
    if (dead || gone) ::unlink(keepPath.c_str());
  }
  for (const std::string& name : namesOf(locks)) {
    if (name.rfind(kOwnerPrefix, 0) == 0) HeldFile::ofDead(locks, name);  // taken and removed
  }
}

void KeptPacks::add(std::string keepPath, std::unordered_set<Oid, OidHash, OidEqual> roots, bool untilClose) {
  std::lock_guard<std::mutex> lock(mutex_);
  kept_.push_back({std::move(keepPath), std::move(roots), untilClose});
}

bool KeptPacks::forget(const Oid& commitOid) {
  std::lock_guard<std::mutex> lock(mutex_);
  bool known = false;
  for (Kept& kept : kept_) known = kept.unreached.erase(commitOid) > 0 || known;
  return known;
}

void KeptPacks::reached(Handle& handle, const Oid& commitOid) {
  // Only through commits that are waiting themselves: what was reached before does not change it for anything behind it.
  std::vector<Oid> next{commitOid};
  while (!next.empty()) {
    const Oid oid = next.back();
    next.pop_back();
    if (!forget(oid)) continue;
    const Handle::Read read = handle.read(oid);
    if (read.type != GIT_OBJECT_COMMIT) continue;
    for (const Oid& parentOid : parentsOf(*read.data)) next.push_back(parentOid);
  }
  std::lock_guard<std::mutex> lock(mutex_);
  const auto done = [](const Kept& kept) { return !kept.untilClose && kept.unreached.empty(); };
  for (const Kept& kept : kept_) {
    if (done(kept)) ::unlink(kept.keepPath.c_str());
  }
  kept_.erase(std::remove_if(kept_.begin(), kept_.end(), done), kept_.end());
}

}  // namespace coppice
